"""What a page hears for a run's report and of who is at work, what it puts into the notebook, and that it stops.

See static/keep.js and static/presence.js.
"""

import json
import subprocess
from typing import Any

import pytest

from notebook_gen.views.stylesheet import read_static

# a page that has nothing in it but what was asked to be called
_PAGE = """
const heard = new Map();
const hears = {
  addEventListener(name, act, { signal }) {
    heard.set(name, act);
    signal.addEventListener("abort", () => heard.delete(name));
  },
};
globalThis.document = { ...hears, activeElement: null };
globalThis.addEventListener = hears.addEventListener;
const view = {
  matches: () => true,
  contains: () => false,
  querySelector: () => null,
  closest: (name) => (name === ".ng-live" ? view : null),
};
const traits = { place: { root: "root", text: "12 rows" }, note: "", shown: 0, is_held: false, is_over: false };
const acts = {}, sent = [];
const tell = (name, message) => (acts[name] ?? []).forEach((act) => act(message));
let looks = 0;
const root = { views: { one: Promise.resolve({ el: view }) } };
const model = {
  get: (name) => traits[name],
  set: (name, value) => ((traits[name] = value), tell(`change:${name}`)),
  on: (name, act) => (acts[name] ??= []).push(act),
  send: (message) => sent.push(message),
  widget_manager: { get_model: async () => (looks++, root) },
};
const soon = globalThis.setTimeout;
const settle = () => new Promise((go) => soon(go));
const say = (told) => console.log(JSON.stringify(told));
"""

# a notebook of one cell in that page, what its outputs are drawn as, a kernel that answers, and time that tests pass
_NOTEBOOK = """
const WIDGET = "application/vnd.jupyter.widget-view+json", HTML = "text/html";
class Rendermime {
  preferredMimeType(data) { return WIDGET in data ? WIDGET : HTML; }
}
class Host {
  renderModel({ data }) { screen.push(`drawn anew: ${Object.keys(data)}`); }
}
const listeners = new Set(), items = [], screen = [], area = { rendermime: new Rendermime(), widgets: [] };
const change = () => [...listeners].forEach((act) => act());
const itemOf = (json) => ({ type: json.output_type, data: json.data, toJSON: () => json });
const draw = (at) => {
  screen[at] = area.rendermime.preferredMimeType(items[at].data);
  delete root.views[at];
  const host = new Host();
  host.parent = area.widgets[at] = { parent: area, host };
  if (screen[at] === WIDGET) root.views[at] = Promise.resolve({ el: view, luminoWidget: { parent: host } });
};
let writes = 0;
const outputs = area.model = {
  get length() { return items.length; },
  get: (at) => items[at],
  set: (at, json) => {
    writes++;
    items[at] = itemOf(json);
    if (screen[at] === area.rendermime.preferredMimeType(json.data)) area.widgets[at].host.renderModel(items[at]);
    else draw(at);
    change();
  },
};
const add = (json) => change(items.push(itemOf(json)));
const addDrawn = (json) => (add(json), draw(items.length - 1));
const clear = () => {
  for (const list of [items, screen, area.widgets]) list.length = 0;
  root.views = {};
  change();
};
const own = { output_type: "display_data", data: { [WIDGET]: { model_id: "root" }, "text/plain": "12 rows" } };
const asked = { output_type: "execute_result", data: { [WIDGET]: { model_id: "root" }, "text/plain": "VBox()" } };
const inNotebook = () => items.map(({ data }) => Object.keys(data).join());
const contentChanged = { connect: (act) => listeners.add(act), disconnect: (act) => listeners.delete(act) };
model.widget_manager.context = { ready: Promise.resolve(), model: { cells: [{}, { outputs }], contentChanged } };

const wants = () => sent.filter(({ report }) => report === "wanted").length;
const report = { [HTML]: "the report", "text/plain": "12 rows" };
let answered = 0;
const settleAll = async () => {
  for (let turn = 0; turn < 5; turn++) {
    await settle();
    for (; answered < wants(); answered++) tell("msg:custom", { report });
  }
};

const timers = new Map();
let now = 0, last = 0;
globalThis.setTimeout = (act, ms = 0) => (timers.set(++last, [now + ms, act]), last);
globalThis.clearTimeout = (timer) => timers.delete(timer);
const pass = async (ms) => {
  await settleAll();
  for (const end = now + ms; now < end; now += 50) {
    for (const [timer, [at, act]] of timers) if (at <= now) act(timers.delete(timer));
    await settleAll();
  }
};
"""


def _run_in_page(node: str, script: str) -> Any:
    """Give what a script says in a page; it fails if a rejection is left unhandled."""
    module = _PAGE + read_static("still.js", "presence.js", "stand_in.js", "keep.js") + script
    done = subprocess.run(
        [node, "--input-type=module", "-e", module], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stderr == ""
    return json.loads(done.stdout)


def test_a_page_hears_nothing_any_more_for_a_run_whose_report_is_in_place(node: str) -> None:
    script = """
    initialize({ model });
    const before = heard.size;
    model.set("is_over", true);
    await settle();
    say([before > 0, heard.size, sent.filter((word) => "presence" in word)]);
    process.exit();
    """

    assert _run_in_page(node, script) == [True, 0, []]


def test_a_page_that_is_opened_when_the_report_is_in_place_does_not_begin_to_hear(node: str) -> None:
    script = """
    traits.is_over = true;
    initialize({ model });
    await settle();
    say([heard.size, looks]);
    process.exit();
    """

    assert _run_in_page(node, script) == [0, 0]


def test_what_happens_outside_of_views_or_only_repeats_itself_costs_nothing(node: str) -> None:
    script = """
    initialize({ model });
    await settle();
    const seen = [looks];
    const move = async (target) => {
      heard.get("pointermove")({ type: "pointermove", target });
      await settle();
      seen.push(looks);
    };
    await move({ closest: () => null });
    await move({});
    await move(view);
    await move(view);
    say(seen);
    process.exit();
    """

    assert _run_in_page(node, script) == [1, 1, 1, 2, 2]


@pytest.mark.parametrize("manager", ["undefined", "{}", "{ get_model: async () => { throw new Error('unknown'); } }"])
def test_a_host_that_knows_of_no_other_widgets_hears_of_nobody_and_of_no_errors(node: str, manager: str) -> None:
    script = f"""
    model.widget_manager = {manager};
    initialize({{ model }});
    await settle();
    heard.get("pointerdown")({{ type: "pointerdown", target: view }});
    model.set("is_held", true);
    await settle();
    model.set("is_over", true);
    await settle();
    say(sent.map(({{ presence }}) => [presence.busy, presence.touched]));
    process.exit();
    """

    assert _run_in_page(node, script) == [[False, None]]


_IN_BOTH = "text/html,text/plain"
_WIDGET = "application/vnd.jupyter.widget-view+json"


def _run_in_notebook(node: str, script: str) -> Any:
    """Give what a script says in a page that has a notebook."""
    return _run_in_page(node, f"{_NOTEBOOK}{script}\nprocess.exit();")


def test_an_output_that_was_asked_for_is_the_report_in_the_notebook_and_the_widget_on_the_screen(node: str) -> None:
    script = """
    addDrawn(own);
    addDrawn(asked);
    initialize({ model });
    outputs.set(0, { ...own, data: report }); // the kernel's own way
    model.set("is_over", true);
    await pass(0);
    say([inNotebook(), screen, writes]);
    """

    assert _run_in_notebook(node, script) == [[_IN_BOTH, _IN_BOTH], ["text/html", _WIDGET], 2]


def test_an_output_that_comes_when_the_run_is_over_gets_the_report_once_and_nobody_listens_any_more(node: str) -> None:
    script = """
    traits.is_over = true;
    initialize({ model });
    await pass(5_000);
    const before = listeners.size;
    model.set("shown", 1);
    await pass(5_000);
    change(); // something else, such as a key in another cell
    const meanwhile = listeners.size;
    addDrawn(asked);
    await pass(500);
    for (let key = 0; key < 20; key++) change();
    await pass(20_000);
    say([before, meanwhile, listeners.size, timers.size, inNotebook(), screen, writes, wants()]);
    """

    assert _run_in_notebook(node, script) == [0, 1, 0, 0, [_IN_BOTH], [_WIDGET], 1, 1]


def test_however_often_a_cell_is_executed_again_it_gets_the_report_and_leaves_nobody_listening(node: str) -> None:
    script = """
    traits.is_over = true;
    initialize({ model });
    const seen = [];
    for (let time = 1; time <= 20; time++) {
      clear();
      model.set("shown", time);
      if (time % 2) await pass(0);
      addDrawn(asked);
      await pass(500);
      seen.push([listeners.size, inNotebook(), screen]);
    }
    say([[...new Set(seen.map((each) => JSON.stringify(each)))].map(JSON.parse), writes]);
    """

    assert _run_in_notebook(node, script) == [[[0, [_IN_BOTH], [_WIDGET]]], 20]


def test_two_outputs_of_one_cell_that_come_one_after_the_other_both_get_the_report(node: str) -> None:
    script = """
    traits.is_over = true;
    initialize({ model });
    model.set("shown", 1);
    await pass(0);
    add(asked);
    await pass(100);
    model.set("shown", 2);
    await pass(0);
    draw(0);
    await pass(300);
    addDrawn(asked);
    await pass(300);
    say([listeners.size, inNotebook(), screen, writes]);
    """

    assert _run_in_notebook(node, script) == [0, [_IN_BOTH] * 2, [_WIDGET] * 2, 2]


@pytest.mark.parametrize(("drawn", "on_screen"), [(3_000, _WIDGET), (30_000, "text/html")])
def test_a_view_that_is_about_to_be_drawn_is_waited_for_but_not_for_ever(node: str, drawn: int, on_screen: str) -> None:
    script = f"""
    traits.is_over = true;
    initialize({{ model }});
    add(asked);
    await pass({drawn});
    const before = inNotebook();
    draw(0);
    await pass(500);
    say([inNotebook(), screen, writes, timers.size]);
    """

    assert _run_in_notebook(node, script) == [[_IN_BOTH], [on_screen], 1, 0]


def test_while_a_view_is_held_the_notebook_has_the_report_and_the_screen_has_the_views(node: str) -> None:
    script = """
    addDrawn(own);
    addDrawn(asked);
    initialize({ model });
    model.set("is_held", true);
    await pass(5_000);
    const before = [inNotebook(), [...screen], writes];
    model.set("is_over", true);
    await pass(5_000);
    say([before, [inNotebook(), screen, writes]]);
    """

    held, over = _run_in_notebook(node, script)
    assert held == [[_IN_BOTH] * 2, [_WIDGET] * 2, 2]
    # in a page that the kernel's own way does not reach
    assert over == [[_IN_BOTH] * 2, ["text/html", _WIDGET], 3]


def test_what_a_cell_shows_that_is_executed_again_meanwhile_is_left_alone(node: str) -> None:
    script = """
    traits.is_over = true;
    initialize({ model });
    add(asked); // and is not drawn yet
    await pass(3_000);
    clear();
    addDrawn({ output_type: "execute_result", data: { "text/plain": "12" } });
    await pass(20_000);
    say([inNotebook(), writes, timers.size]);
    """

    assert _run_in_notebook(node, script) == [["text/plain"], 0, 0]


@pytest.mark.parametrize(
    "at", ["before it looks at the notebook", "while it waits for the output", "while it waits for the view"]
)
def test_a_page_that_closes_listens_to_no_notebook_and_changes_none(node: str, at: str) -> None:
    script = f"""
    traits.is_over = true;
    const end = initialize({{ model }}), seen = [];
    const closeIf = async (when) => {{
      if (when !== {at!r}) return;
      end();
      await settleAll();
      seen.push(listeners.size);
    }};
    model.set("shown", 1);
    await closeIf("before it looks at the notebook");
    await pass(0);
    await closeIf("while it waits for the output");
    add(asked);
    await pass(500);
    await closeIf("while it waits for the view");
    draw(0);
    await pass(20_000);
    say([seen, listeners.size, inNotebook(), writes, timers.size]);
    """

    assert _run_in_notebook(node, script) == [[0], 0, [f"{_WIDGET},text/plain"], 0, 0]


# what a notebook keeps of widgets, and how often that was changed
_METADATA = """
traits.unseen = "gone <b>";
let metadata = {}, changes = 0;
const notebook = model.widget_manager.context.model;
notebook.getMetadata = (key) => metadata[key];
notebook.setMetadata = (key, value) => { metadata[key] = value; changes++; };
notebook.deleteMetadata = (key) => { delete metadata[key]; changes++; };
const states = () => metadata.widgets?.["application/vnd.jupyter.widget-state+json"].state ?? {};
"""


def test_a_notebook_that_may_be_saved_while_a_run_goes_on_keeps_a_sentence_for_it(node: str) -> None:
    script = """
    addDrawn(own);
    initialize({ model });
    await pass(2000);
    const during = states();
    model.set("shown", 1);
    await pass(2000);
    const changesBefore = changes;
    model.set("is_held", true);
    await pass(0);
    say([during, changesBefore, metadata]);
    process.exit();
    """

    [during, changes, after] = _run_in_page(node, _NOTEBOOK + _METADATA + script)

    assert during["root"]["model_name"] == "HTMLModel"
    assert during["root"]["state"] == {"value": '<p class="ng-stand-in">gone &#60;b&#62;</p>'}
    assert (changes, after) == (1, {})


def test_sentences_of_views_that_are_gone_go_and_other_widgets_of_the_notebook_stay(node: str) -> None:
    script = """
    const stands = { model_name: "HTMLModel", state: { value: '<p class="ng-stand-in">old</p>' } };
    const slider = { model_name: "IntSliderModel", state: { value: 3 } };
    metadata.widgets = { "application/vnd.jupyter.widget-state+json": { version_major: 2, state: { stands, slider } } };
    addDrawn(own);
    initialize({ model });
    await pass(2000);
    const during = Object.keys(states());
    model.set("is_over", true);
    await pass(0);
    say([during, Object.keys(states())]);
    process.exit();
    """

    assert _run_in_page(node, _NOTEBOOK + _METADATA + script) == [["slider", "root"], ["slider"]]


def test_a_notebook_that_does_not_show_a_run_keeps_no_sentence_for_it(node: str) -> None:
    script = "initialize({ model }); await pass(2000); say([metadata, changes]); process.exit();"

    assert _run_in_page(node, _NOTEBOOK + _METADATA + script) == [{}, 0]
