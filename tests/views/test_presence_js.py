"""Whether somebody is in a view, as a page sees it: static/presence.js."""

import json
import subprocess

import pytest

from notebook_gen.views.stylesheet import read_static

# a page that shows one view, which the pointer rests on, or a finger did
_STAGE = """
globalThis.document = { addEventListener() {}, activeElement: null };
globalThis.addEventListener = () => {};
const said = [], model = { send: ({ presence }) => said.push(presence.busy) };
const view = { matches: (what) => what === ":hover", contains: () => false, querySelector: () => null };
"""
_TELL = """
tellPresence(model, async () => [view]);
setTimeout(() => console.log(JSON.stringify(said)), 0);
"""


@pytest.mark.parametrize("can_hover", [True, False])
def test_what_was_tapped_on_and_left_is_not_taken_for_pointed_at(node: str, *, can_hover: bool) -> None:
    media = (
        f"globalThis.matchMedia = (media) => ({{ matches: media === '(hover: hover)' && {json.dumps(can_hover)} }});"
    )
    script = f"{_STAGE}{media}{read_static('presence.js')}{_TELL}"

    done = subprocess.run([node, "-e", script], capture_output=True, text=True, check=True)

    assert json.loads(done.stdout) == [can_hover]
