"""What a page hears for a run's report and of who is at work, and that it stops: static/keep.js, static/presence.js."""

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
const traits = { place: { root: "root", text: "" }, note: "", is_held: false, is_over: false };
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
const settle = () => new Promise((go) => setTimeout(go));
const say = (told) => console.log(JSON.stringify(told));
"""


def _run_in_page(node: str, script: str) -> Any:
    """Give what a script says in a page; it fails if a rejection is left unhandled."""
    module = _PAGE + read_static("still.js", "presence.js", "keep.js") + script
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
    say([before, heard.size, sent.filter((word) => "presence" in word)]);
    process.exit();
    """

    assert _run_in_page(node, script) == [9, 0, []]


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
