"""Resources are counted together, and models apart from functions."""

from notebook_gen.config.columns import Column, Function, Integer, LLMText
from notebook_gen.plan.graph import build_graph
from notebook_gen.views.resources import say_calls
from tests.views.fake_run import FakeRun


def _words(text: str) -> int:
    return len(text.split())


WORDS = Function.from_callable(_words, inputs=None)


def _said(**columns: Column) -> str:
    graph = build_graph(columns)
    return " · ".join(
        say_calls(FakeRun(graph, ceilings={name: 8 if "model" in name else 6 for name in graph.resources}))
    )


def test_calls_of_models_and_of_functions_are_counted_apart() -> None:
    assert _said(text=LLMText("x"), n=WORDS) == "0 of 8 calls in flight · 0 of 6 function calls in flight"
    assert _said(text=LLMText("x")) == "0 of 8 calls in flight"


def test_where_nothing_needs_a_slot_there_is_nothing_to_say() -> None:
    assert _said(stars=Integer(1, 5)) == ""
