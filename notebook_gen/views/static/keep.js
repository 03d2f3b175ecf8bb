// Keeps the report of a run in the notebook where the kernel cannot put it: a page that was loaded while the run went on
// does not know any more which output is whose. What cannot be done here is left as it is.
//
// place:    { root, text } of the live view
// note:     what to say of it where the kernel has ended
// unseen:   what to say of it where the kernel has ended since the notebook was saved
// shown:    how often an output was made of it; that comes into the notebook just after
// is_held:  whether the report is there, but somebody is at work in the place where it belongs
// is_over:  whether the report has been put in its place
//
// The page says { report: "wanted" } where the notebook has a live view and not the report; Python answers with { report },
// what to put there. While the view is held, and for good where somebody asked for the widget, the notebook has the report
// and the screen has the view. Where the kernel ends before the run, what was seen last takes its place. This file stands
// behind still.js, presence.js and stand_in.js in one module.

const PATIENCE = 1500; // ms that the kernel's own way may take
const LOOK_AGAIN = 250; // ms, for views that are about to be drawn
const LOOKS = 40;
const GONE = ["restarting", "autorestarting", "terminating", "dead"]; // statuses
const VIEW = "application/vnd.jupyter.widget-view+json";

const held = new WeakMap(); // output that has the report while the screen has a live view → { root, isAsked } of that
const wanted = new WeakSet(); // outputs for which the report has been asked for

// Whether there is a report to put into the notebook
const isEnded = (model) => model.get("is_held") || model.get("is_over");

// The outputs that show a live view: each one's place among those of its cell, whether the notebook has the report there, and
// whether somebody asked for the widget; it has another text
function* showing(notebook, { root, text }) {
  for (const { outputs } of notebook.cells) {
    for (let at = 0; at < (outputs?.length ?? 0); at++) {
      const output = outputs.get(at), words = output.data?.["text/plain"], known = held.get(output);
      if (known?.root === root) yield { outputs, at, isHeld: true, isAsked: known.isAsked };
      if (output.data?.[VIEW]?.model_id !== root) continue;
      const isOwn = output.type === "display_data" && (words?.join?.("") ?? words) === text;
      yield { outputs, at, isHeld: false, isAsked: !isOwn };
    }
  }
}

// Those of them that are not yet what they are to be
function lacking(notebook, model) {
  const isDone = ({ isHeld, isAsked }) => isHeld && (isAsked || !model.get("is_over"));
  return [...showing(notebook, model.get("place"))].filter((shown) => !isDone(shown));
}

const outputsOf = (shown) => shown.map(({ outputs, at }) => outputs.get(at));

// Asks Python for the report, if there are outputs that lack it
function askFor(model, outputs) {
  for (const output of outputs) wanted.add(output);
  if (outputs.length > 0) model.send({ report: "wanted" });
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

// What draws the views of a live view in this page, where that is an output of a notebook
async function hostsOf(model) {
  const hosts = (await viewsOf(model)).map(({ luminoWidget }) => luminoWidget?.parent);
  return hosts.filter((host) => host?.renderModel && host.parent?.parent?.rendermime);
}

const draws = ({ parent }, { outputs, at }) => parent.parent.model === outputs && parent.parent.widgets[at] === parent;

// Puts the report into the notebook: in its place, and while the live view stays on the screen where that is held or asked
// for, as a widget is an error where its kernel is not. A view that is about to be drawn is waited for: it would never be
async function keep(notebook, model, report, signal) {
  const write = ({ outputs, at }) => outputs.set(at, { ...outputs.get(at).toJSON(), data: report, metadata: {} });
  const stays = ({ isAsked }) => isAsked || !model.get("is_over");
  for (let looks = 1; ; looks++) {
    const hosts = await hostsOf(model);
    if (signal.aborted) return;
    const unseen = [], seen = [], isLast = looks >= LOOKS; // it may be out of sight for long
    for (const shown of lacking(notebook, model)) {
      if (stays(shown) && hosts.some((host) => draws(host, shown))) unseen.push(shown);
      else if (!stays(shown) || isLast) seen.push(shown);
    }
    changeUnseen(hosts, () => unseen.forEach(write));
    for (const { outputs, at, isAsked } of unseen) held.set(outputs.get(at), { root: model.get("place").root, isAsked });
    seen.forEach(write); // last: what shows them is thrown away
    if (lacking(notebook, model).length === 0) return;
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN));
  }
}

// Puts what was seen last, or the report of a run that is over, where the kernel has ended
async function leaveBehind(model) {
  const notebook = await notebookOf(model);
  if (!notebook) return;
  const view = (await viewsOf(model)).find(({ el }) => el.querySelector(".ng-headline"));
  if (!view) return;
  const still = { "text/html": stillOf(view.el, model.get("note")), "text/plain": model.get("note") };
  for (const { outputs, at } of [...showing(notebook, model.get("place"))]) {
    const { [VIEW]: _, ...beside } = outputs.get(at).data; // of a run that is over, its report
    outputs.set(at, { ...outputs.get(at).toJSON(), data: beside["text/html"] ? beside : still });
  }
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

// Asks for the report when an output comes into the notebook while there is a report; gives what ends that. The notebook is
// listened to from when Python says that the output comes until it is there, so that nobody listens to a notebook for long
function expectShown(model) {
  let stop = () => {}, isOver = false;
  const expect = async () => {
    const notebook = isEnded(model) && (await notebookOf(model));
    if (!notebook || isOver) return;
    const look = () => {
      const here = outputsOf(lacking(notebook, model));
      if (here.every((output) => wanted.has(output))) return;
      stop();
      askFor(model, here);
    };
    stop();
    stop = () => notebook.contentChanged.disconnect(look);
    notebook.contentChanged.connect(look);
    look();
  };
  model.on("change:shown", expect);
  return () => {
    isOver = true;
    stop();
  };
}

function initialize({ model }) {
  const ending = new AbortController(), { signal } = ending;
  let timer;
  const want = async (isOf) => {
    const notebook = await notebookOf(model);
    if (notebook && !signal.aborted) askFor(model, outputsOf(lacking(notebook, model).filter(isOf)));
  };
  const wantAll = () => want(() => true);
  const standBy = async () => {
    const notebook = await notebookOf(model);
    if (notebook && !signal.aborted) keepStandIn(notebook, model.get("place").root, isEnded(model) ? null : model.get("unseen"));
  };
  const standBySoon = () => setTimeout(standBy, PATIENCE); // the output comes just after
  const look = () => {
    clearTimeout(timer);
    if (model.get("is_over")) stopTelling?.(); // the keeper itself stays for as long as the kernel
    if (isEnded(model)) timer = setTimeout(wantAll, PATIENCE);
  };
  const put = async ({ report }) => {
    const notebook = report && (await notebookOf(model));
    if (notebook) await keep(notebook, model, report, signal);
  };
  const leave = () => {
    stopTelling?.(); // nobody is there to be told
    return leaveBehind(model);
  };
  model.on("change:shown", standBySoon);
  model.on("change:is_held", standBy);
  model.on("change:is_over", standBy);
  standBySoon();
  model.on("change:is_held", wantAll); // at once: the notebook may be saved at any time
  model.on("change:is_over", () => want(({ isAsked }) => isAsked)); // at once, too: the kernel never puts it there
  model.on("change:is_over", look);
  model.on("msg:custom", put);
  const elements = () => viewsOf(model).then((views) => views.map(({ el }) => el), () => []);
  const stopExpecting = expectShown(model);
  const stopWaiting = whenGone(model.widget_manager ?? {}, leave);
  const stopTelling = model.get("is_over") ? null : tellPresence(model, elements);
  look();
  return () => {
    clearTimeout(timer);
    ending.abort();
    stopExpecting();
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
