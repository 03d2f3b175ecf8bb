"""What is shown in a cell's output, as the host gets it."""

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from IPython.core.displaypub import CapturingDisplayPublisher
from IPython.core.interactiveshell import InteractiveShell

from notebook_gen.views.outputs import Outputs

WIDGET = "application/vnd.jupyter.widget-view+json"
URL = "https://example.test/manager.js"


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    publisher = CapturingDisplayPublisher()  # type: ignore[no-untyped-call]  # IPython's
    monkeypatch.setattr(InteractiveShell.instance(), "display_pub", publisher)
    return publisher.outputs


def _show(bundle: dict[str, object]) -> None:
    outputs = Outputs()
    outputs.show(bundle)
    outputs.update(bundle)


def test_colab_is_told_with_every_widget_where_its_manager_is(
    published: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    colab: Any = ModuleType("google.colab.output")
    colab._widgets = SimpleNamespace(_installed_url=URL)
    monkeypatch.setitem(sys.modules, "google.colab.output", colab)

    _show({WIDGET: {"model_id": "1"}, "text/plain": "run"})
    _show({"text/html": "report"})

    told = {WIDGET: {"colab": {"custom_widget_manager": {"url": URL}}}}
    assert [output["metadata"] for output in published] == [told, told, {}, {}]


def test_elsewhere_nothing_stands_beside_a_widget(published: list[dict[str, Any]]) -> None:
    _show({WIDGET: {"model_id": "1"}, "text/plain": "run"})

    assert [output["metadata"] for output in published] == [{}, {}]
