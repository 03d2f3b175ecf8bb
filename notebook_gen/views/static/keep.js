// Keeps the report of a run in the notebook where the kernel cannot put it: a page that was loaded while the run went on
// does not know any more which output is whose. What cannot be done here is left as it is.
//
// place:   { root, text } of the live view
// note:    what to say of it where the kernel has ended
// is_held: whether the report is there, but somebody is at work in the place where it belongs
// is_over: whether the report has been put in its place
//
// The page says { report: "wanted" } where a live view still stands in the report's place; Python answers with
// { report }, what to put there. While the view is held, the notebook has the report and the screen has the view. Where the
// kernel ends before, or somebody has asked for the widget, what was seen last takes its place. This file stands behind
// still.js and presence.js in one module.

const PATIENCE = 1500; // ms that the kernel's own way may take
const GONE = ["restarting", "autorestarting", "terminating", "dead"]; // statuses
const VIEW = "application/vnd.jupyter.widget-view+json";

const held = new WeakMap(); // output that has the report while the screen has a live view → root of that

// The outputs that show a live view, each with its place among those of its cell
function* showing(notebook, { root }) {
  for (const { outputs } of notebook.cells) {
    for (let at = 0; at < (outputs?.length ?? 0); at++) {
      const output = outputs.get(at);
      if ((output.data?.[VIEW]?.model_id ?? held.get(output)) === root) yield [outputs, at];
    }
  }
}

// Those of them where the report belongs; a widget that somebody asked for with run.live() has another text
function* standing(notebook, place) {
  for (const [outputs, at] of showing(notebook, place)) {
    const output = outputs.get(at), words = output.data["text/plain"];
    if (held.has(output)) yield [outputs, at];
    else if (output.type === "display_data" && (words?.join?.("") ?? words) === place.text) yield [outputs, at];
  }
}

// The views of a live view in this page; none when its notebook is closed, or about to be opened. Fails in hosts that do
// not let one widget find another
async function viewsOf(model) {
  const { root: id } = model.get("place"), { widget_manager: widgets } = model;
  if (widgets.has_model?.(id) === false) return [];
  const root = await widgets.get_model(id);
  return Promise.all(Object.values(root.views ?? {}));
}

// Changes outputs while what is on the screen stays as it is: an output that changes is drawn again, or if it is to be shown
// as something else, what shows it is thrown away
function changeUnseen(hosts, change) {
  const registries = hosts.map((host) => host.parent.parent.rendermime);
  for (const host of hosts) host.renderModel = async () => {};
  for (const registry of registries) registry.preferredMimeType = () => VIEW;
  try {
    change();
  } finally {
    for (const host of hosts) delete host.renderModel;
    for (const registry of registries) delete registry.preferredMimeType;
  }
}

// Puts the report into the notebook while the live view stays on the screen: in its place, as a widget is an error where
// its kernel is not; beside a widget that somebody asked for
async function hold(notebook, model, report) {
  const hosts = (await viewsOf(model)).map(({ luminoWidget }) => luminoWidget?.parent);
  const place = model.get("place"), drawn = hosts.filter((host) => host?.renderModel && host.parent?.parent?.rendermime);
  changeUnseen(drawn, () => {
    for (const [outputs, at] of [...standing(notebook, place)]) {
      outputs.set(at, { output_type: "display_data", data: report, metadata: {} });
      held.set(outputs.get(at), place.root);
    }
    for (const [outputs, at] of [...showing(notebook, place)]) {
      const output = outputs.get(at).toJSON();
      if (output.data["text/html"]) continue;
      outputs.set(at, { ...output, data: { ...output.data, "text/html": report["text/html"] } });
    }
  });
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
  const { context } = model.widget_manager ?? {};
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
    if (model.get("is_over")) stopTelling?.(); // the keeper itself stays for as long as the kernel
    if (model.get("is_held") || model.get("is_over")) timer = setTimeout(want, PATIENCE);
  };
  const put = async ({ report }) => {
    const notebook = report && (await notebookOf(model));
    if (!notebook) return;
    if (!model.get("is_over")) return hold(notebook, model, report);
    for (const [outputs, at] of [...standing(notebook, model.get("place"))]) {
      outputs.set(at, { output_type: "display_data", data: report, metadata: {} });
    }
  };
  const leave = async () => {
    stopTelling?.(); // nobody is there to be told
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
  const elements = () => viewsOf(model).then((views) => views.map(({ el }) => el), () => []);
  const stopWaiting = whenGone(model.widget_manager ?? {}, leave);
  const stopTelling = model.get("is_over") ? null : tellPresence(model, elements);
  look();
  return () => {
    clearTimeout(timer);
    stopWaiting();
    stopTelling?.();
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
