// What turns to other rows, where lanes are rows. It stands behind pager.js and before timeline.js in one module; see
// views/row_turns.py.
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
    this.parts = addPager(head, "rows", {
      noun: "from row", before: "The rows before these", after: "The rows after these",
      title: "Type the row to begin with", name: "First row",
      step: (by) => turn(by < 0 ? { before: this.rows.before } : { after: this.rows.after }),
      jump: (row) => turn({ after: row }),
    });
    this.parts.pager.classList.add("ng-row-turns");
    this.parts.pager.dataset.lmSuppressShortcuts = "true"; // digits are for the field
  }

  // Gives whether there is anything to turn to
  show(rows, note) {
    const { pager, previous, next } = this.parts;
    this.rows = rows;
    pager.hidden = !rows || (rows.before === null && rows.after === null);
    if (pager.hidden) return false;
    const { first, end, count, before, after, reach } = rows, isLastHere = after !== null && after >= reach;
    const isPart = count < end - first, which = isPart ? `, ${count} of these` : isLastHere ? ", the last in this file" : "";
    pager.title = `${note}${isPart ? ": those in which something began last" : ""}. Type the row to begin with, or turn with ‹ and ›`;
    fillPager(this.parts, first, `to ${(end - 1).toLocaleString("en")} of ${rows.rows.toLocaleString("en")}${which}`, reach - 1);
    previous.disabled = before === null;
    next.disabled = after === null || isLastHere;
    return true;
  }
}
