// What turns to other rows, where lanes are rows: ‹, the number of the first row, which can be typed, and ›. It stands
// before timeline.js in one module; see views/row_turns.py.
//
// `turn` is told { before: row } or { after: row }: the rows that end before one, or those from one on.

// The first of the rows that somebody has turned to; null where a frame shows the newest, or no rows
function turnedTo({ rows }) {
  return rows?.chosen ? rows.first : null;
}

// Whether the detail of a window shows what is shown of the whole run; one that was asked for before may not
function fits(detail, frame) {
  if (!detail || !frame) return false;
  return detail.lanes.kind === frame.lanes.kind && turnedTo(detail) === turnedTo(frame);
}

// Of the pages that a saved page has, the one that somebody turns to
function pageOf(pages, { before, after }) {
  return pages.find(({ rows }) => (before === undefined ? after < rows.end : rows.end >= before)) ?? pages.at(-1);
}

class RowTurns {
  constructor(head, turn) {
    this.group = make("span", "ng-pager ng-row-turns", head);
    this.group.setAttribute("role", "group");
    this.group.setAttribute("aria-label", "rows");
    this.group.dataset.lmSuppressShortcuts = "true"; // digits are for the field
    this.previous = this.addButton("‹", "The rows before these", () => turn({ before: this.rows.before }));
    make("span", "", this.group, "rows");
    this.addField(turn);
    this.words = make("span", "", this.group);
    this.words.setAttribute("aria-live", "polite");
    this.next = this.addButton("›", "The rows after these", () => turn({ after: this.rows.after }));
  }

  addButton(text, words, act) {
    const button = make("button", "ng-turn", this.group, text);
    button.title = words;
    button.setAttribute("aria-label", words);
    button.onclick = act;
    return button;
  }

  addField(turn) {
    const field = (this.field = make("input", "", this.group));
    Object.assign(field, { type: "number", min: 0, step: 1, title: "Go to a row" });
    field.setAttribute("aria-label", "First row");
    field.oninput = () => (field.dataset.typed = "true");
    field.onblur = () => delete field.dataset.typed;
    field.onchange = () => {
      delete field.dataset.typed;
      if (field.value !== "") turn({ after: Math.trunc(Number(field.value)) });
    };
    field.onkeydown = ({ key }) => {
      // a handler that gives false would keep every other key from the field
      if (key === "Enter") field.onchange();
    };
  }

  // Gives whether there is anything to turn to
  show(rows, note) {
    this.rows = rows;
    this.group.hidden = !rows || (rows.before === null && rows.after === null);
    if (this.group.hidden) return false;
    const { field } = this, { first, end, before, after } = rows, isNewest = before !== null && before !== first;
    this.group.title = note;
    this.words.textContent = `– ${(end - 1).toLocaleString("en")} of ${rows.rows.toLocaleString("en")}${isNewest ? ", the newest" : ""}`;
    field.max = rows.rows - 1;
    if (!field.dataset.typed && field.value !== String(first)) field.value = first;
    field.style.width = `${Math.max(3, String(rows.rows).length) + 4}ch`;
    this.previous.disabled = before === null;
    this.next.disabled = after === null;
    return true;
  }
}
