// The attempt whose record somebody looks at in a view: { row, node, attempt, started }, or null. The timeline says which bar
// was clicked on and marks it; the inspector says that its record was closed, or that of another row is shown.

function lookedAt(el) {
  return el.closest(".ng-view")?.ngLooked ?? null;
}

function lookAt(el, attempt) {
  const view = el.closest(".ng-view");
  if (!view) return;
  view.ngLooked = attempt;
  view.dispatchEvent(new CustomEvent("ng-look", { bubbles: true }));
}

// Calls `show` whenever another attempt is looked at; gives what ends that. An element may be put into its view later
function onLook(el, show) {
  const hear = ({ target }) => target.contains(el) && show();
  document.addEventListener("ng-look", hear);
  return () => document.removeEventListener("ng-look", hear);
}
