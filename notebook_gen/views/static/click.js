// A click on a bar that no second one follows: a double-click is not about the bar. It stands before timeline.js in one module.
//
// `read` is told which bar it was, at once, as the next moment's bars may be others; it gives what to do, or nothing.

const SECOND_CLICK = 300; // ms, plotly's

function onClick(plot, read) {
  let timer = null, doubled = -Infinity;
  plot.on("plotly_click", ({ points }) => {
    clearTimeout(timer);
    const act = read(points[0].customdata);
    // plotly tells of the second click, too
    if (act && performance.now() - doubled > SECOND_CLICK) timer = setTimeout(act, SECOND_CLICK);
  });
  plot.on("plotly_doubleclick", () => {
    clearTimeout(timer);
    doubled = performance.now();
  });
}
