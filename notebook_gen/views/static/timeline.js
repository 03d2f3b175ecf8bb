// The timeline: draws the chart, and lets the user look around in it. This file stands behind chart.js, pick.js, look.js,
// load.js, move.js, click.js, pager.js, row_turns.js, card.js and timeline_keys.js in one module.
//
// template: layout, names and colour names
// frame:    lanes, bars, grid and load of the whole run; detail: the same of the window that was asked for last
// frames:   frames of other kinds of lanes, where nobody can be asked for them: in a saved page; pages: of rows, in order
// clock:    now, whether the run is going on, a note, what stands below the names of lanes
// picture:  the chart as SVG, for as long as plotly.js is not there
//
// The page says: { plotly: "needed" | "there" | "failed" }, { window } when somebody looks at a part of the run,
// { lanes } when somebody wants other lanes, { turn } when somebody turns to other rows (null: to the newest), and { record }
// when somebody clicks a bar: its row.

const LANES = {
  slots: "Who was busy with what",
  rows: "How each row came about. Thin: waiting for a slot; dotted: while its endpoint cooled down; thick: in flight",
  columns: "How many tasks of each column were in flight",
};
const GESTURES = "In the chart: drag to zoom, or press Ctrl and scroll; Shift and drag to move; double-click for the whole run";
const STEP_AHEAD = 0.03; // of the axis: how far the room ahead of now may be off
const PATIENCE = 150; // ms from the last move to asking for a window's detail

class Timeline {
  constructor(model, el) {
    this.model = model;
    this.window = null; // what the user looks at: { start, width } in seconds; null: the whole run
    this.follows = true;
    this.end = 0;
    this.hovered = null;
    const head = make("div", "ng-section", el);
    make("b", "", head, "Timeline").title = `${GESTURES}. With the keyboard: ${KEYS.toLowerCase()}`;
    this.note = make("span", "", head);
    this.turns = new RowTurns(head, (asked) => this.turn(asked));
    make("span", "ng-space", head);
    this.whole = make("button", "ng-pill", head, "whole run");
    this.whole.onclick = ({ detail: isByPointer }) => {
      this.lookAtAll();
      if (!isByPointer) this.stage.focus({ preventScroll: true }); // the button goes
    };
    this.makeSwitch(head);
    this.pill = make("button", "ng-pill ng-follow", head, "follow");
    this.pill.title = `Keep the newest in sight. ${GESTURES}`;
    this.pill.onclick = () => this.pressFollow();
    this.stage = make("div", "ng-stage", el);
    this.plot = make("div", "ng-plot", this.stage);
    this.picture = make("div", "ng-picture", this.stage);
    this.marks = make("div", "ng-marks", this.stage);
    this.wait = make("i", "ng-wait", this.marks);
    this.ring = make("i", "ng-ring", this.marks);
    this.looked = make("i", "ng-ring ng-looked", make("div", "ng-marks", this.stage));
    this.card = make("div", "ng-card", this.stage);
    this.marks.hidden = this.card.hidden = this.looked.parentNode.hidden = true; // nothing is pointed at yet
    this.colors = new Colors(el);
    this.read();
    this.listen();
    this.show();
  }

  makeSwitch(head) {
    const group = make("span", "ng-switch", head, "lanes:");
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", "lanes");
    this.choices = Object.entries(LANES).map(([kind, title]) => {
      const choice = make("button", "ng-pill", group, kind);
      choice.title = title;
      choice.onclick = () => this.choose(kind);
      return [kind, choice];
    });
  }

  listen() {
    const { model } = this;
    for (const name of ["template", "clock", "picture"]) model.on(`change:${name}`, () => this.show());
    for (const name of ["frame", "detail"]) model.on(`change:${name}`, () => (this.read(), this.show()));
    model.on("change:frame", () => {
      if (this.frame?.lanes.kind === this.wanted) this.wanted = null;
    });
    if (!page.plotly) page.waiting.push(() => this.isClosed || (ask(model), this.show()));
    onMove(this.plot, () => this.scale?.range, (by, [from, to]) => this.move(by * (to - from), from, to));
    onKeys(this.stage, () => this.scale, {
      look: (from, to) => this.look(from, to), move: (by, from, to) => this.move(by, from, to), all: () => this.lookAtAll(),
    });
    this.sizes = new ResizeObserver(() => this.show());
    this.sizes.observe(this.stage);
    const repaint = () => (this.colors.forget(), this.show());
    this.themes = new MutationObserver(repaint);
    for (const host of [document.documentElement, document.body]) this.themes.observe(host, { attributes: true });
    this.darkness = matchMedia("(prefers-color-scheme: dark)");
    this.darkness.addEventListener("change", repaint);
    this.repaint = repaint;
    this.stops = [onPick(this.stage, () => this.show()), onLook(this.stage, () => this.show())];
  }

  close() {
    this.isClosed = true;
    this.sizes.disconnect();
    this.themes.disconnect();
    this.darkness.removeEventListener("change", this.repaint);
    for (const stop of this.stops) stop();
    if (this.isDrawn) page.plotly.purge(this.plot);
  }

  read() {
    this.frame = readFrame(this.saved ?? this.model.get("frame"));
    this.detail = readFrame(this.model.get("detail"));
  }

  // Drawing: once an animation frame, however often something changes

  show() {
    if (this.isDue || this.isClosed) return;
    this.isDue = true;
    requestAnimationFrame(() => {
      this.isDue = false;
      if (this.isClosed) return;
      try {
        this.draw();
      } catch (error) {
        this.fail(error);
      }
    });
  }

  // A chart that cannot be drawn gives way to pictures, which Python goes on sending, and says so

  fail(error) {
    console.warn("notebook_gen: the timeline could not be drawn", error);
    this.error = String(error);
    this.plot.hidden = true;
    this.hovered = null;
    this.drawHovered();
    this.model.send({ plotly: "failed" });
    this.show();
  }

  draw() {
    const template = this.model.get("template"), clock = this.model.get("clock");
    this.drawHead(clock);
    this.stage.style.height = `${template.layout?.height ?? 0}px`;
    const canDraw = page.plotly && !this.error && this.frame && template.names && this.stage.clientWidth;
    this.picture.hidden = Boolean(canDraw) || (this.isDrawn && !this.error);
    if (!this.picture.hidden) this.drawPicture();
    if (!canDraw) return;
    // drawn anew, plotly would lose what is being dragged; it has no public word for that
    if (this.plot._dragging) return writeFigures(this.plot, labelsOf(this.drawn, clock)), void setTimeout(() => this.show(), 100);
    const range = this.range(clock), frame = this.frameFor(range, clock);
    const width = this.stage.clientWidth, { margin } = template.layout, left = frame.lanes.label_width;
    this.scale = { range, left, top: margin.t, width: width - left - margin.r };
    const font = getComputedStyle(this.stage).fontFamily, widthOf = (words) => this.colors.widthOf(words, font);
    const traces = drawTraces(template, frame, clock.now, { range, perPixel: (range[1] - range[0]) / this.scale.width, widthOf }, this.colors, this.picked(template));
    page.plotly.react(this.plot, traces, this.layout(template, frame, clock, range), { displayModeBar: false, doubleClick: false, showTips: false });
    nameLabels(this.plot, frame.titles);
    this.drawn = frame;
    if (!this.isDrawn) this.begin();
    this.isDrawn = true;
    this.drawHovered();
    this.drawLooked();
  }

  drawHead({ note, running }) {
    const kind = this.wanted ?? this.frame?.lanes.kind ?? "slots";
    const shown = this.window && fits(this.detail, this.frame) ? this.detail : this.frame;
    for (const [own, choice] of this.choices) {
      choice.classList.toggle("ng-on", own === kind);
      choice.setAttribute("aria-pressed", own === kind);
    }
    const canTurn = this.turns.show(shown?.rows, shown?.note);
    this.note.textContent = this.note.title = [this.sayPicked(), note, !canTurn && shown?.note].filter(Boolean).join(" · ");
    const follows = running && this.follows && !shown?.rows?.chosen;
    this.pill.hidden = !running;
    this.whole.hidden = !this.window;
    this.stage.classList.toggle("ng-zoomed", this.window !== null);
    this.pill.classList.toggle("ng-on", follows);
    this.pill.setAttribute("aria-pressed", follows);
  }

  // The node that is picked in the DAG; null if nothing of it could be seen here

  picked({ resource_of: resources }) {
    const node = pickedIn(this.stage);
    return resources[node] >= 0 ? node : null;
  }

  sayPicked() {
    const node = pickedIn(this.stage), template = this.model.get("template"), name = template.names?.[node];
    if (node === null || name === undefined) return "";
    return this.picked(template) === null ? `${name} makes no calls` : `${name} in full colour`;
  }

  drawPicture() {
    const html = this.model.get("picture");
    const error = this.error ?? page.error;
    const words = error ? `The interactive chart could not be drawn: ${error}` : "";
    if (this.shownPicture === html + words) return;
    this.shownPicture = html + words;
    this.picture.innerHTML = html; // Python's, as in pane.js
    if (words) make("p", "ng-note ng-warning", this.picture, words);
  }

  layout(template, frame, clock, range) {
    const layout = this.colors.resolve(template.layout), { lanes } = frame;
    layout.width = this.stage.clientWidth;
    layout.margin.l = lanes.label_width;
    layout.dragmode = "zoom";
    layout.font.family = getComputedStyle(this.stage).fontFamily;
    layout.xaxis = { ...layout.xaxis, range, ...clockTicks(range) };
    layout.yaxis.tickvals = lanes.label_places;
    layout.yaxis.ticktext = labelsOf(frame, clock).map(([name, below]) => (below ? `${name}<br><span style="font-size:10px;color:${this.colors.get("soft")}">${below}</span>` : name));
    layout.shapes = shapes(template, frame, clock, this.colors);
    return layout;
  }

  range(clock) {
    if (!this.window) return this.wholeRange(clock);
    const { start, width } = this.window, { room_ahead: ahead } = this.model.get("template");
    const from = this.follows ? clock.now - (clock.running ? 1 - ahead : 1) * width : start;
    return [from, from + width];
  }

  wholeRange({ now, running }) {
    const { room_ahead: ahead } = this.model.get("template");
    const { since, until } = this.frame, span = now - since;
    if (until !== null) return [since, until];
    if (!running) return [since, Math.max(now, since + 1e-3)];
    // the axis grows in steps, so that bars do not move all the time
    const room = 1 - span / (this.end - since);
    if (!(room > ahead - STEP_AHEAD && room < 2 * ahead)) this.end = Math.max(since + span / (1 - ahead - STEP_AHEAD), since + 1);
    return [since, this.end];
  }

  frameFor([from, to], { now }) {
    const { frame, detail } = this;
    if (!this.window || !fits(detail, frame)) return frame;
    // what follows comes in a little later than the clock
    const late = this.follows ? 1 + 0.1 * (to - from) : 0;
    return detail.start <= Math.max(from, 0) && detail.end >= Math.min(to, now) - late ? detail : frame;
  }

  // What the user does

  begin() {
    this.plot.on("plotly_relayout", (change) => {
      const from = change["xaxis.range[0]"], to = change["xaxis.range[1]"];
      if (from !== undefined) this.look(from, to);
    });
    this.plot.on("plotly_doubleclick", () => this.lookAtAll());
    this.plot.on("plotly_hover", ({ points, event }) => {
      const { started, lane } = this.drawn.bars, at = points[0].customdata;
      if (at === undefined) return;
      const box = this.stage.getBoundingClientRect();
      this.hovered = { started: started[at], lane: lane[at], x: event.clientX - box.left, y: event.clientY - box.top };
      this.drawHovered();
    });
    onClick(this.plot, (at) => {
      const { row, node, attempt, started } = this.drawn.bars;
      const bar = { row: row[at], node: node[at], attempt: attempt[at], started: started[at] };
      return bar.row >= 0 && (() => (lookAt(this.stage, bar), this.model.send({ record: bar.row })));
    }, () => this.hoveredAt());
    this.plot.on("plotly_unhover", () => {
      this.hovered = null;
      this.drawHovered();
    });
  }

  choose(kind) {
    const frames = this.model.get("frames");
    this.end = 0;
    if (frames) {
      this.saved = frames[kind] ?? this.model.get("frame");
      this.window = null;
      this.read();
    } else {
      this.wanted = kind;
      this.model.send({ lanes: kind });
    }
    this.show();
  }

  turn(asked) {
    const pages = this.model.get("pages");
    this.end = 0;
    this.window = null;
    if (pages?.length) (this.saved = pageOf(pages, asked)), this.read();
    else this.model.send({ turn: asked, window: null });
    this.show();
  }

  // From when to when there is something to be seen: the newest rows make room for those of the time that is looked at
  limits() {
    const [begin, end] = this.wholeRange(this.model.get("clock"));
    return [this.frame.rows && !this.frame.rows.chosen ? 0 : begin, end];
  }

  look(from, to) {
    const [begin, end] = this.limits(), width = to - from;
    if (width >= end - begin) return this.lookAtAll();
    // nothing is to be seen outside of the run, and of the room ahead of it
    this.window = { start: Math.max(begin, Math.min(from, end - width)), width };
    this.follows = false;
    this.askForDetail();
    this.show();
  }

  // A move never changes how much is seen; it ends where the run does
  move(by, from, to) {
    const [begin, end] = this.limits();
    if (to - from < end - begin - 1e-6) this.look(from - by, to - by);
  }

  lookAtAll() {
    this.window = null;
    this.follow(true);
  }

  pressFollow() {
    const isTurned = this.frame?.rows?.chosen;
    if (isTurned) this.turn(null);
    this.follow(isTurned || !this.follows);
  }

  follow(follows) {
    if (!this.scale) return;
    const [from, to] = this.scale.range;
    if (!follows) this.window = { start: from, width: to - from };
    // looking at nearly all of it, there is nothing to follow but all of it
    else if (this.window && this.window.width > 0.8 * this.model.get("clock").now) this.window = null;
    this.follows = follows;
    this.askForDetail();
    this.show();
  }

  askForDetail() {
    clearTimeout(this.asking);
    this.asking = setTimeout(() => {
      const window = this.window && { ...this.window, follows: this.follows, pixels: Math.round(this.scale.width) };
      this.model.send({ window });
    }, PATIENCE);
  }

  // A ring around the bar whose record is looked at; floats of two frames may differ in their last digits

  drawLooked() {
    const looked = lookedAt(this.stage), { bars, lanes } = this.drawn;
    const isIt = (row, at) => row === looked?.row && bars.node[at] === looked.node && bars.attempt[at] === looked.attempt
      && Math.abs(bars.started[at] - looked.started) < 1e-3 + 1e-6 * looked.started;
    const at = looked ? bars.row.findIndex(isIt) : -1;
    this.looked.parentNode.hidden = at < 0;
    if (at < 0) return;
    const end = bars.started[at] + secondsOf(this.drawn, at, this.model.get("clock").now);
    this.placeMark(this.looked, at, bars.started[at], end, lanes.thickness + 4);
  }

  placeMark(mark, at, from, to, height) {
    const { range, left, top, width } = this.scale, middle = this.drawn.lanes.middles[this.drawn.bars.lane[at]];
    const toX = (moment) => ((moment - range[0]) / (range[1] - range[0])) * width, x = toX(from);
    Object.assign(mark.parentNode.style, { left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${this.model.get("template").height}px` });
    Object.assign(mark.style, { left: `${x}px`, width: `${Math.max(toX(to) - x, 3)}px`, top: `${middle - height / 2}px`, height: `${height}px` });
  }

  // The card beside a bar, a ring around it, and a thin line before it for as long as its cell waited

  hoveredAt() {
    const { hovered, drawn } = this;
    return hovered ? drawn.bars.started.findIndex((started, at) => Math.abs(started - hovered.started) < 1e-6 * (1 + started) && drawn.bars.lane[at] === hovered.lane) : -1;
  }

  drawHovered() {
    const { hovered, drawn } = this, at = this.hoveredAt();
    this.marks.hidden = this.card.hidden = at < 0;
    this.plot.classList.toggle("ng-on-bar", at >= 0 && drawn.bars.row[at] >= 0);
    if (at < 0) return;
    const template = this.model.get("template"), { now } = this.model.get("clock");
    const { bars, lanes } = drawn, { range, width } = this.scale, seconds = secondsOf(drawn, at, now);
    this.placeMark(this.ring, at, bars.started[at], bars.started[at] + seconds, lanes.thickness + 3);
    this.placeMark(this.wait, at, bars.started[at] - bars.waited[at], bars.started[at], 3);
    this.wait.style.background = this.colors.get(template.colors[bars.node[at]]);
    this.wait.hidden = lanes.kind === "rows" || bars.waited[at] < (range[1] - range[0]) / width;
    fillCard(this.card, template, drawn, at, seconds);
    const [roomX, roomY] = [this.stage.clientWidth - this.card.offsetWidth - 8, this.stage.clientHeight - this.card.offsetHeight - 4];
    this.card.style.left = `${Math.max(4, Math.min(hovered.x + 14, roomX))}px`;
    this.card.style.top = `${Math.max(4, Math.min(hovered.y + 16, roomY))}px`;
  }
}

function initialize({ model }) {
  model.on("msg:custom", (content, buffers) => {
    if (content.plotly === "here") load(buffers[0]);
  });
  ask(model);
}

function render({ model, el }) {
  el.classList.add("ng-pane", "ng-timeline");
  const timeline = new Timeline(model, el);
  return () => timeline.close();
}

export default { initialize, render };
