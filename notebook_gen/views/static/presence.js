// Whether somebody is at work in a live view in this page; for how long that counts, Python decides: views/presence.py. This
// file stands before keep.js in one module.
//
// The page says { presence: { page, busy, touched } }: its own name, whether something in the view is zoomed or picked, or
// the pointer or the focus is in it, and how many seconds ago it was touched, or null. Who cancels the run there is done
// with it, and so is who leaves the page, if that can still be said.

// randomUUID is there in secure contexts alone
const PAGE = globalThis.crypto?.randomUUID?.() ?? String(Math.random());
const TOUCHES = ["pointerdown", "keydown", "wheel"];
const SIGNS = [...TOUCHES, "click", "pointermove", "pointerout", "focusin", "focusout"];
const NOT_AS_IT_WAS = ".ng-zoomed, .ng-picked";
const CANCEL = ".ng-stop";
const SAY_AFTER = 250; // ms; what somebody does has been done by then
const SAY_AGAIN = 5000; // ms, if nothing is new but that somebody is still there

// `views` gives the elements that show the view; gives what ends it
function tellPresence(model, views) {
  let timer = null, touched = null, isDone = false, said = {};

  const say = async () => {
    clearTimeout(timer);
    timer = null;
    const shown = await views(), now = performance.now();
    const isIn = (view) => view.matches(":hover") || view.contains(document.activeElement);
    const busy = shown.some((view) => (!isDone && isIn(view)) || view.querySelector(NOT_AS_IT_WAS) !== null);
    if (busy === said.busy && touched === said.touched && !(busy && now - said.at >= SAY_AGAIN)) return;
    said = { busy, touched, at: now };
    model.send({ presence: { page: PAGE, busy, touched: touched === null ? null : (now - touched) / 1000 } });
  };

  const leave = () => {
    said = {}; // who comes back to the page says all anew
    model.send({ presence: { page: PAGE, busy: false, touched: null } });
  };

  const hear = async ({ type, target, ctrlKey, metaKey }) => {
    const view = target.closest?.(".ng-live");
    if (!view || model.get("is_over") || !(await views()).includes(view)) return;
    const now = performance.now();
    if (type === "click" && target.closest(CANCEL)) {
      [touched, isDone] = [null, true];
      return say(); // at once: the run may be over in a moment
    }
    // a wheel alone scrolls the notebook
    if (TOUCHES.includes(type) && (type !== "wheel" || ctrlKey || metaKey)) {
      [touched, isDone] = [now, false];
      if (!(now - said.at < SAY_AFTER)) say(); // before what it does, such as to close the record
    }
    timer ??= setTimeout(say, SAY_AFTER);
  };

  say(); // a page that is loaded again knows nothing of what was done in it before
  const options = { capture: true, passive: true };
  for (const name of SIGNS) document.addEventListener(name, hear, options);
  addEventListener("pagehide", leave);
  return () => {
    clearTimeout(timer);
    for (const name of SIGNS) document.removeEventListener(name, hear, options);
    removeEventListener("pagehide", leave);
  };
}
