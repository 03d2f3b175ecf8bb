// The cells: rows across, columns down, a square for each cell or a bar for a stretch of rows. This file stands behind
// chart.js in one module.
//
// frame: see views/cells.py
//
// The page says { record }: the row that somebody chose.

// by their number in a frame's masks; from the bottom of a bar to its top: UPWARDS
const WORDS = ["waiting", "ready", "in flight", "deferred", "done", "skipped", "failed", "dropped"];
const IS_WAITING = 0, IS_READY = 1, IS_FLYING = 2, IS_DEFERRED = 3, IS_DONE = 4, IS_SKIPPED = 5, HAS_FAILED = 6, IS_DROPPED = 7;
const UPWARDS = [IS_DONE, IS_SKIPPED, IS_FLYING, IS_DEFERRED, IS_READY, IS_WAITING, IS_DROPPED, HAS_FAILED];
const LEGEND = [IS_DONE, IS_FLYING, IS_READY, IS_WAITING, IS_DEFERRED, IS_SKIPPED, HAS_FAILED, IS_DROPPED];
const LEAST_LANE = 13, MOST_LANE = 26, WIDEST = 32, LEAST_PITCH = 9, LEAST_FAILED = 2, AXIS = 20;
const NEAT = [1, 2, 5];

function sayState(state, ended) {
  return state === IS_WAITING && ended ? "not made" : WORDS[state];
}

function readCells(frame) {
  if (!frame.masks) return null;
  const { masks, counts } = frame;
  const bytes = new Uint8Array(masks.buffer.slice(masks.byteOffset, masks.byteOffset + masks.byteLength));
  const Numbers = frame.width > 0xffff ? Uint32Array : Uint16Array;
  const numbers = new Numbers(counts.buffer.slice(counts.byteOffset, counts.byteOffset + counts.byteLength));
  // where the counts of each cell begin
  const first = new Uint32Array(bytes.length);
  let at = 0;
  bytes.forEach((mask, cell) => {
    first[cell] = at;
    if (mask & (mask - 1)) for (let bits = mask; bits; bits &= bits - 1) at++;
  });
  return { ...frame, masks: bytes, counts: numbers, first };
}

// Pairs of a state and the number of cells that are in it; one alone has no number

function statesOf({ masks, counts, first }, cell) {
  const states = WORDS.map((_, state) => state).filter((state) => masks[cell] & (1 << state));
  return states.map((state, at) => [state, states.length > 1 ? counts[first[cell] + at] : null]);
}

// One state, in a box. A state can be told from its shape as well as from its colour, where there is room

function paintState(pen, colors, color, state, [x, y, width, height], isWide) {
  const isRoomy = isWide && height >= LEAST_PITCH - 2, round = isRoomy ? 3 : 0;
  const fill = (name, opacity = 1) => {
    pen.fillStyle = colors.get(name, opacity);
    if (!round) return pen.fillRect(x, y, width, height);
    pen.beginPath();
    pen.roundRect(x, y, width, height, round);
    pen.fill();
  };
  const line = (name, width, draw, dash = []) => {
    pen.strokeStyle = colors.get(name);
    pen.lineWidth = width;
    pen.setLineDash(dash);
    pen.beginPath();
    draw();
    pen.stroke();
  };
  const [middleX, middleY] = [x + width / 2, y + height / 2];
  if (state === IS_WAITING) fill("waiting");
  else if (state === IS_READY) fill("ready");
  else if (state === IS_FLYING) fill(color, 0.42);
  else if (state === IS_DONE) fill(color);
  else if (state === HAS_FAILED) {
    fill("bad");
    const reach = Math.min(width, height) / 5;
    if (isRoomy) {
      line("background", 1.6, () => {
        for (const slope of [1, -1]) {
          pen.moveTo(middleX - reach, middleY - slope * reach);
          pen.lineTo(middleX + reach, middleY + slope * reach);
        }
      });
    }
  } else if (state === IS_DEFERRED) {
    fill("ready");
    pen.save();
    pen.beginPath();
    pen.rect(x, y, width, height);
    pen.clip();
    line("bad", 1.2, () => {
      for (let from = x - height; from < x + width; from += 5) {
        pen.moveTo(from, y + height);
        pen.lineTo(from + height, y);
      }
    });
    pen.restore();
  } else if (state === IS_SKIPPED) {
    fill(color, 0.16);
    line(color, 1.4, () => {
      pen.moveTo(isRoomy ? middleX - 3 : x, middleY);
      pen.lineTo(isRoomy ? middleX + 3 : x + width, middleY);
    });
  } else if (isRoomy) {
    line("bad", 1, () => pen.roundRect(x + 0.5, y + 0.5, width - 1, height - 1, round), [2, 2]);
  } else {
    fill("bad", 0.22);
  }
}

function takeCanvas(canvas, width, height) {
  const ratio = devicePixelRatio || 1;
  const [across, down] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== across || canvas.height !== down) Object.assign(canvas, { width: across, height: down });
  Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  return pen;
}

class Cells {
  constructor(model, el) {
    this.model = model;
    this.el = el;
    this.at = null; // the cell that is looked at: { place, bin }
    this.empty = make("p", "ng-empty", el, "A square for each cell will stand here: rows across, columns down.");
    this.whole = make("div", "ng-cells", el);
    this.legend = make("div", "ng-cells-legend", this.whole);
    this.scroll = make("div", "ng-scroll ng-cells-scroll", this.whole);
    this.labels = make("div", "ng-cells-labels", this.scroll);
    this.canvas = make("canvas", "", this.scroll);
    this.axis = make("canvas", "ng-cells-axis", this.whole);
    this.card = make("div", "ng-card", el);
    this.card.setAttribute("aria-live", "polite");
    this.card.hidden = true;
    Object.assign(this.scroll, { tabIndex: 0 });
    this.scroll.dataset.lmSuppressShortcuts = "true"; // or JupyterLab would take the arrow keys for its own
    this.scroll.setAttribute("role", "application");
    this.colors = new Colors(el);
    this.read();
    this.listen();
    this.show();
  }

  listen() {
    const { scroll } = this;
    this.hear = () => (this.read(), this.show());
    this.model.on("change:frame", this.hear);
    scroll.addEventListener("mousemove", (event) => this.look(this.cellAt(event), true));
    scroll.addEventListener("mouseleave", () => this.look(null));
    scroll.addEventListener("blur", () => this.look(null));
    scroll.addEventListener("scroll", () => this.look(null));
    scroll.addEventListener("click", (event) => this.choose(this.cellAt(event)));
    scroll.addEventListener("keydown", (event) => this.press(event));
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
    this.model.off("change:frame", this.hear);
    this.sizes.disconnect();
    this.themes.disconnect();
    this.darkness.removeEventListener("change", this.repaint);
  }

  read() {
    this.frame = readCells(this.model.get("frame"));
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
    const { frame } = this, isEmpty = !frame || !frame.names.length || !frame.bins;
    this.empty.hidden = !isEmpty;
    this.whole.hidden = isEmpty;
    if (isEmpty) return;
    this.drawLabels();
    this.drawLegend();
    this.drawCells();
    this.drawAxis();
    this.drawLooked();
  }

  drawLabels() {
    const { names, colors } = this.frame;
    const room = (this.whole.clientHeight - this.legend.offsetHeight - AXIS - 10) / names.length;
    this.lane = Math.max(LEAST_LANE, Math.min(MOST_LANE, Math.floor(room)));
    const key = JSON.stringify([names, this.lane]);
    if (key !== this.labelled) {
      this.labelled = key;
      this.labels.replaceChildren();
      names.forEach((name, place) => {
        const label = make("div", "", this.labels);
        Object.assign(label.style, { height: `${this.lane}px`, lineHeight: `${this.lane}px` });
        label.title = name;
        make("i", `ng-dot ng-${colors[place]}`, label);
        label.append(name);
      });
    }
    this.left = this.labels.offsetWidth;
  }

  drawLegend() {
    const { ended, colors } = this.frame;
    if (!this.swatches) {
      this.swatches = LEGEND.map((state) => {
        const entry = make("span", "", this.legend), canvas = make("canvas", "", entry);
        return { state, canvas, word: make("span", "", entry) };
      });
    }
    for (const { state, canvas, word } of this.swatches) {
      word.textContent = sayState(state, ended);
      paintState(takeCanvas(canvas, 11, 11), this.colors, colors[0], state, [0, 0, 11, 11], true);
    }
  }

  drawCells() {
    const { frame, lane } = this, { names, colors, bins } = frame;
    const width = this.scroll.clientWidth - this.left;
    this.pitch = frame.width > 1 ? width / bins : Math.min(WIDEST, width / bins);
    const gap = frame.width > 1 || this.pitch < 4 ? 0 : this.pitch < 8 ? 1 : 2, between = lane >= 16 ? 3 : 2;
    const ratio = devicePixelRatio || 1, edge = (bin) => Math.round(bin * this.pitch * ratio) / ratio;
    const pen = takeCanvas(this.canvas, width, lane * names.length);
    names.forEach((_, place) => {
      for (let bin = 0, end; bin < bins; bin = end) {
        end = gap ? bin + 1 : this.endOfSame(place, bin);
        const box = [edge(bin), place * lane + 1, edge(end) - edge(bin) - gap, lane - between];
        this.paint(pen, place * bins + bin, colors[place], box);
      }
    });
    const states = WORDS.map((word, state) => [word, frame.masks.reduce((sum, mask) => sum + ((mask >> state) & 1), 0)]);
    const said = states.filter(([, count]) => count).map(([word, count]) => `${count} ${word}`).join(", ");
    this.scroll.setAttribute("aria-label", `Cells of ${names.length} columns: ${said}. Arrow keys look at one, Enter opens its row.`);
  }

  // Cells that touch and are in the same state are drawn as one

  endOfSame(place, bin) {
    const { masks, bins } = this.frame, mask = masks[place * bins + bin];
    let end = bin + 1;
    if (mask & (mask - 1)) return end;
    while (end < bins && masks[place * bins + end] === mask) end++;
    return end;
  }

  paint(pen, cell, color, [x, y, width, height]) {
    const states = statesOf(this.frame, cell), isWide = this.frame.width === 1 && this.pitch >= LEAST_PITCH;
    if (states.length < 2) {
      for (const [state] of states) paintState(pen, this.colors, color, state, [x, y, width, height], isWide);
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
    const { bins, width } = this.frame, across = this.el.clientWidth;
    const pen = takeCanvas(this.axis, across, AXIS), perRow = this.pitch / width;
    const step = this.step(56 / perRow);
    pen.fillStyle = this.colors.get("soft");
    pen.font = `11px ${getComputedStyle(this.el).fontFamily}`;
    pen.textAlign = "center";
    const origin = this.canvas.getBoundingClientRect().left - this.el.getBoundingClientRect().left;
    for (let row = 0; row < bins * width; row += step) {
      const x = origin + (width === 1 ? (row + 0.5) * this.pitch - 1 : row * perRow);
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
    const place = Math.floor((event.clientY - box.top) / this.lane), bin = Math.floor((event.clientX - box.left) / this.pitch);
    const isThere = this.frame && place >= 0 && place < this.frame.names.length && bin >= 0 && bin < this.frame.bins;
    return isThere ? { place, bin } : null;
  }

  look(at) {
    this.at = at;
    this.drawLooked();
  }

  press(event) {
    const { key } = event, { frame } = this;
    const [right, down] = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[key] ?? [0, 0];
    if (!frame) return;
    if (key === "Enter") this.choose(this.at);
    else if (key === "Escape") this.look(null);
    else if (right || down) {
      const { place, bin } = this.at ?? { place: 0, bin: 0 };
      const within = (number, end) => Math.min(Math.max(0, number), end - 1);
      const moved = { place: within(place + down, frame.names.length), bin: within(bin + right, frame.bins) };
      this.scroll.scrollTop = Math.min(this.scroll.scrollTop, moved.place * this.lane);
      this.scroll.scrollTop = Math.max(this.scroll.scrollTop, (moved.place + 1) * this.lane - this.scroll.clientHeight);
      this.look(this.at ? moved : { place, bin });
    } else return;
    event.preventDefault();
  }

  choose(at) {
    if (at) this.model.send({ record: at.bin * this.frame.width });
  }

  drawLooked() {
    const { at, frame, card } = this;
    card.hidden = !at || !frame || at.bin >= frame.bins || at.place >= frame.names.length;
    if (card.hidden) return;
    this.fillCard(at);
    const cells = this.canvas.getBoundingClientRect(), pane = this.el.getBoundingClientRect();
    const x = cells.left - pane.left + (at.bin + 1) * this.pitch + 6, y = cells.top - pane.top + (at.place + 1) * this.lane + 2;
    const isRight = x + card.offsetWidth > pane.width - 4;
    const isBelow = y + card.offsetHeight > pane.height - 4;
    card.style.left = `${Math.max(4, isRight ? x - this.pitch - card.offsetWidth - 12 : x)}px`;
    card.style.top = `${Math.max(2, isBelow ? y - this.lane - card.offsetHeight - 4 : y)}px`;
  }

  fillCard({ place, bin }) {
    const { card, frame } = this, { width, names, bins, ended, notes } = frame;
    const states = statesOf(frame, place * bins + bin), first = bin * width;
    const rows = width === 1 ? `row ${first.toLocaleString("en")}` : `rows ${first.toLocaleString("en")} to ${(first + width - 1).toLocaleString("en")}`;
    card.replaceChildren();
    make("b", "", card, `${names[place]} · ${rows}`);
    for (const [state, count] of states) {
      const words = count === null ? `${width > 1 ? "all " : ""}${sayState(state, ended)}` : `${count.toLocaleString("en")} ${sayState(state, ended)}`;
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
