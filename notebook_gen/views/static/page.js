// A saved run: the live view's timeline, cells and inspector, fed by what the page itself holds. This file stands behind
// timeline.js in one module, behind cells.js in another, and behind record.js and pick.js in a third.

class SavedModel {
  constructor(traits, hear) {
    this.traits = traits;
    this.hear = hear;
    this.listeners = [];
  }
  get(name) {
    return this.traits[name] ?? {};
  }
  set(name, value) {
    this.traits[name] = value;
    for (const [event, act] of this.listeners) if (event === `change:${name}`) act();
  }
  on(event, act) {
    this.listeners.push([event, act]);
  }
  off() {}
  send(message) {
    this.hear(message);
  }
}

function unpack(thing) {
  if (thing?.base64 !== undefined) {
    const bytes = Uint8Array.from(atob(thing.base64), (character) => character.charCodeAt(0));
    return new DataView(bytes.buffer);
  }
  if (Array.isArray(thing)) return thing.map(unpack);
  if (thing === null || typeof thing !== "object") return thing;
  return Object.fromEntries(Object.entries(thing).map(([key, part]) => [key, unpack(part)]));
}

const data = JSON.parse(document.getElementById("ng-data").textContent);

function tell(message) {
  if ("record" in message) document.dispatchEvent(new CustomEvent("ng-record", { detail: message.record }));
}

// plotly.js is gzipped in the page. Unpacked, it is a script element like any other, which the page's policy knows by
// its hash. A browser that cannot unpack or run it goes on showing the picture
async function loadPlotly() {
  const packed = unpack({ base64: document.getElementById("ng-plotly").textContent });
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const script = document.createElement("script");
  script.textContent = await new Response(stream).text();
  document.head.append(script);
  return globalThis.Plotly;
}

async function showTimeline(render, page) {
  const el = document.getElementById("ng-timeline");
  el.replaceChildren();
  render({ model: new SavedModel(unpack(data.timeline), tell), el });
  page.plotly = await loadPlotly();
  for (const go of page.waiting.splice(0)) go();
}

function showCells(render) {
  render({ model: new SavedModel({ frame: unpack(data.cells), saved: true }, tell), el: document.getElementById("ng-cells") });
}

function showRecords(render) {
  const { html, last } = data.records;
  const missing = '<p class="ng-empty">This file has no record of this row: it has those of the rows above, as far as there was room.</p>';
  const model = new SavedModel({ record: {} }, tell);
  render({ model, el: document.getElementById("ng-record") });
  document.addEventListener("ng-record", ({ detail: row }) => {
    model.set("record", row === null ? {} : { row, last, html: html[row] ?? missing });
  });
  for (const chosen of document.querySelectorAll("[data-row]")) {
    reachByKeyboard(chosen);
    const choose = ({ target }) => target.closest("summary") || isBeingRead(chosen) || tell({ record: Number(chosen.dataset.row) });
    chosen.addEventListener("click", choose);
    chosen.addEventListener("keydown", (event) => event.key === "Enter" && choose(event));
  }
}


// The DAG and the table of rows, which are in the page from the beginning
function showPicks() {
  const [dag, rows] = [".ng-dag-pane", ".ng-rows"].map((name) => document.querySelector(name));
  offerNodes(dag);
  hearNodes(dag);
  onPick(rows, () => (markColumns(rows), bringIntoSight(rows)));
  onLook(rows, () => markRow(rows));
}
