// The traces of views/gantt_traces.py, made in the page from arrays. A change here is a change there, too; a node can
// be picked here alone.
//
// Text was escaped for plotly in Python. This file stands before timeline.js in one module; see views/widgets.py.

const IN_FLIGHT = 0, FAILED = 2, AGAIN = 4, STATES = 5;
const NOBODY = 0xffff;
const HATCH = { shape: "/", size: 5, solidity: 0.3, fgopacity: 1, fillmode: "overlay" };
const LEAST_PIXELS = 2;
const SMALL_SIZE = 10;
const WORDS_GAP = 8; // pixels between words, and from a word to its moment
const CROSS_PITCH = 12; // pixels from a cross to the next in a lane, at least; what has none has its edge
const ROUND = 10; // pixels of a column's bars that have round corners, on average: those of narrow ones would make beads of them
const FADED = 0.16; // of its opacity is left of what is not picked
const BAND_GAP = 12; // pixels below the last lane
const PAUSE_WIDTH = 44; // pixels that a word about a pause needs
const TYPES = {
  nodes: Uint16Array, shades: Uint8Array, waiting: Uint32Array, in_flight: Uint16Array, moments: Float64Array, limits: Uint16Array,
};
const FLOATS = ["started", "seconds", "waited"];
const SIGNED = { 1: Int8Array, 2: Int16Array, 4: Int32Array }, UNSIGNED = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array };

// Small things

function copyArrays(fields, typeOf = (name) => TYPES[name]) {
  const arrays = {};
  for (const [name, view] of Object.entries(fields ?? {})) {
    const { buffer, byteOffset, byteLength } = view ?? {};
    // a copy, because a view may begin at any byte and arrays may not
    arrays[name] = buffer ? new (typeOf(name, byteLength))(buffer.slice(byteOffset, byteOffset + byteLength)) : view;
  }
  return arrays;
}

// Whole numbers take as few bytes as the largest of a column needs: as many as there are for each bar

function readBars({ bars, start }) {
  const count = bars.state.byteLength, narrowest = (name, bytes) => (name === "row" ? SIGNED : UNSIGNED)[bytes / count] ?? Uint8Array;
  const read = copyArrays(bars, (name, bytes) => (FLOATS.includes(name) ? Float32Array : narrowest(name, bytes)));
  return { ...read, started: Float64Array.from(read.started, (moment) => start + moment), cooled: Float32Array.from(read.cooled, (ms) => ms / 1000) };
}

function readFrame(frame) {
  if (!frame.bars) return null;
  const load = copyArrays(frame.load), last = load.waiting.length - 1;
  load.times = Array.from(load.waiting, (_, at) => load.start + ((load.end - load.start) * at) / last);
  const lanes = { ...frame.lanes, middles: laneMiddles(frame.lanes) }, limits = limitLines(copyArrays(frame.limits), load.end);
  return { ...frame, lanes, limits, bars: readBars(frame), grid: frame.grid && copyArrays(frame.grid), load };
}

// Of each curve the corners of the line of its limit, if it has one

function limitLines({ counts, moments, limits }, end) {
  let at = 0;
  return counts.map((count) => {
    if (!count) return null;
    const line = { moments: [], limits: [] };
    for (const first = at; at < first + count; at++) {
      if (at > first) line.moments.push(moments[at]), line.limits.push(limits[at - 1]);
      line.moments.push(moments[at]), line.limits.push(limits[at]);
    }
    return { moments: [...line.moments, end], limits: [...line.limits, line.limits.at(-1)] };
  });
}

function laneMiddles({ counts, grounds }) {
  return counts.flatMap((count, group) => {
    const [top, bottom] = grounds[group];
    return Array.from({ length: count }, (_, lane) => top + ((bottom - top) * (lane + 0.5)) / count);
  });
}

function writeSeconds(seconds) {
  if (seconds < 0.0995) return `${(seconds * 1000).toFixed(seconds < 0.0095 ? 1 : 0)} ms`;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  return seconds < 99.5 ? `${seconds.toFixed(0)} s` : writeClock(seconds);
}

function writeClock(seconds) {
  const whole = Math.floor(seconds + 1e-6), two = (number) => String(number).padStart(2, "0");
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

const STEPS = [10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 43200, 86400];

// above two minutes, moments are written as on a clock, which plotly cannot; below, plotly's own ticks do
function clockTicks([start, end]) {
  const step = STEPS.find((step) => (end - start) / step <= 10) ?? Math.ceil((end - start) / 864000) * 86400;
  if (end <= 120 || end - start < 60) return { tickmode: "auto" };
  const values = [];
  for (let moment = Math.ceil(Math.max(start, 0) / step) * step; moment <= end; moment += step) values.push(moment);
  return { tickmode: "array", tickvals: values, ticktext: values.map(writeClock) };
}

function make(tag, className, parent, text) {
  const element = document.createElement(tag);
  element.className = className;
  if (text !== undefined) element.textContent = text;
  parent?.append(element);
  return element;
}

// Colours: by their names in the palette, as the page's theme has them at the moment; and widths of words

class Colors {
  constructor(el) {
    this.probe = make("i", "", el);
    this.probe.hidden = true;
    this.canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    this.forget();
  }
  forget() {
    this.known = new Map();
  }
  get(name, opacity = 1) {
    if (!this.known.has(name)) {
      // a computed colour may be a color-mix(), which plotly does not read: let the browser paint it
      this.probe.style.color = `var(--ng-${name.replace("_", "-")})`;
      this.canvas.clearRect(0, 0, 1, 1);
      this.canvas.fillStyle = getComputedStyle(this.probe).color;
      this.canvas.fillRect(0, 0, 1, 1);
      this.known.set(name, [...this.canvas.getImageData(0, 0, 1, 1).data].slice(0, 3).join(","));
    }
    return `rgba(${this.known.get(name)},${opacity})`;
  }
  // Pixels that small words take in a font
  widthOf(words, font) {
    this.canvas.font = `${SMALL_SIZE}px ${font}`;
    return this.canvas.measureText(words).width;
  }
  resolve(thing) {
    if (typeof thing === "string" && thing.startsWith("ng:")) {
      const [name, opacity] = thing.slice(3).split("/");
      return this.get(name, Number(opacity));
    }
    if (Array.isArray(thing)) return thing.map((part) => this.resolve(part));
    if (thing === null || typeof thing !== "object") return thing;
    return Object.fromEntries(Object.entries(thing).map(([key, part]) => [key, this.resolve(part)]));
  }
}

// Names in full, for whoever points at labels; plotly draws those anew as it likes, and in any order

function drawnLabels(plot) {
  return [...plot.querySelectorAll(".ytick text")].sort((one, other) => one.getAttribute("y") - other.getAttribute("y"));
}

function nameLabels(plot, titles) {
  drawnLabels(plot).forEach((label, at) => {
    label.querySelector("title")?.remove();
    if (!titles[at] || label.textContent.startsWith(titles[at])) return;
    const title = document.createElementNS("http://www.w3.org/2000/svg", "title");
    title.textContent = titles[at];
    label.append(title);
  });
}

// Names, and below them what is so now, wherever somebody looks: the clock comes more often than frames do

function labelsOf({ labels, lanes }, { figures }) {
  if (figures?.kind !== lanes.kind) return labels;
  const now = [...lanes.labelled.map((group) => figures.groups[group]), figures.waiting];
  return labels.map(([name, below], at) => [name, below && (now[at] ?? below)]);
}

// The same where plotly must not draw anew; figures are digits and plain words

function writeFigures(plot, labels) {
  drawnLabels(plot).forEach((label, at) => {
    const below = label.querySelector(".line:nth-of-type(2) tspan");
    if (below) below.textContent = labels[at][1];
  });
}

function strengthOf(node, picked) {
  return picked === null || node === picked ? 1 : FADED;
}

// Traces: one for each column and state, as a constant colour draws fastest

function secondsOf(frame, at, now) {
  const { bars } = frame;
  return bars.state[at] === IN_FLIGHT ? now - bars.started[at] : bars.seconds[at];
}

function barTraces(template, frame, now, perPixel, colors, picked) {
  const { bars, lanes } = frame, groups = new Map(), crosses = new Map();
  for (let at = 0; at < bars.started.length; at++) {
    const node = bars.node[at], state = bars.state[at], key = node * STATES + state;
    if (!groups.has(key)) groups.set(key, { node, state, base: [], x: [], y: [], customdata: [] });
    const group = groups.get(key), seconds = secondsOf(frame, at, now), y = lanes.middles[bars.lane[at]];
    group.base.push(bars.started[at]);
    group.x.push(Math.max(seconds - perPixel, LEAST_PIXELS * perPixel)); // neighbours lie a pixel apart
    group.y.push(y);
    group.customdata.push(at);
    if (state === FAILED) {
      const strength = strengthOf(node, picked);
      if (!crosses.has(strength)) crosses.set(strength, { x: [], y: [], last: new Map() });
      const { x, y: heights, last } = crosses.get(strength), middle = bars.started[at] + seconds / 2;
      if (Math.abs(middle - (last.get(y) ?? -Infinity)) < CROSS_PITCH * perPixel) continue;
      last.set(y, middle), x.push(middle), heights.push(y);
    }
  }
  const areWide = (node) => {
    const widths = [...groups.values()].flatMap((group) => (group.node === node ? group.x : []));
    return widths.reduce((sum, width) => sum + width, 0) >= ROUND * perPixel * widths.length;
  };
  const traces = [...groups.values()].map(({ node, state, ...arrays }) => ({
    ...arrays, type: "bar", orientation: "h", width: lanes.thickness, hoverinfo: "none",
    marker: {
      color: colors.get(template.colors[node], template.opacity[state] * strengthOf(node, picked)), cornerradius: areWide(node) ? 2 : 0,
      line: { width: state === FAILED ? 1.5 : 0, color: colors.get("bad", strengthOf(node, picked)) },
      ...(state === AGAIN && { pattern: { ...HATCH, fgcolor: colors.get("bad", strengthOf(node, picked)) } }),
    },
  }));
  for (const [strength, { x, y }] of crosses) {
    const marker = { symbol: "x", size: 6, color: colors.get("bad", strength) };
    traces.push({ x, y, type: "scatter", mode: "markers", marker, hoverinfo: "skip" });
  }
  return traces;
}

function gridTraces(template, frame, colors, picked) {
  if (!frame.grid) return [];
  const { nodes, shades, start, step } = frame.grid, { counts, middles } = frame.lanes, stretches = nodes.length / middles.length;
  const deep = template.shades.length, steps = template.colors.length * deep, scale = [];
  for (let at = 0; at < steps; at++) {
    const node = Math.floor(at / deep), opacity = template.shades[at % deep] * strengthOf(node, picked);
    const color = colors.get(template.colors[node], opacity);
    scale.push([at / steps, color], [(at + 1) / steps, color]);
  }
  let first = 0;
  return counts.map((count) => {
    const lanes = Array.from({ length: count }, (_, lane) => first + lane);
    first += count;
    const z = lanes.map((lane) => Array.from({ length: stretches }, (_, at) => {
      const cell = lane * stretches + at;
      return nodes[cell] === NOBODY ? null : nodes[cell] * deep + shades[cell] + 0.5;
    }));
    return {
      type: "heatmap", x0: start + step / 2, dx: step, y: lanes.map((lane) => middles[lane]), z,
      zmin: 0, zmax: steps, colorscale: scale, showscale: false, ygap: 2, hoverinfo: "skip",
    };
  });
}

function area(times, values, [top, bottom], most, now, fillcolor) {
  const heights = Array.from(values, (value) => bottom - ((bottom - top) * value) / most);
  return {
    type: "scatter", mode: "lines", fill: "toself", fillcolor, hoverinfo: "skip", line: { shape: "hv", width: 0 },
    x: [times[0], ...times, now, now], y: [bottom, ...heights, heights.at(-1), bottom],
  };
}

// Words about limits where they have room: behind their moment or before it, within what is seen, apart from each other
// and off the line at now; the first tell of the deepest falls

function placeFalls(falls, now, { range: [start, end], perPixel, widthOf }) {
  const placed = [];
  const isFree = ([from, to]) => from >= start && to <= end && !(from < now && now < to)
    && placed.every(({ room }) => to <= room[0] || from >= room[1]);
  for (const [moment, height, words] of falls) {
    const width = (widthOf(words) + WORDS_GAP) * perPixel;
    const sides = [[moment, moment + width, "middle right"], [moment - width, moment, "middle left"]];
    const room = moment >= start && moment <= end && sides.find(isFree);
    if (room) placed.push({ moment, height, words, room });
  }
  return placed;
}

function loadTraces(template, frame, now, sight, colors) {
  const { waiting: waitingBand, in_flight: band } = frame.lanes;
  if (!band) return [];
  const { times, waiting, in_flight: inFlight } = frame.load, points = times.length;
  // what was so when a frame was made is so until the next one comes
  const isNewest = times.at(-1) >= frame.now - 1e-3;
  const until = Math.max(isNewest ? now : Math.min(now, frame.end), times.at(-1));
  const traces = [area(times, waiting, waitingBand, Math.max(1, ...waiting), until, colors.get("warn", 0.3))];
  const [top, bottom] = band, most = frame.most_in_flight;
  frame.curves.forEach(([color, opacity], at) => {
    traces.push(area(times, inFlight.slice(at * points, (at + 1) * points), band, most, until, colors.get(color, opacity)));
    const line = frame.limits[at];
    if (line) traces.push({
      type: "scatter", mode: "lines", x: [...line.moments.slice(0, -1), until], hoverinfo: "skip",
      y: line.limits.map((limit) => bottom - ((bottom - top) * limit) / most),
      line: { color: colors.get(color), width: 1.2, dash: "3px,2px" },
    });
  });
  const falls = placeFalls(frame.falls, now, sight);
  if (falls.length) traces.push({
    type: "scatter", mode: "text", x: falls.map(({ moment }) => moment), y: falls.map(({ height }) => height),
    text: falls.map(({ words }) => words), textposition: falls.map(({ room }) => room[2]), hoverinfo: "skip",
    textfont: { size: SMALL_SIZE, color: colors.get("warn_text") },
  });
  return traces;
}

// A shade over the time in which the run was paused, with a word where there is room for it: below all bars

function pauseTraces(frame, now, perPixel, colors) {
  const { grounds } = frame.lanes, bottom = (grounds.at(-1)?.[1] ?? 0) + BAND_GAP, x = [], y = [], middles = [];
  for (const [start, end] of frame.pauses) {
    const [from, to] = [Math.max(start, frame.since), end ?? Math.max(now, start)];
    x.push(from, to, to, from, null);
    y.push(bottom, bottom, 0, 0, null);
    // in the middle of what is in sight
    const [first, last] = [Math.max(from, frame.start), Math.min(to, frame.end)];
    if (last - first >= PAUSE_WIDTH * perPixel) middles.push((first + last) / 2);
  }
  if (!x.length) return [];
  const shade = { type: "scatter", mode: "lines", x, y, fill: "toself", fillcolor: colors.get("soft", 0.16), line: { width: 0 }, hoverinfo: "skip" };
  return [shade, {
    type: "scatter", mode: "text", x: middles, y: middles.map(() => bottom - BAND_GAP / 2), text: middles.map(() => "paused"),
    textposition: "middle center", hoverinfo: "skip", textfont: { size: SMALL_SIZE, color: colors.get("ink") },
  }];
}

// Where lanes are rows: a thin line for as long as an attempt waited, dotted while its endpoint was left alone

function lines(spans, line) {
  const x = [], y = [];
  for (const [start, end, height] of spans) {
    x.push(start, end, null);
    y.push(height, height, null);
  }
  return { type: "scatter", mode: "lines", x, y, line, hoverinfo: "skip" };
}

function waitTraces(template, frame, colors, picked) {
  const { bars, lanes } = frame, spans = new Map();
  if (lanes.kind !== "rows") return [];
  for (let at = 0; at < bars.started.length; at++) {
    const node = bars.node[at];
    if (!spans.has(node)) spans.set(node, []);
    spans.get(node).push([bars.started[at] - bars.waited[at], bars.started[at], lanes.middles[bars.lane[at]]]);
  }
  const nodes = [...spans.keys()].sort((one, other) => one - other);
  const traces = nodes.map((node) => {
    const color = colors.get(template.colors[node], template.wait_opacity * strengthOf(node, picked));
    return lines(spans.get(node), { color, width: 1.2 });
  });
  if (frame.cooling.length) {
    const places = frame.cooling.map(([bar, start, end]) => [start, end, lanes.middles[bars.lane[bar]]]);
    traces.push(lines(places, { color: colors.get("warn"), width: 1.6, dash: "2px,2px" }));
  }
  return traces;
}

// The ground of each group of lanes, and the line at now

function shapes(template, { lanes }, { running, now }, colors) {
  const ground = { type: "rect", layer: "below", line: { width: 0 }, fillcolor: colors.get("lane"), xref: "paper", x0: 0, x1: 1 };
  const grounds = lanes.grounds.map(([y0, y1]) => ({ ...ground, y0, y1 }));
  const line = { color: colors.get("accent"), width: 1.2 };
  return running ? [...grounds, { type: "line", x0: now, x1: now, y0: 0, y1: template.height, line }] : grounds;
}

// Everything that has a place in time, what lies below first: `sight` is the range that is seen, its seconds in a pixel, and
// how wide words are in the page's font. Of a node that is picked, bars keep their colour; the
// others fade

function drawTraces(template, frame, now, sight, colors, picked = null) {
  const { perPixel } = sight;
  return [
    ...pauseTraces(frame, now, perPixel, colors),
    ...gridTraces(template, frame, colors, picked),
    ...loadTraces(template, frame, now, sight, colors),
    ...waitTraces(template, frame, colors, picked),
    ...barTraces(template, frame, now, perPixel, colors, picked),
  ];
}
