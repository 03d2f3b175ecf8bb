// A page of rows: the newest, or some in order, with what turns the pages. Python made the table and escaped it. This
// file stands behind put.js and pick.js in one module.
//
// page: { html, order, first, end, rows }; see views/feeds.py
//
// The page says { rows: { order, first } }: what somebody wants to see; { record }: the row that somebody chose.

const PATIENCE = 2000; // ms that a page of rows may take to come, before what is here is shown again
const NEWEST = "newest", IN_ORDER = "in order";
const CHOICES = [
  [NEWEST, "newest first", "The rows in which something has happened last"],
  [IN_ORDER, "in order", "All rows, by their numbers"],
];

function add(parent, tag, facts, className = "") {
  const added = document.createElement(tag);
  if (className) added.className = className;
  Object.assign(added, facts);
  parent.append(added);
  return added;
}

class Rows {
  constructor(model, el) {
    this.model = model;
    this.el = el;
    this.isWhole = true;
    this.bar = add(el, "div", {}, "ng-rows-bar");
    this.bar.dataset.lmSuppressShortcuts = "true";
    this.table = add(el, "div", {}, "ng-table-pane");
    this.fillBar();
    this.listen();
    this.draw();
  }

  fillBar() {
    const { bar } = this;
    this.pager = add(bar, "div", {}, "ng-pager");
    this.pager.setAttribute("role", "group");
    this.pager.setAttribute("aria-label", "Pages of rows");
    const turn = (text, title, pages) => {
      const made = add(this.pager, "button", { textContent: text, title }, "ng-turn");
      made.setAttribute("aria-label", title);
      made.onclick = () => this.ask(IN_ORDER, this.first + pages * this.model.get("page").rows);
      return made;
    };
    this.previous = turn("‹", "The page before", -1);
    add(this.pager, "span", { textContent: "rows" });
    this.field = add(this.pager, "input", { type: "number", min: 0, step: 1, title: "Go to a row" });
    this.field.setAttribute("aria-label", "First row of the page");
    this.field.onchange = () => this.field.value !== "" && this.ask(IN_ORDER, Number(this.field.value));
    this.field.onkeydown = ({ key }) => key === "Enter" && this.field.onchange();
    this.words = add(this.pager, "span", {});
    this.words.setAttribute("aria-live", "polite");
    this.next = turn("›", "The page after", 1);
    const choice = add(bar, "div", {}, "ng-choice");
    choice.setAttribute("role", "group");
    choice.setAttribute("aria-label", "Order of the rows");
    this.choices = CHOICES.map(([order, textContent, title]) => {
      const made = add(choice, "button", { textContent, title }, "ng-pill");
      made.onclick = () => this.ask(order, 0);
      return [order, made];
    });
  }

  listen() {
    this.makeUp = () => this.isWhole || this.draw();
    this.hear = () => this.draw();
    this.model.on("change:page", this.hear);
    document.addEventListener("selectionchange", this.makeUp);
    this.table.addEventListener("toggle", this.makeUp, true); // what is closed again
    const choose = (event) => {
      const row = chosenRow(this.table, event);
      if (row !== null) this.model.send({ record: row });
    };
    for (const name of ["click", "keydown"]) this.table.addEventListener(name, choose);
    this.stopPick = onPick(this.el, () => {
      this.isSought = true;
      this.drawPick();
    });
    this.sizes = new ResizeObserver(() => this.drawPick()); // such as when the tab is opened
    this.sizes.observe(this.el);
  }

  close() {
    this.model.off("change:page", this.hear);
    document.removeEventListener("selectionchange", this.makeUp);
    this.stopPick();
    this.sizes.disconnect();
  }

  ask(order, row) {
    const { end, rows } = this.model.get("page");
    // a page that is asked for is wanted, whatever is open or marked on this one
    this.letGo();
    const last = Math.max(0, end - 1), first = order === NEWEST ? 0 : Math.min(Math.max(0, Math.trunc(row)), last);
    this.wanted = { order, first, until: performance.now() + PATIENCE };
    this.say(order, first, end, rows);
    this.model.send({ rows: { order, first } });
  }

  letGo() {
    for (const open of this.table.querySelectorAll("details[open]")) open.open = false;
    if (isBeingRead(this.table)) document.getSelection().removeAllRanges();
  }

  // What the bar says: at once what is asked for; the table follows when Python has answered
  say(order, first, end, rows) {
    this.first = first;
    for (const [its, button] of this.choices) {
      button.classList.toggle("ng-on", its === order);
      button.setAttribute("aria-pressed", its === order);
    }
    const isInOrder = order === IN_ORDER, last = Math.max(first, Math.min(first + rows, end) - 1);
    this.pager.style.visibility = isInOrder ? "visible" : "hidden";
    this.words.textContent = `– ${last.toLocaleString("en")} of ${end.toLocaleString("en")}`;
    this.field.max = Math.max(0, end - 1);
    if (document.activeElement !== this.field || Number(this.field.value) !== first) this.field.value = first;
    this.field.style.width = `${Math.max(3, String(end).length) + 4}ch`;
    this.previous.disabled = first <= 0;
    this.next.disabled = first + rows >= end;
  }

  // Whether rows come that somebody has turned away from since
  isLate(order, first) {
    const { wanted } = this;
    if (wanted && (wanted.order !== order || wanted.first !== first) && performance.now() < wanted.until) return true;
    this.wanted = null;
    return false;
  }

  // The columns that are picked in the DAG: marked for as long, brought into sight once
  drawPick() {
    markColumns(this.table);
    if (this.isSought) this.isSought = !bringIntoSight(this.table);
  }

  draw() {
    const { html, order, first, end, rows } = this.model.get("page");
    if (html === undefined || this.isLate(order, first)) return;
    this.isWhole = put(this.table, html);
    this.drawPick();
    this.say(order, first, end, rows);
  }
}

function render({ model, el }) {
  el.classList.add("ng-pane", "ng-rows-pane");
  const rows = new Rows(model, el);
  return () => rows.close();
}

export default { render };
