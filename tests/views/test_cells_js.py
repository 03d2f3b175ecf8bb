"""The page reads of a frame of cells what Python packed: static/cells.js against views/cells.py."""

import base64
import json
import subprocess
from typing import Any

import numpy as np
import pytest

from notebook_gen.observers.cell_counts import SHOWN_STATES
from notebook_gen.views.cells import CellsPicture, pack_cells
from notebook_gen.views.stylesheet import read_static

_READ = """
const unpack = (text) => {
  const bytes = Buffer.from(text, "base64");
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
};
const packed = JSON.parse(require("fs").readFileSync(0, "utf8"));
const frame = readCells({ ...packed, masks: unpack(packed.masks), counts: unpack(packed.counts) });
console.log(JSON.stringify([WORDS, Array.from(frame.masks, (_, cell) => statesOf(frame, cell))]));
"""


def _read_in_page(node: str, picture: CellsPicture) -> list[Any]:
    frame: dict[str, Any] = {**pack_cells(picture, [])}
    frame |= {name: base64.b64encode(frame[name]).decode() for name in ("masks", "counts")}
    script = read_static("cell_states.js") + _READ
    done = subprocess.run([node, "-e", script], input=json.dumps(frame), capture_output=True, text=True, check=True)
    read: list[Any] = json.loads(done.stdout)
    return read


@pytest.mark.parametrize("width", [1, 9, 70_000])
def test_the_page_reads_the_states_of_every_cell_and_how_many_are_in_each(node: str, width: int) -> None:
    rng = np.random.default_rng(1)
    cells = rng.multinomial(width, [1 / len(SHOWN_STATES)] * len(SHOWN_STATES), size=(3, 20)).astype(np.uint32)
    cells[0, 0] = 0
    picture = CellsPicture(["a", "b", "c"], ["c0", "c1", "c2"], width, cells, ended=False)

    words, read = _read_in_page(node, picture)

    assert words == list(SHOWN_STATES)
    for states, counts in zip(read, cells.reshape(-1, len(SHOWN_STATES)).tolist(), strict=True):
        present = [[state, count] for state, count in enumerate(counts) if count]
        assert states == (present if len(present) > 1 else [[state, None] for state, _ in present])


_LEGEND = """
const all = (...states) => ({ masks: Uint16Array.from(states, (state) => 1 << state), ended: false });
const shown = [legendStates([], all(IS_WAITING, IS_KEPT, IS_KEPT))];
shown.push(legendStates(shown[0], all(IS_WAITING, IS_FLYING, HAS_FAILED)));
shown.push(legendStates(shown[1], all(IS_DONE, IS_KEPT)));
shown.push(legendStates(shown[2], { ...all(HAS_FAILED, IS_DONE), ended: true }));
console.log(JSON.stringify(shown.map((states) => states.map((state) => WORDS[state]))));
"""


def test_the_legend_has_the_states_that_occur_and_none_moves_while_the_run_goes_on(node: str) -> None:
    script = read_static("cell_states.js") + _LEGEND
    done = subprocess.run([node, "-e", script], capture_output=True, text=True, check=True)

    assert json.loads(done.stdout) == [
        ["kept", "waiting"],
        ["kept", "waiting", "in flight", "failed"],
        ["kept", "waiting", "in flight", "failed", "done"],
        ["done", "failed"],
    ]


_ZOOM = """
const whole = { first: 0, bins: 400, width: 50 };
console.log(JSON.stringify([
  withinRun({ first: -5, end: 95 }, 20000, 8), withinRun({ first: 3, end: 4 }, 20000, 8),
  withinRun({ first: 0, end: 30000 }, 20000, 8),
  zoomedAround(null, 5000, 0.5, 20000, 8), movedBy({ first: 19990, end: 20000 }, 5, 20000),
  [null, { first: 990, bins: 60, width: 1 }, { first: 500, bins: 100, width: 1 }].map((part) => {
    const { frame, from, to } = framePart({ first: 1000, end: 1050 }, whole, part);
    return [frame === whole, from, to];
  }),
]));
"""


def test_a_window_stays_within_the_run_and_shows_what_is_exact_as_soon_as_it_is_there(node: str) -> None:
    done = subprocess.run([node, "-e", read_static("zoom.js") + _ZOOM], capture_output=True, text=True, check=True)

    assert json.loads(done.stdout) == [
        {"first": 0, "end": 100},
        {"first": 3, "end": 11},
        None,
        {"first": 2500, "end": 12500},
        {"first": 19990, "end": 20000},
        [[True, 20, 21], [False, 10, 60], [True, 20, 21]],
    ]
