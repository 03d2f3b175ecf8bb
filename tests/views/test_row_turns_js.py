"""Which rows a page takes a frame to be of: static/row_turns.js."""

import json
import subprocess

import pytest

from notebook_gen.views.stylesheet import read_static

_SLOTS = {"lanes": {"kind": "slots"}, "rows": None}
_NEWEST = {"lanes": {"kind": "rows"}, "rows": {"first": 8, "chosen": False}}
_OLDER = {"lanes": {"kind": "rows"}, "rows": {"first": 3, "chosen": False}}
_TURNED = {"lanes": {"kind": "rows"}, "rows": {"first": 8, "chosen": True}}
_TURNED_ELSEWHERE = {"lanes": {"kind": "rows"}, "rows": {"first": 3, "chosen": True}}


@pytest.mark.parametrize(
    ("detail", "frame", "does_fit"),
    [
        (None, _SLOTS, False),
        (None, None, False),
        (_SLOTS, _SLOTS, True),
        (_SLOTS, _NEWEST, False),
        # of another time, other rows are the newest
        (_OLDER, _NEWEST, True),
        (_NEWEST, _TURNED, False),
        (_TURNED, _NEWEST, False),
        (_TURNED, _TURNED, True),
        (_TURNED, _TURNED_ELSEWHERE, False),
    ],
)
def test_a_window_fits_while_nobody_has_turned_to_other_lanes_or_rows(
    node: str, detail: object, frame: object, *, does_fit: bool
) -> None:
    script = f"{read_static('row_turns.js')}console.log(fits({json.dumps(detail)}, {json.dumps(frame)}));"

    done = subprocess.run([node, "-e", script], capture_output=True, text=True, check=True)

    assert json.loads(done.stdout) is does_fit
