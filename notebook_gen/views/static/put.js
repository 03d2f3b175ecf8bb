// Putting HTML that Python made into the page, so that nobody who is reading notices. It stands before pane.js and
// record.js, in one module with each.

function isBeingRead(el) {
  const selection = document.getSelection();
  return Boolean(selection) && !selection.isCollapsed && el.contains(selection.anchorNode);
}

function reachByKeyboard(el) {
  el.tabIndex = 0;
  el.dataset.lmSuppressShortcuts = "true"; // or JupyterLab would take the keys for its own
}

// The row that somebody chose by an event, or null. A click on what can be opened opens it
function chosenRow(el, event) {
  const chosen = event.target.closest("[data-row]");
  const isOther = isBeingRead(el) || event.target.closest("summary") || (event.type === "keydown" && event.key !== "Enter");
  return chosen && !isOther ? Number(chosen.dataset.row) : null;
}

// Gives whether the element has its HTML now
function put(el, html) {
  if (el.ngHtml === html) return true;
  // what somebody marks to copy it, or has opened in a table whose rows come and go, must not be taken away
  if (isBeingRead(el) || el.querySelector("tr details[open]")) return false;
  const places = () => [el, ...el.querySelectorAll(".ng-scroll")];
  const kept = places().map((place) => [place.scrollLeft, place.scrollTop]);
  const folds = () => [...el.querySelectorAll("details")];
  const open = folds().map((fold) => fold.open);
  const focused = el.contains(document.activeElement) ? document.activeElement.dataset.row : undefined;
  el.innerHTML = html;
  el.ngHtml = html;
  places().forEach((place, at) => {
    if (kept[at]) [place.scrollLeft, place.scrollTop] = kept[at];
  });
  folds().forEach((fold, at) => (fold.open = open[at] ?? fold.open));
  const rows = [...el.querySelectorAll("[data-row]")];
  for (const row of rows) reachByKeyboard(row);
  if (focused !== undefined) rows.find((row) => row.dataset.row === focused)?.focus({ preventScroll: true });
  return true;
}
