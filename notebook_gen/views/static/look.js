// What somebody looks at in a view: { row, node } of a cell, with { attempt, started } of a bar, { row } of a row that was
// come to otherwise, or null. The timeline and the cells say what was clicked on, and mark it; the inspector scrolls to
// it, and says that its record was closed, or that of another row is shown. This file stands behind pick.js.

function lookedAt(el) {
  return el.closest(".ng-view")?.ngLooked ?? null;
}

// Calls `show` whenever another attempt is looked at; gives what ends that. An element may be put into its view later
function onLook(el, show) {
  const hear = ({ target }) => target.contains(el) && show();
  document.addEventListener("ng-look", hear);
  return () => document.removeEventListener("ng-look", hear);
}

// Marks the row of a table whose record is open
function markRow(table) {
  const looked = lookedAt(table);
  for (const line of table.querySelectorAll("tbody [data-row]")) {
    const isIt = Number(line.dataset.row) === looked?.row;
    line.classList.toggle("ng-opened", isIt);
    if (isIt) line.setAttribute("aria-current", "true");
    else line.removeAttribute("aria-current");
  }
}
