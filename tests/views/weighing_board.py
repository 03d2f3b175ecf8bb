"""A board that weighs what it is told."""

import json

from tests.views.recording_board import RecordingBoard


class WeighingBoard(RecordingBoard):
    """Weighs what it is told, as it would go over the wire."""

    sent = 0

    def weigh(self) -> int:
        """Bytes told since this was asked last."""
        told, self.sent = self.sent, 0
        return told

    def __getattribute__(self, name: str) -> object:
        found = super().__getattribute__(name)
        if not name.startswith("show_"):
            return found

        def show(*values: object, **traits: object) -> None:
            self.sent += len(json.dumps([values, traits], default=_stand_in))
            found(*values, **traits)

        return show


def _stand_in(value: object) -> object:
    """As many characters as an array has bytes."""
    return "x" * memoryview(value).nbytes  # type: ignore[arg-type]  # nothing else is left over by JSON
