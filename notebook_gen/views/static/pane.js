// A pane of HTML. Python made it and escaped it; nothing here evaluates anything, or builds HTML of its own.
//
// html:    the whole pane, set once or seldom
// parts:   name → HTML of the element with that `data-part`
// numbers: what changes about a DAG (`nodes`: text, not HTML) and the run's bar (`segments`, `lost`)
//
// The page says { record } when somebody chooses what has a `data-row`; what is picked in a DAG, it keeps to itself. This
// file stands behind put.js and pick.js in one module.

function putNode(el, { sub, skipped, failed, told, fraction }, index) {
  const node = el.querySelector(`[data-node="${index}"]`);
  if (!node) return;
  for (const [name, words] of Object.entries({ done: sub, skipped, failed })) {
    const part = node.querySelector(`.ng-node-${name}`);
    if (part.textContent !== words) part.textContent = words;
  }
  if (told) tellNode(node, told);
  const bar = node.querySelector(".ng-node-bar");
  if (bar) bar.style.transform = `scaleX(${fraction})`;
}

// What is further down than what is seen of a DAG

function sayMore(el) {
  const note = el.querySelector(".ng-more");
  if (!note) return;
  const end = note.parentNode.getBoundingClientRect().bottom - note.offsetHeight;
  const dots = [...note.parentNode.querySelectorAll(".ng-node:has(.ng-node-dot) .ng-node-border")];
  const below = dots.filter((node) => node.getBoundingClientRect().bottom > end + 1).length;
  note.textContent = below ? `… ${below} more column${below === 1 ? "" : "s"} below` : "";
}

function render({ model, el }) {
  el.classList.add("ng-pane");
  let isWhole = true, stopHearing = null;
  const drawNumbers = () => {
    const { nodes = [], segments = [], lost = 0 } = model.get("numbers");
    nodes.forEach((numbers, index) => putNode(el, numbers, index));
    for (const { node, share } of [...segments, { node: "lost", share: lost }]) {
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
    if (el.querySelector("svg.ng-dag")) {
      offerNodes(el);
      stopHearing ??= hearNodes(el);
    }
    drawNumbers();
  };
  const makeUp = () => isWhole || draw();
  const choose = (event) => {
    const row = chosenRow(el, event);
    if (row !== null) model.send({ record: row });
  };
  for (const name of ["html", "parts"]) model.on(`change:${name}`, draw);
  model.on("change:numbers", drawNumbers);
  document.addEventListener("selectionchange", makeUp);
  for (const name of ["click", "keydown"]) el.addEventListener(name, choose);
  el.addEventListener("toggle", makeUp, true); // what is closed again
  el.addEventListener("scroll", () => sayMore(el), true);
  draw();
  return () => {
    document.removeEventListener("selectionchange", makeUp);
    stopHearing?.();
  };
}

export default { render };
