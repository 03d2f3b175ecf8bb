// The inspector: one record of the run, under the tabs. Python made its HTML and escaped it. This file stands behind
// put.js, pick.js and look.js in one module.
//
// record: { row, last, html } of what is looked at, {} if nothing is
//
// The page says { record }: the row to look at; null to close the inspector. While the record has the keys, ← and → step to the
// rows beside it; Escape closes it from anywhere in the view.

const SCROLLS = ["auto", "scroll"];
const GESTURES = ["pointerdown", "keydown"]; // a chart takes clicks for itself

function button(parent, text, title, act) {
  const made = document.createElement("button");
  made.textContent = text;
  made.title = title;
  made.onclick = act;
  parent.append(made);
  return made;
}

function hasModifier({ ctrlKey, altKey, metaKey, shiftKey }) {
  return ctrlKey || altKey || metaKey || shiftKey;
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
    el.addEventListener("keydown", (event) => this.press(event));
    this.scrolled = null; // what scrolls the view, where it was before the record came, and where then
    this.chosen = false; // whether what was done last in the page was done in this view, beside the record
    this.draw();
  }

  ask(row) {
    const wanted = Math.min(Math.max(0, Math.trunc(row)), this.last);
    // the field says at once what is asked for; the record follows when Python has answered
    this.number.value = wanted;
    this.row = wanted;
    this.model.send({ record: wanted });
  }

  press(event) {
    const { key, target } = event, by = { ArrowLeft: -1, ArrowRight: 1 }[key];
    if (!by || hasModifier(event) || target === this.number) return;
    event.preventDefault(); // nothing is scrolled
    this.ask(this.row + by);
  }

  // Closes the record, before anything else in the view that hears Escape: what is open goes first
  escape(event) {
    const { key, target, defaultPrevented } = event, view = this.el.closest(".ng-view");
    if (key !== "Escape" || hasModifier(event) || defaultPrevented || this.el.hidden) return;
    // after a click on what takes no focus, keys go to what is around the view
    if (!view?.contains(target) && !target.contains(view)) return;
    event.preventDefault(); // nothing else is closed
    this.model.send({ record: null });
  }

  // Who chooses a record goes on there by keyboard; who has gone elsewhere before it came is left alone
  hear({ target }) {
    if (!this.el.contains(target)) this.chosen = Boolean(this.el.closest(".ng-view")?.contains(target));
  }

  takeFocus() {
    this.chosen = false;
    const { activeElement } = document;
    if (!this.el.contains(activeElement)) this.opener = { element: activeElement, row: activeElement?.dataset.row };
    this.page.focus({ preventScroll: true });
  }

  // To what had it; what was drawn again since is another element
  giveFocusBack() {
    const { element, row } = this.opener ?? {}, view = this.el.closest(".ng-view");
    const again = row !== undefined && view?.querySelector(`[data-row="${row}"]`);
    const heir = element?.isConnected ? element : again || view?.querySelector('[role="tab"][aria-selected="true"]');
    heir?.focus({ preventScroll: true });
  }

  draw() {
    const { row, last, html } = this.model.get("record");
    const wasClosed = this.el.hidden, isOther = row !== this.shown, hadFocus = this.el.contains(document.activeElement);
    if (row === undefined && hadFocus) this.giveFocusBack();
    const { scrolled } = this, isWhereItWas = scrolled?.host.scrollTop === scrolled?.to;
    this.el.hidden = row === undefined;
    this.shown = this.row = row;
    if (row === undefined && scrolled) {
      if (isWhereItWas) scrolled.host.scrollTop = scrolled.from;
      this.scrolled = null;
    }
    const looked = lookedAt(this.el);
    if (row !== undefined) {
      this.fill(row, last, html, { wasClosed, isOther, looked });
      if (isOther && this.chosen) this.takeFocus();
      else if (hadFocus && !this.el.contains(document.activeElement)) this.page.focus({ preventScroll: true });
    }
    if (isOther && looked?.row !== row) lookAt(this.el, row === undefined ? null : { row }); // last: whoever hears of it draws again
  }

  fill(row, last, html, { wasClosed, isOther, looked }) {
    const isLooked = looked?.row === row;
    this.last = this.number.max = last;
    if (document.activeElement !== this.number || isOther) this.number.value = row;
    this.previous.disabled = row <= 0;
    this.next.disabled = row >= last;
    if (isOther) {
      this.page.replaceChildren();
      this.page.ngHtml = null; // the same record may be opened again
    }
    put(this.page, html);
    if (isOther) this.page.scrollTop = 0;
    if (isLooked && looked.node !== undefined && looked !== this.looked) this.bringIntoSight(looked.node);
    this.looked = isLooked ? looked : null;
    if (wasClosed) this.scrollTo();
  }

  // Scrolls the record into sight; who closes it, and has not scrolled since, is brought back
  scrollTo() {
    let host = this.el.parentElement;
    while (host && !(host.scrollHeight > host.clientHeight && SCROLLS.includes(getComputedStyle(host).overflowY))) {
      host = host.parentElement;
    }
    host ??= document.scrollingElement;
    const from = host.scrollTop;
    this.el.scrollIntoView({ block: "nearest" });
    this.scrolled = { host, from, to: host.scrollTop };
  }

  // Scrolls to what a node made: it begins below the head, which stays where it is
  bringIntoSight(node) {
    const [cell, head] = [`[data-made-by="${node}"]`, ".ng-record-head"].map((part) => this.page.querySelector(part));
    if (cell) this.page.scrollTop += cell.getBoundingClientRect().top - head.getBoundingClientRect().bottom;
  }
}

function render({ model, el }) {
  el.classList.add("ng-pane", "ng-record", "ng-inspector");
  el.hidden = true;
  const inspector = new Inspector(model, el);
  const draw = () => inspector.draw();
  const makeUp = () => isBeingRead(el) || draw();
  const hear = (event) => inspector.hear(event);
  const escape = (event) => inspector.escape(event);
  model.on("change:record", draw);
  document.addEventListener("selectionchange", makeUp);
  for (const name of GESTURES) document.addEventListener(name, hear, true);
  document.addEventListener("keydown", escape, true);
  // of the row that is shown already, another cell may be looked at
  const stop = onLook(el, draw);
  return () => {
    stop();
    model.off("change:record", draw);
    for (const name of GESTURES) document.removeEventListener(name, hear, true);
    document.removeEventListener("keydown", escape, true);
    document.removeEventListener("selectionchange", makeUp);
  };
}

export default { render };
