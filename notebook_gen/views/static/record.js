// The inspector: one record of the run, under the tabs. Python made its HTML and escaped it. This file stands behind
// put.js and look.js in one module.
//
// record: { row, last, html } of what is looked at, {} if nothing is
//
// The page says { record }: the row to look at; null to close the inspector.

function button(parent, text, title, act) {
  const made = document.createElement("button");
  made.textContent = text;
  made.title = title;
  made.onclick = act;
  parent.append(made);
  return made;
}

class Inspector {
  constructor(model, el) {
    this.model = model;
    this.el = el;
    this.bar = document.createElement("div");
    this.bar.className = "ng-inspector-bar";
    this.bar.append(Object.assign(document.createElement("b"), { textContent: "Record" }));
    this.previous = button(this.bar, "Previous", "The row before", () => this.ask(this.row - 1));
    this.number = document.createElement("input");
    Object.assign(this.number, { type: "number", min: 0, step: 1 });
    this.number.setAttribute("aria-label", "Number of the row");
    this.number.onchange = () => this.number.value !== "" && this.ask(Number(this.number.value));
    this.number.onkeydown = ({ key }) => {
      // a handler that gives false would keep every other key from the field
      if (key === "Enter") this.number.onchange();
    };
    this.bar.append(this.number);
    this.next = button(this.bar, "Next", "The row after", () => this.ask(this.row + 1));
    this.bar.append(Object.assign(document.createElement("span"), { className: "ng-space" }));
    button(this.bar, "Close", "Close the record", () => model.send({ record: null }));
    this.page = document.createElement("div");
    this.page.className = "ng-inspected";
    reachByKeyboard(this.page);
    this.bar.dataset.lmSuppressShortcuts = "true";
    el.append(this.bar, this.page);
    this.draw();
  }

  ask(row) {
    const wanted = Math.min(Math.max(0, Math.trunc(row)), this.last);
    // the field says at once what is asked for; the record follows when Python has answered
    this.number.value = wanted;
    this.row = wanted;
    this.model.send({ record: wanted });
  }

  draw() {
    const { row, last, html } = this.model.get("record");
    const wasClosed = this.el.hidden, isOther = row !== this.shown;
    this.el.hidden = row === undefined;
    this.shown = this.row = row;
    const looked = lookedAt(this.el);
    if (row !== undefined) this.fill(row, last, html, { wasClosed, isOther, looked });
    if (isOther && looked && looked.row !== row) lookAt(this.el, null); // last: whoever hears of it draws again
  }

  fill(row, last, html, { wasClosed, isOther, looked }) {
    const isLooked = looked?.row === row;
    this.last = this.number.max = last;
    if (document.activeElement !== this.number || isOther) this.number.value = row;
    this.previous.disabled = row <= 0;
    this.next.disabled = row >= last;
    if (isOther) this.page.replaceChildren();
    put(this.page, html);
    if (isOther) this.page.scrollTop = 0;
    if (isLooked && looked !== this.looked) this.bringIntoSight(looked.node);
    this.looked = isLooked ? looked : null;
    if (wasClosed) this.el.scrollIntoView({ block: "nearest" });
  }

  // Scrolls to what a node made
  bringIntoSight(node) {
    const cell = this.page.querySelector(`[data-made-by="${node}"]`);
    if (cell) this.page.scrollTop += cell.getBoundingClientRect().top - this.page.getBoundingClientRect().top;
  }
}

function render({ model, el }) {
  el.classList.add("ng-pane", "ng-record", "ng-inspector");
  el.hidden = true;
  const inspector = new Inspector(model, el);
  const draw = () => inspector.draw();
  const makeUp = () => isBeingRead(el) || draw();
  model.on("change:record", draw);
  document.addEventListener("selectionchange", makeUp);
  // of the row that is shown already, another cell may be looked at
  const stop = onLook(el, draw);
  return () => {
    stop();
    model.off("change:record", draw);
    document.removeEventListener("selectionchange", makeUp);
  };
}

export default { render };
