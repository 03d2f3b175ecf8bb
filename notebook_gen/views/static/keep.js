// Keeps the report of a run in the notebook where the kernel cannot put it: a page that was loaded while the run went on
// does not know any more which output is whose. What cannot be done here is left as it is.
//
// place:   { root, text } of the live view
// note:    what to say of it where the kernel has ended
// is_held: whether the report is there, but somebody reads a record in the place where it belongs
// is_over: whether the report has been put in its place
//
// The page says { report: "wanted" } where a live view still stands in the report's place; Python answers with
// { report }, what to put there, or beside the view for as long as it is held. Where the kernel ends before, or somebody
// has asked for the widget, what was seen last takes its place. This file stands behind still.js in one module.

const PATIENCE = 1500; // ms that the kernel's own way may take
const GONE = ["restarting", "autorestarting", "terminating", "dead"]; // statuses
const VIEW = "application/vnd.jupyter.widget-view+json";

// The outputs that show a live view, each with its place among those of its cell
function* showing(notebook, { root }) {
  for (const { outputs } of notebook.cells) {
    for (let at = 0; at < (outputs?.length ?? 0); at++) {
      if (outputs.get(at).data?.[VIEW]?.model_id === root) yield [outputs, at];
    }
  }
}

// Those of them where the report belongs; a widget that somebody asked for with run.live() has another text
function* standing(notebook, place) {
  for (const [outputs, at] of showing(notebook, place)) {
    const { type, data } = outputs.get(at);
    const words = data["text/plain"];
    if (type === "display_data" && (words?.join?.("") ?? words) === place.text) yield [outputs, at];
  }
}

// The views of a live view in this page
async function viewsOf(model) {
  const root = await model.widget_manager.get_model(model.get("place").root);
  return Promise.all(Object.values(root.views ?? {}));
}

// Puts the report beside the widget in the notebook; what is on the screen stays as it is
async function putBeside(notebook, model, report) {
  const hosts = (await viewsOf(model)).map(({ luminoWidget }) => luminoWidget?.parent).filter((host) => host?.renderModel);
  // an output that changes is drawn again, and the record would lose its place and the keys
  for (const host of hosts) host.renderModel = async () => {};
  for (const [outputs, at] of [...showing(notebook, model.get("place"))]) {
    const output = outputs.get(at).toJSON();
    if (output.data["text/html"]) continue;
    outputs.set(at, { ...output, data: { ...output.data, "text/html": report["text/html"] } });
  }
  for (const host of hosts) delete host.renderModel;
}

// Call when a kernel is gone for good, and not only out of reach; gives what ends that
function whenGone({ kernel, context }, call) {
  const statuses = kernel?.statusChanged;
  const kernels = context?.sessionContext?.kernelChanged;
  const hearStatus = (_kernel, status) => GONE.includes(status) && call();
  const hearKernel = (session, { oldValue }) => oldValue && !session.isDisposed && call();
  statuses?.connect(hearStatus);
  kernels?.connect(hearKernel);
  return () => {
    statuses?.disconnect(hearStatus);
    kernels?.disconnect(hearKernel);
  };
}

async function notebookOf(model) {
  // JupyterLab's and Notebook's; others have none
  const { context } = model.widget_manager;
  await context?.ready;
  return context?.model?.cells ? context.model : null;
}

function initialize({ model }) {
  let timer;
  const want = async () => {
    const notebook = await notebookOf(model);
    if (notebook && !standing(notebook, model.get("place")).next().done) model.send({ report: "wanted" });
  };
  const look = () => {
    clearTimeout(timer);
    if (model.get("is_held") || model.get("is_over")) timer = setTimeout(want, PATIENCE);
  };
  const put = async ({ report }) => {
    const notebook = report && (await notebookOf(model));
    if (!notebook) return;
    if (!model.get("is_over")) return putBeside(notebook, model, report);
    for (const [outputs, at] of [...standing(notebook, model.get("place"))]) {
      outputs.set(at, { output_type: "display_data", data: report, metadata: {} });
    }
  };
  const leave = async () => {
    const notebook = await notebookOf(model);
    if (!notebook) return;
    const view = (await viewsOf(model)).find(({ el }) => el.querySelector(".ng-headline"));
    if (!view) return;
    const still = { "text/html": stillOf(view.el, model.get("note")), "text/plain": model.get("note") };
    for (const [outputs, at] of [...showing(notebook, model.get("place"))]) {
      const { [VIEW]: _, ...beside } = outputs.get(at).data; // of a run that is over, its report
      outputs.set(at, { ...outputs.get(at).toJSON(), data: beside["text/html"] ? beside : still });
    }
  };
  model.on("change:is_held", want); // at once: the notebook may be saved at any time
  model.on("change:is_over", look);
  model.on("msg:custom", put);
  const stop = whenGone(model.widget_manager, leave);
  look();
  return () => {
    clearTimeout(timer);
    stop();
  };
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
