// Whether somebody is at work in a live view in this page; for how long that counts, Python decides: views/presence.py. This
// file stands before keep.js in one module.
//
// The page says { presence: { page, busy, touched } }: its own name, whether something in the view is zoomed or picked, or
// the pointer or the focus is in it, and how many seconds ago it was touched, or null. Who cancels the run there is done
// with it, and so is who leaves the page, if that can still be said. A page that is loaded again keeps its name, so that
// what it says then takes the place of what it said before.

const NAME = "notebook_gen.page";
// one for all views of a page
const PAGE = (globalThis[Symbol.for(NAME)] ??= namePage());
const TOUCHES = ["pointerdown", "keydown", "wheel"];
const SIGNS = [...TOUCHES, "click", "pointermove", "pointerout", "focusin", "focusout"];
const NOT_AS_IT_WAS = ".ng-zoomed, .ng-picked";
const RELEASES = ["pointerup", "pointercancel"];
const CANCEL = ".ng-stop";
const SAY_AFTER = 250; // ms; what somebody does has been done by then
const SAY_AGAIN = 5000; // ms, if nothing is new but that somebody is still there

function namePage() {
  // randomUUID is there in secure contexts alone
  const name = globalThis.crypto?.randomUUID?.() ?? String(Math.random());
  try {
    const kept = sessionStorage.getItem(NAME);
    sessionStorage.removeItem(NAME); // a tab that somebody doubles has a copy of what is stored
    return kept ?? name;
  } catch {
    return name; // some hosts let a frame store nothing
  }
}

function keepName() {
  try {
    sessionStorage.setItem(NAME, PAGE);
  } catch {
    // as above
  }
}

// what was tapped on goes on to be hovered over when the finger is lifted, which says nothing
const canHover = () => globalThis.matchMedia?.("(hover: hover)").matches ?? true;

// `views` gives the elements that show the view, and never fails; gives what ends it
function tellPresence(model, views) {
  const ending = new AbortController(), { signal } = ending;
  let timer = null, touched = null, isPressed = false, isDone = false, said = {};

  const say = async () => {
    clearTimeout(timer);
    timer = null;
    const shown = await views(), now = performance.now();
    if (signal.aborted) return;
    const isIn = (view) => (canHover() && view.matches(":hover")) || view.contains(document.activeElement);
    const isAtWork = (view) => (!isDone && isIn(view)) || view.querySelector(NOT_AS_IT_WAS) !== null;
    const busy = isPressed || shown.some(isAtWork);
    if (busy === said.busy && touched === said.touched && !(busy && now - said.at >= SAY_AGAIN)) return;
    said = { busy, touched, at: now };
    model.send({ presence: { page: PAGE, busy, touched: touched === null ? null : (now - touched) / 1000 } });
  };

  const leave = () => {
    keepName();
    said = {}; // who comes back to the page says all anew
    model.send({ presence: { page: PAGE, busy: false, touched: null } });
  };

  const take = async (view, isCancel, { type, ctrlKey, metaKey }) => {
    if (!(await views()).includes(view) || signal.aborted) return;
    const now = performance.now();
    if (isCancel) {
      [touched, isDone] = [null, true];
      return say(); // at once: the run may be over in a moment
    }
    // a wheel alone scrolls the notebook
    if (TOUCHES.includes(type) && (type !== "wheel" || ctrlKey || metaKey)) {
      [touched, isDone] = [now, false];
      isPressed ||= type === "pointerdown";
      if (!(now - said.at < SAY_AFTER)) say(); // before what it does, such as to close the record
    }
    timer ??= setTimeout(say, SAY_AFTER);
  };

  // while something is dragged, what the chart lays over the page has the pointer; then it is zoomed
  const release = () => {
    if (!isPressed) return;
    isPressed = false;
    clearTimeout(timer);
    timer = setTimeout(say, SAY_AFTER);
  };

  // all events of the whole page come here: most are of no view, or tell no more than that something will be said soon
  const hear = (event) => {
    const { type, target } = event, view = target.closest?.(".ng-live");
    if (!view) return;
    const isCancel = type === "click" && target.closest(CANCEL) !== null;
    if (timer === null || isCancel || TOUCHES.includes(type)) take(view, isCancel, event);
  };

  say(); // a page that is loaded again knows nothing of what was done in it before
  for (const name of SIGNS) document.addEventListener(name, hear, { capture: true, passive: true, signal });
  for (const name of RELEASES) addEventListener(name, release, { capture: true, passive: true, signal });
  addEventListener("pagehide", leave, { signal });
  return () => {
    clearTimeout(timer);
    ending.abort();
  };
}
