// Which rows of a run somebody looks at, and the gestures that say so. It stands before cells.js in one module.
//
// A window is { first, end }: rows from one up to another; null stands for all of them.

const LEAST_DRAG = 4; // pixels
const DOUBLE_CLICK = 250; // ms
const ASK_AFTER = 120; // ms from the last move to asking for what is in the window
const STEP = 2;

// The window that a window becomes, of so many rows at least and of those of the run at most

function withinRun({ first, end }, rows, least) {
  const size = Math.round(Math.max(Math.min(least, rows), Math.min(end - first, rows)));
  if (size >= rows) return null;
  const begin = Math.round(Math.min(Math.max(0, first), rows - size));
  return { first: begin, end: begin + size };
}

function zoomedAround(window, row, factor, rows, least) {
  const { first, end } = window ?? { first: 0, end: rows }, size = (end - first) * factor;
  return withinRun({ first: row - (row - first) * factor, end: row - (row - first) * factor + size }, rows, least);
}

function movedBy(window, by, rows) {
  return window && (withinRun({ first: window.first + by, end: window.end + by }, rows, 1) ?? window);
}

// What part of a frame is looked at: the exact one that Python sent for the window, or bins of the whole

function framePart(window, whole, part) {
  if (!whole || !window) return { frame: whole, from: 0, to: whole?.bins ?? 0 };
  // the last bin of the whole may hold fewer rows than the others
  const isMissing = (frame) => window.first < frame.first || window.end - frame.first - frame.bins * frame.width >= whole.width;
  const frame = part && part.width < whole.width && !isMissing(part) ? part : whole;
  const from = Math.max(0, Math.floor((window.first - frame.first) / frame.width));
  const to = Math.min(frame.bins, Math.ceil((window.end - frame.first) / frame.width));
  return { frame, from: Math.min(from, Math.max(0, to - 1)), to };
}

// Gestures on an element: a drag selects, with Shift it moves; a wheel with Ctrl (a pinch) zooms, sideways it moves; a
// double click goes back. `on` is told { select: [x, x] }, { move: pixels }, { zoom: factor, x }, "all" or { click: event }.

class Gestures {
  constructor(el, surface, on) {
    this.on = on;
    this.surface = surface;
    this.mark = make("div", "ng-cells-selection", el);
    this.mark.hidden = true;
    this.el = el;
    surface.addEventListener("pointerdown", (event) => this.press(event));
    surface.addEventListener("pointermove", (event) => this.drag(event));
    surface.addEventListener("pointerup", (event) => this.release(event));
    surface.addEventListener("pointercancel", () => this.end());
    surface.addEventListener("click", (event) => this.click(event));
    surface.addEventListener("dblclick", () => (clearTimeout(this.clicked), on("all")));
    surface.addEventListener("wheel", (event) => this.turn(event), { passive: false });
  }

  x(event) {
    return event.clientX - this.surface.getBoundingClientRect().left;
  }

  press(event) {
    if (event.button === 0) this.begun = { x: this.x(event), moves: event.shiftKey };
  }

  drag(event) {
    const { begun } = this;
    if (!begun) return;
    const x = this.x(event);
    if (!this.isDragged && Math.abs(x - begun.x) < LEAST_DRAG) return;
    if (!this.isDragged) this.surface.setPointerCapture(event.pointerId);
    this.isDragged = true;
    if (begun.moves) {
      this.on({ move: begun.x - x });
      begun.x = x;
    } else this.showMark(begun.x, x);
  }

  showMark(one, other) {
    const { surface, el, mark } = this, box = surface.getBoundingClientRect(), pane = el.getBoundingClientRect();
    const [left, right] = [Math.max(0, Math.min(one, other)), Math.min(box.width, Math.max(one, other))];
    mark.hidden = false;
    Object.assign(mark.style, {
      left: `${box.left - pane.left + left}px`, width: `${right - left}px`,
      top: `${box.top - pane.top}px`, height: `${box.height}px`,
    });
  }

  release(event) {
    const { begun, isDragged } = this;
    this.end();
    if (!isDragged) return;
    this.isDone = true; // the click that follows is none
    if (!begun.moves) this.on({ select: [begun.x, this.x(event)].sort((one, other) => one - other) });
  }

  end() {
    this.begun = null;
    this.isDragged = false;
    this.mark.hidden = true;
  }

  click(event) {
    clearTimeout(this.clicked);
    if (this.isDone) return void (this.isDone = false);
    if (!this.waits) return this.on({ click: event });
    this.clicked = setTimeout(() => this.on({ click: event }), DOUBLE_CLICK);
  }

  turn(event) {
    if (event.ctrlKey || event.metaKey) this.on({ zoom: Math.exp(Math.max(-60, Math.min(60, event.deltaY)) / 100), x: this.x(event) });
    else if (this.waits && Math.abs(event.deltaX) > Math.abs(event.deltaY)) this.on({ move: event.deltaX });
    else return;
    event.preventDefault();
  }
}
