"""A click on a bar, and what a double-click is not: static/click.js."""

import json
import subprocess

import pytest

from notebook_gen.views.stylesheet import read_static

# a plot that tells of clicks as plotly does, and a clock that is moved by hand
_STAGE = """
let now = 1000, timers = [];
globalThis.performance = { now: () => now };
globalThis.setTimeout = (act, after = 0) => (timers.push({ act, at: now + after }), timers.at(-1));
globalThis.clearTimeout = (timer) => (timers = timers.filter((other) => other !== timer));
const heard = {}, done = [];
const pass = (ms) => {
  now += ms;
  const due = timers.filter(({ at }) => at <= now);
  timers = timers.filter(({ at }) => at > now);
  for (const { act } of due) act();
};
const click = (bar) => heard.plotly_click({ points: [{ customdata: bar }] });
const plot = { on: (name, hear) => (heard[name] = hear), addEventListener: (name, hear) => (heard[name] = hear) };
globalThis.addEventListener = plot.addEventListener;
let pointed = -1;
const left = { button: 0, clientX: 9, clientY: 9 };
const press = (bar, facts = {}) => ((pointed = bar), heard.pointerdown({ ...left, ...facts }));
const release = (clientX = 9) => heard.pointerup({ clientX, clientY: 9 });
"""
_READ = "onClick(plot, (bar) => bar >= 0 && (() => done.push(bar)), () => pointed);"


@pytest.mark.parametrize(
    ("what", "done"),
    [
        ("click(3); pass(400);", [3]),
        ("click(3); pass(400); click(4); pass(400);", [3, 4]),
        ("click(-1); pass(400);", []),
        # plotly tells of a double-click between its two clicks, or after both
        ("click(3); pass(100); heard.plotly_doubleclick(); click(3); pass(400);", []),
        ("click(3); pass(100); click(3); heard.plotly_doubleclick(); pass(400);", []),
        ("click(3); pass(100); heard.plotly_doubleclick(); click(3); pass(400); click(5); pass(400);", [5]),
        # while it draws, plotly tells of no click: that on the bar whose card is shown counts all the same, once
        ("press(3); release(); pass(0); pass(400);", [3]),
        ("press(3); release(); click(3); pass(0); pass(400);", [3]),
        ("press(3); pointed = 7; release(); pass(0); pass(400);", [3]),
        ("press(3); release(); pass(0); press(3); release(); heard.plotly_doubleclick(); pass(0); pass(400);", []),
        # a drag is no click, nor is one with Shift or another button, nor beside all bars
        ("press(3); release(30); pass(0); pass(400);", []),
        ("press(3, { shiftKey: true }); release(); pass(0); pass(400);", []),
        ("press(3, { button: 2 }); release(); pass(0); pass(400);", []),
        ("press(-1); release(); pass(0); pass(400);", []),
    ],
)
def test_a_click_is_heard_once_unless_it_is_a_double_click(node: str, what: str, done: list[int]) -> None:
    script = f"{read_static('click.js')}{_STAGE}{_READ}{what}console.log(JSON.stringify(done));"

    said = subprocess.run([node, "-e", script], capture_output=True, text=True, check=True)

    assert json.loads(said.stdout) == done
