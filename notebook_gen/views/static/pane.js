// A pane of HTML. Python made it and escaped it; nothing here evaluates anything, or builds HTML of its own.
//
// html:    the whole pane, set once or seldom
// parts:   name → HTML of the element with that `data-part`
// numbers: what changes about a DAG (`nodes`) and the run's bar (`segments`)

function isBeingRead(el) {
  const selection = document.getSelection();
  return Boolean(selection) && !selection.isCollapsed && el.contains(selection.anchorNode);
}

function put(el, html) {
  // what somebody marks to copy it must not be taken away; the next change comes soon
  if (el.ngHtml === html || isBeingRead(el)) return;
  const places = () => [el, ...el.querySelectorAll(".ng-scroll")];
  const kept = places().map((place) => [place.scrollLeft, place.scrollTop]);
  el.innerHTML = html;
  el.ngHtml = html;
  places().forEach((place, at) => {
    if (kept[at]) [place.scrollLeft, place.scrollTop] = kept[at];
  });
}

function putNode(el, { sub, failed, fraction }, index) {
  const node = el.querySelector(`[data-node="${index}"]`);
  if (!node) return;
  const text = node.querySelector(".ng-node-sub");
  if (text) put(text, `${sub}<tspan class="ng-node-failed">${failed}</tspan>`);
  const bar = node.querySelector(".ng-node-bar");
  if (bar) bar.style.transform = `scaleX(${fraction})`;
}

function render({ model, el }) {
  el.classList.add("ng-pane");
  const drawParts = () => {
    for (const [name, html] of Object.entries(model.get("parts"))) {
      const part = el.querySelector(`[data-part="${name}"]`);
      if (part) put(part, html);
    }
  };
  const drawNumbers = () => {
    const { nodes = [], segments = [] } = model.get("numbers");
    nodes.forEach((numbers, index) => putNode(el, numbers, index));
    for (const { node, share } of segments) {
      const segment = el.querySelector(`[data-segment="${node}"]`);
      if (segment) segment.style.width = `${share * 100}%`;
    }
  };
  const draw = () => {
    put(el, model.get("html"));
    drawParts();
    drawNumbers();
  };
  model.on("change:html", draw);
  model.on("change:parts", drawParts);
  model.on("change:numbers", drawNumbers);
  draw();
}

export default { render };
