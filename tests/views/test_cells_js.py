"""The page reads of a frame of cells what Python packed: static/cells.js against views/cells.py."""

import base64
import json
import subprocess
from typing import Any

import numpy as np
import pytest

from notebook_gen.engine.snapshots import CELL_STATES
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
    script = read_static("cells.js").replace("export default", "const ignored =") + _READ
    done = subprocess.run([node, "-e", script], input=json.dumps(frame), capture_output=True, text=True, check=True)
    read: list[Any] = json.loads(done.stdout)
    return read


@pytest.mark.parametrize("width", [1, 9, 70_000])
def test_the_page_reads_the_states_of_every_cell_and_how_many_are_in_each(node: str, width: int) -> None:
    rng = np.random.default_rng(1)
    cells = rng.multinomial(width, [1 / len(CELL_STATES)] * len(CELL_STATES), size=(3, 20)).astype(np.uint32)
    cells[0, 0] = 0
    picture = CellsPicture(["a", "b", "c"], ["c0", "c1", "c2"], width, cells, ended=False)

    words, read = _read_in_page(node, picture)

    assert words == list(CELL_STATES)
    for states, counts in zip(read, cells.reshape(-1, len(CELL_STATES)).tolist(), strict=True):
        present = [[state, count] for state, count in enumerate(counts) if count]
        assert states == (present if len(present) > 1 else [[state, None] for state, _ in present])
