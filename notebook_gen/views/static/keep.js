// Keeps the report of a run in the notebook where the kernel cannot put it: a page that was loaded while the run went on
// does not know any more which output is whose. What cannot be done here is left as it is.
//
// place: { root, text } of the live view, {} until the report is there
//
// The page says { report: "wanted" } where a live view still stands in the report's place; Python answers with
// { report }, what to put there.

const PATIENCE = 1500; // ms that the kernel's own way may take
const VIEW = "application/vnd.jupyter.widget-view+json";

// The outputs that show a live view, each with its place among those of its cell; a widget that somebody asked for with
// run.live() has another text
function* standing(notebook, { root, text }) {
  for (const { outputs } of notebook.cells) {
    for (let at = 0; at < (outputs?.length ?? 0); at++) {
      const { type, data } = outputs.get(at);
      const words = data["text/plain"];
      if (type === "display_data" && data[VIEW]?.model_id === root && (words?.join?.("") ?? words) === text) yield [outputs, at];
    }
  }
}

async function notebookOf(model) {
  // JupyterLab's and Notebook's; others have none
  const { context } = model.widget_manager;
  await context?.ready;
  return context?.model?.cells ? context.model : null;
}

function initialize({ model }) {
  let timer;
  const look = () => {
    clearTimeout(timer);
    if (!model.get("place").root) return;
    timer = setTimeout(async () => {
      const notebook = await notebookOf(model);
      if (notebook && !standing(notebook, model.get("place")).next().done) model.send({ report: "wanted" });
    }, PATIENCE);
  };
  const put = async ({ report }) => {
    const notebook = report && (await notebookOf(model));
    if (!notebook) return;
    for (const [outputs, at] of [...standing(notebook, model.get("place"))]) {
      outputs.set(at, { output_type: "display_data", data: report, metadata: {} });
    }
  };
  model.on("change:place", look);
  model.on("msg:custom", put);
  look();
  return () => clearTimeout(timer);
}

// What a page shows where the panes of a run that is over were closed, and where it cannot put the report elsewhere
function render({ model, el }) {
  el.textContent = "The report of this run is loading …";
  const put = ({ report }) => {
    if (report) el.innerHTML = report["text/html"]; // made and escaped by Python
  };
  model.on("msg:custom", put);
  model.send({ report: "wanted" });
  return () => model.off("msg:custom", put);
}

export default { initialize, render };
