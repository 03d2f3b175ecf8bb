// A page of rows: the newest, or some in order, with what turns the pages. Python made the table and escaped it. This
// file stands behind put.js, pick.js, look.js and pager.js in one module.
//
// page: { html, order, first, end, rows, group, is_over }; see views/feeds.py
//
// The newest rows wait while somebody points at those that are shown: they would move away from under the pointer.
//
// The page says { rows: { order, first } }: what somebody wants to see; { record }: the row that somebody chose.

const PATIENCE = 2000; // ms that a page of rows may take to come, before what is here is shown again
const MANY = 10_000; // rows whose numbers take more room than most windows have beside the tabs
const NEWEST = "newest", IN_ORDER = "in order";
const CHOICES = [
  [NEWEST, "newest first", "Rows in progress, then those that were done last"],
  [IN_ORDER, "in order", "All rows, by their numbers"],
];

// How somebody is at the rows of a table, or null. What was clicked keeps the focus, and what was tapped on goes on to be
// hovered over when the finger is lifted; neither says anything
function presenceIn(table, isLifted) {
  if (!table.querySelector("tbody [data-row]")) return null;
  if (!isLifted && table.querySelector("tbody:hover")) return "you point here";
  return table.querySelector("tbody :focus-visible") && document.hasFocus() ? "the focus is here" : null;
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
    this.pagers = add(bar, "div", {}, "ng-pagers");
    const size = () => this.model.get("page").group;
    this.groups = addPager(this.pagers, "Row groups", {
      noun: "row group", before: "The row group before", after: "The row group after",
      title: "Go to a row group, as the run's row_group has it", name: "Row group",
      // from the middle of a row group, the one before begins where this one does
      step: (by) => this.ask(IN_ORDER, (by < 0 ? Math.ceil(this.first / size()) - 1 : Math.floor(this.first / size()) + 1) * size()),
      jump: (number) => this.ask(IN_ORDER, Math.min(number, this.lastGroup) * size()),
    });
    this.pages = addPager(this.pagers, "Pages of rows", {
      noun: "rows", before: "The page before", after: "The page after",
      title: "Go to a row", name: "First row of the page",
      step: (by) => this.ask(IN_ORDER, this.first + by * this.model.get("page").rows),
      jump: (row) => this.ask(IN_ORDER, row),
    });
    this.waiting = add(bar, "span", { textContent: "newer rows wait", hidden: true }, "ng-waiting");
    this.why = add(this.waiting, "span", {});
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
    this.makeUpSoon = () => requestAnimationFrame(this.makeUp); // when the pointer and the focus are where they go to
    this.hear = () => this.draw();
    this.model.on("change:page", this.hear);
    document.addEventListener("selectionchange", this.makeUp);
    this.table.addEventListener("toggle", this.makeUp, true); // what is closed again
    for (const name of ["pointerout", "focusout"]) this.table.addEventListener(name, this.makeUpSoon);
    for (const name of ["pointerover", "pointermove"]) this.table.addEventListener(name, () => (this.isLifted = false));
    this.table.addEventListener("pointerout", ({ pointerType }) => (this.isLifted = pointerType === "touch"));
    const choose = (event) => {
      const row = chosenRow(this.table, event);
      if (row !== null) this.model.send({ record: row });
    };
    for (const name of ["click", "keydown"]) this.table.addEventListener(name, choose);
    const seek = () => ((this.isSought = true), this.drawPick());
    this.stops = [onPick(this.el, seek), onLook(this.el, () => markRow(this.table))];
    this.sizes = new ResizeObserver(() => this.drawPick()); // such as when the tab is opened
    this.sizes.observe(this.el);
  }

  close() {
    this.model.off("change:page", this.hear);
    document.removeEventListener("selectionchange", this.makeUp);
    for (const stop of this.stops) stop();
    this.sizes.disconnect();
  }

  ask(order, row) {
    const { end, rows, group } = this.model.get("page");
    // a page that is asked for is wanted, whatever is open or marked on this one
    this.letGo();
    const last = Math.max(0, end - 1), first = order === NEWEST ? 0 : Math.min(Math.max(0, Math.trunc(row)), last);
    this.wanted = { order, first, until: performance.now() + PATIENCE };
    this.say(order, first, end, rows, group);
    this.model.send({ rows: { order, first } });
  }

  letGo() {
    for (const open of this.table.querySelectorAll("details[open]")) open.open = false;
    if (isBeingRead(this.table)) document.getSelection().removeAllRanges();
  }

  // What the bar says: at once what is asked for; the table follows when Python has answered
  say(order, first, end, rows, group) {
    this.first = first;
    for (const [its, button] of this.choices) {
      button.classList.toggle("ng-on", its === order);
      button.setAttribute("aria-pressed", its === order);
    }
    const last = Math.max(first, Math.min(first + rows, end) - 1);
    fillPager(this.pages, first, `– ${last.toLocaleString("en")} of ${end.toLocaleString("en")}`, Math.max(0, end - 1));
    this.pages.previous.disabled = first <= 0;
    this.pages.next.disabled = first + rows >= end;
    this.lastGroup = Math.max(0, Math.ceil(end / group) - 1);
    const number = Math.floor(first / group);
    fillPager(this.groups, number, `of ${(this.lastGroup + 1).toLocaleString("en")}`, this.lastGroup);
    this.groups.previous.disabled = first <= 0;
    this.groups.next.disabled = number >= this.lastGroup;
    this.pagers.hidden = order !== IN_ORDER;
    this.groups.pager.hidden = this.lastGroup === 0;
    this.bar.classList.toggle("ng-in-order", order === IN_ORDER);
    this.bar.classList.toggle("ng-grouped", this.lastGroup > 0);
    this.bar.classList.toggle("ng-many", end >= MANY);
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
    const { html, order, first, end, rows, group, is_over: isOver } = this.model.get("page");
    if (html === undefined || this.isLate(order, first)) return;
    const isMoving = order === NEWEST && this.drawn === NEWEST && !isOver;
    const presence = isMoving && this.table.ngHtml !== html ? presenceIn(this.table, this.isLifted) : null;
    this.waiting.hidden = presence === null;
    if (presence) this.why.textContent = ` while ${presence}`;
    this.isWhole = presence === null && put(this.table, html);
    if (this.isWhole) this.drawn = order;
    this.drawPick();
    markRow(this.table);
    this.say(order, first, end, rows, group);
  }
}

function render({ model, el }) {
  el.classList.add("ng-pane", "ng-rows-pane");
  const rows = new Rows(model, el);
  return () => rows.close();
}

export default { render };
