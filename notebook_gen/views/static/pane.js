// A pane of HTML. Python made it and escaped it; nothing here evaluates anything, or builds HTML of its own.
//
// html:    the whole pane, set once or seldom
// parts:   name → HTML of the element with that `data-part`
// numbers: what changes about a DAG (`nodes`: text, not HTML) and the run's bar (`segments`)

function isBeingRead(el) {
  const selection = document.getSelection();
  return Boolean(selection) && !selection.isCollapsed && el.contains(selection.anchorNode);
}

// Gives whether the element has its HTML now
function put(el, html) {
  if (el.ngHtml === html) return true;
  // what somebody marks to copy it must not be taken away
  if (isBeingRead(el)) return false;
  const places = () => [el, ...el.querySelectorAll(".ng-scroll")];
  const kept = places().map((place) => [place.scrollLeft, place.scrollTop]);
  el.innerHTML = html;
  el.ngHtml = html;
  places().forEach((place, at) => {
    if (kept[at]) [place.scrollLeft, place.scrollTop] = kept[at];
  });
  return true;
}

function putNode(el, { sub, failed, fraction }, index) {
  const node = el.querySelector(`[data-node="${index}"]`);
  if (!node) return;
  [sub, failed].forEach((words, at) => {
    const part = node.querySelector(".ng-node-sub").children[at];
    if (part.textContent !== words) part.textContent = words;
  });
  const bar = node.querySelector(".ng-node-bar");
  if (bar) bar.style.transform = `scaleX(${fraction})`;
}

function render({ model, el }) {
  el.classList.add("ng-pane");
  let isWhole = true;
  const drawNumbers = () => {
    const { nodes = [], segments = [] } = model.get("numbers");
    nodes.forEach((numbers, index) => putNode(el, numbers, index));
    for (const { node, share } of segments) {
      const segment = el.querySelector(`[data-segment="${node}"]`);
      if (segment) segment.style.width = `${share * 100}%`;
    }
  };
  const draw = () => {
    isWhole = put(el, model.get("html"));
    for (const [name, html] of Object.entries(model.get("parts"))) {
      const part = el.querySelector(`[data-part="${name}"]`);
      if (part && !put(part, html)) isWhole = false;
    }
    drawNumbers();
  };
  const makeUp = () => isWhole || draw();
  for (const name of ["html", "parts"]) model.on(`change:${name}`, draw);
  model.on("change:numbers", drawNumbers);
  document.addEventListener("selectionchange", makeUp);
  draw();
  return () => document.removeEventListener("selectionchange", makeUp);
}

export default { render };
