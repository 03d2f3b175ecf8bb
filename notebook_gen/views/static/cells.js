// The cells: rows across, columns down, a square for each cell or a bar for a stretch of rows. This file stands behind
// chart.js, pick.js, look.js, zoom.js and cell_states.js in one module.
//
// frame: all rows; part: those of the window that was asked for last; see views/cells.py
// saved: there is nobody to ask
//
// The page says { record }: the row that somebody chose; { cells: { first, end, pixels } }: the rows that somebody looks
// at, and the pixels that there are for them; { cells: null }: all rows again.

const LEAST_LANE = 13, MOST_LANE = 26, WIDEST = 32, LEAST_SQUARE = 3, AXIS = 20; // pixels
const LEAST_ROWS = 8, LEAST_BINS = 4; // in a window
const NEAT = [1, 2, 5];

class Cells {
  constructor(model, el) {
    this.model = model;
    this.el = el;
    this.at = null; // the cell that is looked at: { place, bin }
    this.empty = make("p", "ng-empty", el, "A square for each cell will stand here: rows across, columns down.");
    this.whole = make("div", "ng-cells", el);
    const top = make("div", "ng-cells-top", this.whole);
    this.legend = make("div", "ng-cells-legend", top);
    this.span = make("span", "ng-cells-span", top);
    this.all = make("button", "ng-pill", top, "all rows");
    this.all.title = "Show all rows again (a double click does, too)";
    this.window = null;
    [this.explained, this.swatches] = [[], []]; // states in the legend
    this.scroll = make("div", "ng-scroll ng-cells-scroll", this.whole);
    this.labels = make("div", "ng-cells-labels", this.scroll);
    this.canvas = make("canvas", "", this.scroll);
    this.mark = make("div", "ng-cells-picked", this.scroll);
    this.shown = make("div", "ng-cells-shown ng-ring ng-looked", this.scroll);
    this.axis = make("canvas", "ng-cells-axis", this.whole);
    this.card = make("div", "ng-card", el);
    this.card.setAttribute("aria-live", "polite");
    this.card.hidden = true;
    Object.assign(this.scroll, { tabIndex: 0 });
    this.scroll.dataset.lmSuppressShortcuts = "true"; // or JupyterLab would take the arrow keys for its own
    this.scroll.setAttribute("role", "application");
    this.colors = new Colors(el);
    this.isSaved = model.get("saved") === true;
    this.read();
    this.listen();
    // what was asked for before the page was loaded again is not looked at any more
    if (this.part) this.ask();
    this.show();
  }

  listen() {
    const { scroll } = this;
    this.hear = () => (this.read(), this.show());
    for (const name of ["frame", "part"]) this.model.on(`change:${name}`, this.hear);
    this.gestures = new Gestures(this.el, this.canvas, (gesture) => this.zoom(gesture));
    this.all.addEventListener("click", () => (this.lookAt(null), scroll.focus({ preventScroll: true })));
    scroll.addEventListener("mousemove", (event) => this.look(this.gestures.isDragged ? null : this.cellAt(event)));
    scroll.addEventListener("mouseleave", () => this.look(null));
    scroll.addEventListener("blur", () => this.look(null));
    scroll.addEventListener("scroll", () => (this.look(null), this.frame && this.drawSpan()));
    scroll.addEventListener("keydown", (event) => this.press(event));
    this.stops = [onPick(this.el, () => ((this.isSought = true), this.show())), onLook(this.el, () => this.show())];
    this.sizes = new ResizeObserver(() => this.show());
    this.sizes.observe(this.el);
    this.repaint = () => (this.colors.forget(), this.show());
    this.themes = new MutationObserver(this.repaint);
    for (const host of [document.documentElement, document.body]) this.themes.observe(host, { attributes: true });
    this.darkness = matchMedia("(prefers-color-scheme: dark)");
    this.darkness.addEventListener("change", this.repaint);
  }

  close() {
    this.isClosed = true;
    clearTimeout(this.asking);
    for (const name of ["frame", "part"]) this.model.off(`change:${name}`, this.hear);
    this.sizes.disconnect();
    this.themes.disconnect();
    this.darkness.removeEventListener("change", this.repaint);
    for (const stop of this.stops) stop();
  }

  read() {
    [this.allRows, this.part] = ["frame", "part"].map((name) => readCells(this.model.get(name)));
  }

  // Zooming

  get rows() {
    return this.allRows.bins * this.allRows.width;
  }

  get least() {
    return this.isSaved ? LEAST_BINS * this.allRows.width : LEAST_ROWS;
  }

  rowAt(x) {
    return this.frame.first + (this.from + x / this.pitch) * this.frame.width;
  }

  zoom(gesture) {
    const { rows, least, window } = this;
    if (gesture === "all") this.lookAt(null);
    else if (gesture.click) this.choose(this.cellAt(gesture.click));
    else if (gesture.select) {
      const [first, end] = gesture.select.map((x) => this.rowAt(x));
      this.lookAt(withinRun({ first: Math.floor(first), end: Math.ceil(end) }, rows, least));
    } else if (gesture.zoom) this.lookAt(zoomedAround(window, this.rowAt(gesture.x), gesture.zoom, rows, least));
    else this.lookAt(movedBy(window, (gesture.move / this.pitch) * this.frame.width, rows));
  }

  lookAt(window) {
    const { first, end } = this.window ?? {};
    if (window?.first === first && window?.end === end) return;
    this.window = window;
    this.at = null;
    this.show();
    clearTimeout(this.asking);
    // a picture with a bin for each row has all there is
    if (this.allRows.width > 1 && !this.isSaved) this.asking = setTimeout(() => this.ask(), ASK_AFTER);
  }

  ask() {
    const { window } = this;
    this.model.send({ cells: window && { ...window, pixels: Math.round(this.canvas.clientWidth) } });
  }

  // Drawing: once an animation frame, and not at all while nobody can see it

  show() {
    if (this.isDue || this.isClosed) return;
    this.isDue = true;
    requestAnimationFrame(() => {
      this.isDue = false;
      if (!this.isClosed && this.el.clientWidth) this.draw();
    });
  }

  draw() {
    Object.assign(this, framePart(this.window, this.allRows, this.part));
    const { frame } = this, isEmpty = !frame || !frame.names.length || !frame.bins;
    this.empty.hidden = !isEmpty;
    this.whole.hidden = isEmpty;
    if (isEmpty) return;
    this.drawLabels();
    this.drawLegend();
    this.drawCells();
    this.drawPick();
    this.drawShown();
    this.drawSpan();
    this.drawAxis();
    this.drawLooked();
  }

  drawLabels() {
    const { names, labels, colors } = this.frame;
    const room = (this.whole.clientHeight - this.legend.offsetHeight - AXIS - 10) / names.length;
    this.lane = Math.max(LEAST_LANE, Math.min(MOST_LANE, Math.floor(room)));
    // whole lines, or the last would look as if it were the last of all
    this.lines = Math.max(1, Math.floor((room * names.length) / this.lane));
    this.scroll.style.maxHeight = this.lines < names.length ? `${this.lines * this.lane}px` : "";
    const key = JSON.stringify([names, this.lane]);
    if (key !== this.labelled) {
      this.labelled = key;
      this.labels.replaceChildren();
      names.forEach((name, place) => {
        const label = make("div", "", this.labels);
        Object.assign(label.style, { height: `${this.lane}px`, lineHeight: `${this.lane}px` });
        label.title = name;
        make("i", `ng-dot ng-${colors[place]}`, label);
        label.append(labels[place]);
      });
    }
    this.left = this.labels.offsetWidth;
    const { from, to } = this, pitch = (this.scroll.clientWidth - this.left) / (to - from);
    this.pitch = this.frame.width > 1 ? pitch : Math.min(WIDEST, pitch);
  }

  // Whether each cell has room for a mark, by which its state is told without its colour
  get hasMarks() {
    return this.frame.width === 1 && this.pitch >= LEAST_PITCH;
  }

  drawLegend() {
    const { ended, colors } = this.frame, states = legendStates(this.explained, this.allRows);
    if (String(states) !== String(this.explained)) {
      this.legend.replaceChildren();
      this.swatches = states.map((state) => {
        const entry = make("span", "", this.legend), canvas = make("canvas", "", entry);
        return { state, canvas, word: make("span", "", entry) };
      });
    }
    this.explained = states;
    for (const { state, canvas, word } of this.swatches) {
      word.textContent = sayState(state, ended);
      paintState(takeCanvas(canvas, 11, 11), this.colors, colors[0], state, [0, 0, 11, 11], this.hasMarks);
    }
  }

  drawSpan() {
    const { window, frame, span, all } = this, count = (number) => number.toLocaleString("en");
    const words = window ? [`rows ${count(window.first)} to ${count(window.end - 1)}`] : [];
    if (frame.width > 1) words.push(`${count(frame.width)} rows a bar`);
    if (!window && !this.hasMarks) words.push("drag to zoom");
    const { scrollTop } = this.scroll, hidden = frame.names.length - this.lines;
    const below = hidden - Math.floor(scrollTop / this.lane + 0.01);
    if (hidden > 0) words.unshift(below > 0 ? `${below} more columns below` : `${hidden} more columns above`);
    span.textContent = words.join(" · ");
    all.hidden = !window;
    this.whole.classList.toggle("ng-zoomed", Boolean(window));
    this.gestures.waits = Boolean(window);
  }

  drawCells() {
    const { frame, lane, from, to } = this, { names, colors, bins } = frame;
    const width = this.scroll.clientWidth - this.left;
    const gap = frame.width > 1 || this.pitch < LEAST_SQUARE ? 0 : this.pitch < 8 ? 1 : 2, between = lane >= 16 ? 3 : 2;
    const ratio = devicePixelRatio || 1, edge = (bin) => Math.round((bin - from) * this.pitch * ratio) / ratio;
    const pen = takeCanvas(this.canvas, width, lane * names.length);
    names.forEach((_, place) => {
      for (let bin = from, end; bin < to; bin = end) {
        end = gap ? bin + 1 : this.endOfSame(place, bin);
        const box = [edge(bin), place * lane + 1, edge(end) - edge(bin) - gap, lane - between];
        this.paint(pen, place * bins + bin, colors[place], box);
      }
    });
    const states = WORDS.map((word, state) => [word, frame.masks.reduce((sum, mask) => sum + ((mask >> state) & 1), 0)]);
    const said = states.filter(([, count]) => count).map(([word, count]) => `${count} ${word}`).join(", ");
    this.scroll.setAttribute("aria-label", `Cells of ${names.length} columns: ${said}. Arrow keys look at one, Enter opens its row; plus and minus zoom, 0 shows all rows.`);
  }

  // A frame around the line of the node that is picked in the DAG; the line comes into sight when it is

  drawPick() {
    const { mark, lane } = this, place = this.frame.nodes.indexOf(pickedIn(this.el));
    mark.hidden = place < 0;
    Object.assign(mark.style, { top: `${place * lane - 1}px`, height: `${lane}px` });
    if (this.isSought && place >= 0) this.showLine(place);
    this.isSought = false;
  }

  // A frame around the row, or the stretch of rows, whose record is open

  drawShown() {
    const { shown, frame, pitch, lane } = this, row = lookedAt(this.el)?.row ?? -1;
    const bin = Math.floor((row - frame.first) / frame.width);
    shown.hidden = row < 0 || bin < this.from || bin >= this.to;
    const place = { left: this.left + (bin - this.from) * pitch - 2, width: Math.max(pitch + 2, 6), height: lane * frame.names.length };
    for (const [name, pixels] of Object.entries(place)) shown.style[name] = `${pixels}px`;
  }

  showLine(place) {
    const { lane, scroll } = this;
    scroll.scrollTop = Math.min(scroll.scrollTop, place * lane);
    scroll.scrollTop = Math.max(scroll.scrollTop, (place + 1) * lane - scroll.clientHeight);
  }

  // Cells that touch and are in the same state are drawn as one

  endOfSame(place, bin) {
    const { masks, bins } = this.frame, mask = masks[place * bins + bin];
    let end = bin + 1;
    if (mask & (mask - 1)) return end;
    while (end < this.to && masks[place * bins + end] === mask) end++;
    return end;
  }

  paint(pen, cell, color, [x, y, width, height]) {
    const states = statesOf(this.frame, cell);
    if (states.length < 2) {
      for (const [state] of states) paintState(pen, this.colors, color, state, [x, y, width, height], this.hasMarks);
      return;
    }
    const counts = new Map(states), total = states.reduce((sum, [, count]) => sum + count, 0);
    // what has failed must be seen, however little of a stretch it is
    const failed = counts.has(HAS_FAILED) ? Math.max(LEAST_FAILED, (height * counts.get(HAS_FAILED)) / total) : 0;
    const others = total - (counts.get(HAS_FAILED) ?? 0);
    let bottom = y + height;
    for (const state of UPWARDS) {
      if (!counts.has(state)) continue;
      const share = state === HAS_FAILED ? failed : ((height - failed) * counts.get(state)) / others;
      bottom -= share;
      paintState(pen, this.colors, color, state, [x, bottom, width, share], false);
    }
  }

  drawAxis() {
    const { width, first } = this.frame, across = this.el.clientWidth;
    const pen = takeCanvas(this.axis, across, AXIS), perRow = this.pitch / width;
    const step = this.step(56 / perRow);
    pen.fillStyle = this.colors.get("soft");
    pen.font = `11px ${getComputedStyle(this.el).fontFamily}`;
    pen.textAlign = "center";
    const origin = this.canvas.getBoundingClientRect().left - this.el.getBoundingClientRect().left;
    const begin = first + this.from * width, end = first + this.to * width;
    for (let row = Math.ceil(begin / step) * step; row < end; row += step) {
      const x = origin + (width === 1 ? (row - begin + 0.5) * this.pitch - 1 : (row - begin) * perRow);
      const word = row.toLocaleString("en"), half = pen.measureText(word).width / 2;
      if (x + half < across - 4) pen.fillText(word, x, 14);
    }
  }

  step(least) {
    for (let power = 1; ; power *= 10) {
      for (const neat of NEAT) if (neat * power >= least) return neat * power;
    }
  }

  // What the user looks at

  cellAt(event) {
    const box = this.canvas.getBoundingClientRect();
    const place = Math.floor((event.clientY - box.top) / this.lane), bin = this.from + Math.floor((event.clientX - box.left) / this.pitch);
    const isThere = this.frame && place >= 0 && place < this.frame.names.length && bin >= this.from && bin < this.to;
    return isThere ? { place, bin } : null;
  }

  look(at) {
    this.at = at;
    this.drawLooked();
  }

  press(event) {
    const { key } = event, { frame } = this;
    const [right, down] = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[key] ?? [0, 0];
    if (!frame || event.target !== this.scroll) return;
    if (key === "+" || key === "=" || key === "-") this.zoomByKey(key === "-" ? STEP : 1 / STEP);
    else if (key === "0") this.lookAt(null);
    else if (key === "Enter") this.choose(this.at);
    else if (key === "Escape" && this.at) this.look(null);
    else if (right || down) {
      const { place, bin } = this.at ?? { place: 0, bin: this.from };
      if (this.at && (bin + right < this.from || bin + right >= this.to) && this.moveWindow(right)) return event.preventDefault();
      const within = (number, begin, end) => Math.min(Math.max(begin, number), end - 1);
      const moved = { place: within(place + down, 0, frame.names.length), bin: within(bin + right, this.from, this.to) };
      this.showLine(moved.place);
      this.look(this.at ? moved : { place, bin });
    } else return;
    event.preventDefault();
  }

  zoomByKey(factor) {
    const row = this.at ? this.firstRow(this.at.bin) : (this.rowAt(0) + this.rowAt(this.canvas.clientWidth)) / 2;
    this.lookAt(zoomedAround(this.window, row, factor, this.rows, this.least));
  }

  // By half a window; gives whether there was anywhere to go
  moveWindow(direction) {
    const { window, rows } = this, moved = movedBy(window, window && Math.ceil((direction * (window.end - window.first)) / 2), rows);
    if (!window || moved.first === window.first) return false;
    this.lookAt(moved);
    return true;
  }

  firstRow(bin) {
    return this.frame.first + bin * this.frame.width;
  }

  choose(at) {
    if (!at) return;
    const row = this.firstRow(at.bin);
    lookAt(this.el, { row, node: this.frame.nodes[at.place] });
    this.model.send({ record: row });
  }

  drawLooked() {
    const { at, frame, card } = this;
    card.hidden = !at || !frame || at.bin < this.from || at.bin >= this.to || at.place >= frame.names.length;
    if (card.hidden) return;
    this.fillCard(at);
    const cells = this.canvas.getBoundingClientRect(), pane = this.el.getBoundingClientRect();
    const x = cells.left - pane.left + (at.bin - this.from + 1) * this.pitch + 6, y = cells.top - pane.top + (at.place + 1) * this.lane + 2;
    const isRight = x + card.offsetWidth > pane.width - 4;
    const isBelow = y + card.offsetHeight > pane.height - 4;
    card.style.left = `${Math.max(4, isRight ? x - this.pitch - card.offsetWidth - 12 : x)}px`;
    card.style.top = `${Math.max(2, isBelow ? y - this.lane - card.offsetHeight - 4 : y)}px`;
  }

  fillCard({ place, bin }) {
    const { card, frame } = this, { width, names, bins, ended, notes } = frame;
    const states = statesOf(frame, place * bins + bin), first = this.firstRow(bin);
    const rows = width === 1 ? `row ${first.toLocaleString("en")}` : `rows ${first.toLocaleString("en")} to ${(first + width - 1).toLocaleString("en")}`;
    card.replaceChildren();
    make("b", "", card, `${names[place]} · ${rows}`);
    for (const [state, count] of states) {
      const said = state === IS_KEPT ? "kept: an earlier run made it" : sayState(state, ended);
      const words = count === null ? `${width > 1 ? "all " : ""}${said}` : `${count.toLocaleString("en")} ${sayState(state, ended)}`;
      make("div", state === HAS_FAILED ? "ng-bad" : "", card, words);
    }
    if (!states.length) make("div", "", card, "no rows");
    if (notes[first]) make("div", "ng-bad", card, notes[first]);
  }
}

function render({ model, el }) {
  el.classList.add("ng-pane", "ng-cells-pane");
  const cells = new Cells(model, el);
  return () => cells.close();
}

export default { render };
