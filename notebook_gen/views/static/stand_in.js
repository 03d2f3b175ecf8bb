// What a notebook shows of a live view if it was saved while the run went on, and its kernel is gone when it is opened again.
// JupyterLab shows no other format of an output that has a widget. But a notebook may keep widgets in its metadata, and a page
// takes those that no kernel knows from there: so while the run goes on, a sentence is kept there by the live view's name.
// This file stands before keep.js in one module.

const KEPT = "widgets", STATES = "application/vnd.jupyter.widget-state+json";
const MARK = '<p class="ng-stand-in">';

const isStandIn = ({ state }) => Boolean(state?.value?.startsWith?.(MARK));

// Lets the notebook keep a sentence by a name, or with null none by it; and none whose widget no output shows any more
function keepStandIn(notebook, name, words) {
  if (!notebook.getMetadata) return; // as before JupyterLab 4
  const kept = notebook.getMetadata(KEPT) ?? {}, { state: before = {}, ...about } = kept[STATES] ?? {};
  const shown = new Set();
  for (const { outputs } of notebook.cells) {
    for (let at = 0; at < (outputs?.length ?? 0); at++) shown.add(outputs.get(at).data?.[VIEW]?.model_id);
  }
  const stays = ([id, model]) => !isStandIn(model) || (id !== name && shown.has(id));
  const state = Object.fromEntries(Object.entries(before).filter(stays));
  if (words !== null && shown.has(name)) state[name] = standIn(words);
  if (JSON.stringify(state) === JSON.stringify(before)) return;
  const { [STATES]: _, ...others } = kept;
  const changed = Object.keys(state).length > 0 ? { ...others, [STATES]: { version_major: 2, version_minor: 0, ...about, state } } : others;
  if (Object.keys(changed).length > 0) notebook.setMetadata(KEPT, changed);
  else notebook.deleteMetadata(KEPT);
}

function standIn(words) {
  const escaped = words.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
  const model = { model_name: "HTMLModel", model_module: "@jupyter-widgets/controls", model_module_version: "2.0.0" };
  return { ...model, state: { value: `${MARK}${escaped}</p>` } };
}
