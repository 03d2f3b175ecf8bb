// A click on a bar that no second one follows: a double-click is not about the bar. It stands before timeline.js in one module.
//
// `read` is told which bar it was, at once, as the next moment's bars may be others; it gives what to do, or nothing.
// `pointed` gives the bar whose card is shown, or -1. A plot that has just been drawn anew does not tell of a quick click:
// plotly has lost what is pointed at, and finds it only later.

const SECOND_CLICK = 300; // ms, plotly's
const STILL = 4; // pixels that a click may move

function onClick(plot, read, pointed) {
  let timer = null, doubled = -Infinity, pressed = null;
  const act = (action) => {
    pressed = null;
    clearTimeout(timer);
    // plotly tells of the second click, too
    if (action && performance.now() - doubled > SECOND_CLICK) timer = setTimeout(action, SECOND_CLICK);
  };
  plot.on("plotly_click", ({ points }) => act(read(points[0].customdata)));
  plot.on("plotly_doubleclick", () => {
    clearTimeout(timer);
    pressed = null;
    doubled = performance.now();
  });
  plot.addEventListener("pointerdown", ({ button, shiftKey, clientX, clientY }) => {
    const bar = pointed();
    pressed = button === 0 && !shiftKey && bar >= 0 ? { action: read(bar) } : null;
    const it = pressed;
    addEventListener("pointerup", (event) => {
      const isStill = Math.hypot(event.clientX - clientX, event.clientY - clientY) <= STILL;
      // plotly has its turn first
      if (it && isStill) setTimeout(() => pressed === it && act(it.action));
    }, { once: true, capture: true });
  }, { capture: true });
}
