// Shift and drag moves a plot; plotly's own way of it would cut off what lies before the first moment. It stands before
// timeline.js in one module.
//
// `at` gives what is seen as a drag begins; `move` is told how far it went, in widths of the plot's inside, and that.

function onMove(plot, at, move) {
  let begun = null;
  const drag = (event) => move((event.clientX - begun.x) / begun.width, begun.seen);
  const end = () => {
    removeEventListener("pointermove", drag);
    removeEventListener("pointerup", end);
    removeEventListener("pointercancel", end);
  };
  plot.addEventListener("mousedown", (event) => event.shiftKey && event.stopPropagation(), { capture: true });
  plot.addEventListener("pointerdown", (event) => {
    const inside = plot.querySelector(".nsewdrag"), seen = at();
    if (!event.shiftKey || event.button !== 0 || !seen || !inside?.contains(event.target)) return;
    begun = { x: event.clientX, width: inside.getBoundingClientRect().width, seen: [...seen] };
    end();
    addEventListener("pointermove", drag);
    addEventListener("pointerup", end);
    addEventListener("pointercancel", end);
  });
}
