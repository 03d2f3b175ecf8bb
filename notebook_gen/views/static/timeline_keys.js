// The keys and the wheel of a timeline: + and − zoom, so does the wheel with Ctrl (a pinch); arrow keys move, 0 or Home shows
// the whole run. It stands before timeline.js in one module.
//
// `sight` gives what is seen, or nothing yet: { range, left, width }; `on` has look(from, to), move(by, from, to) and all().

const KEYS = "Plus and minus zoom, arrow keys move, 0 shows the whole run";
const ZOOM_STEP = 1.5;
const MOVE_STEP = 0.2; // of what is seen

function zoomAt({ range: [from, to] }, place, factor, on) {
  const fixed = from + place * (to - from);
  on.look(fixed - (fixed - from) * factor, fixed + (to - fixed) * factor);
}

function pressKey({ key }, seen, on) {
  const [from, to] = seen.range;
  if (key === "+" || key === "=") zoomAt(seen, 0.5, 1 / ZOOM_STEP, on);
  else if (key === "-") zoomAt(seen, 0.5, ZOOM_STEP, on);
  else if (key === "ArrowLeft") on.move(MOVE_STEP * (to - from), from, to);
  else if (key === "ArrowRight") on.move(-MOVE_STEP * (to - from), from, to);
  else if (key === "0" || key === "Home") on.all();
  else return false;
  return true;
}

function onKeys(stage, sight, on) {
  stage.tabIndex = 0;
  stage.dataset.lmSuppressShortcuts = "true"; // or JupyterLab would take the keys for its own
  stage.setAttribute("role", "application");
  stage.setAttribute("aria-label", `Timeline. ${KEYS}.`);
  stage.addEventListener("keydown", (event) => {
    const isOther = event.target !== stage || event.ctrlKey || event.metaKey || event.altKey, seen = sight();
    if (!isOther && seen && pressKey(event, seen, on)) event.preventDefault();
  });
  stage.addEventListener("wheel", (event) => {
    const seen = sight();
    if (!(event.ctrlKey || event.metaKey) || !seen) return;
    event.preventDefault();
    zoomAt(seen, (event.clientX - stage.getBoundingClientRect().left - seen.left) / seen.width, Math.exp(event.deltaY / 400), on);
  }, { passive: false });
}
