"""How long the demo endpoint takes to answer: as a model does, mostly about the same, and now and then much longer."""

from collections.abc import Sequence

from notebook_gen.demo.draws import draw


def latency_of(messages: Sequence[tuple[str, str]], *, median: float, spread: float, seed: int) -> float:
    """Give the seconds that a request takes.

    Args:
        messages: role and text of each; the same request always takes as long.
        median: seconds, in the middle.
        spread: sigma of the log-normal distribution; 0: every request takes the median.
        seed: of the endpoint.
    """
    if spread == 0:
        return median
    return median * draw("latency", messages, seed).lognormvariate(0.0, spread)
