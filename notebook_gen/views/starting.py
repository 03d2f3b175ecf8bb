"""What stands in a live view's place until its widgets are there: as high as it will be, at any width.

What is as wide as its room flows as in the view itself: what stands beside the DAG goes below it where it has to.
"""

from typing import Final

from notebook_gen.views import measures
from notebook_gen.views.dag import dag_svg, more_below
from notebook_gen.views.head import SIDE_STYLE, count_side_lines
from notebook_gen.views.source import RunSource
from notebook_gen.views.text import escape

# JupyterLab keeps 20 pixels free beside HTML, not beside the widgets that come in its place
_STYLE: Final = (
    "<style>.jp-RenderedHTMLCommon > .ng-empty-view { margin-right: -20px !important; }"
    ".ng-empty-view svg { display: block; max-width: 100%; height: auto; }"
    ".ng-empty-dag { visibility: hidden; } .ng-empty-dag::-webkit-scrollbar { width: 10px; height: 10px; }"
    ".ng-empty-view { container: ng-run / inline-size; }"
    f"@container ng-run (max-width: {measures.NARROW}px) "
    f"{{ .ng-empty-head {{ margin-bottom: {measures.HEAD_BELOW}px; }} }}</style>"
)
_PROMISE: Final = (
    '<div style="opacity:.75;font-size:12px">The graph of the columns, a timeline of every call and the rows as they '
    "come will stand here.</div>"
)
_FRAME: Final = (
    f"box-sizing:border-box;min-width:{measures.NARROWEST}px;max-width:1400px;margin:0;"
    "border:1px solid #8884;border-radius:10px"
)
_LINE: Final = 22.8  # a line of 12 pixels, its padding and border: what measures.SIDE_LINE rounds up
_TOP: Final = (
    "box-sizing:border-box;display:flex;flex-wrap:wrap;align-items:center;align-content:center;gap:10px 18px;"
    "padding:10px 16px 10px 14px"
)


def starting_html(source: RunSource, words: str, *, is_compact: bool = False) -> str:
    """Draw an empty frame that says what will be there.

    Args:
        source: the run.
        words: not escaped.
        is_compact: whether nothing will stand below the graph.
    """
    below = "" if is_compact else f'<div style="height:{measures.below_top(source)}px"></div>'
    head = measures.HEAD + measures.BAR
    drawn = dag_svg(source.graph, progress=source.progress, max_width=measures.DAG_WIDTH)
    dag = f"{drawn.partition('>')[0]}></svg>"  # as large as it, and empty
    more = more_below(source.graph, source.progress, measures.DAG_WIDTH, measures.DAG_HEIGHT)
    more = '<div style="height:22px"></div>' if more else ""
    room = f"flex:0 1 auto;min-width:0;max-width:100%;max-height:{measures.DAG_HEIGHT}px;overflow:auto"
    lines = f'<div style="height:{_LINE}px;break-inside:avoid"></div>' * count_side_lines(source)
    return (
        f'{_STYLE}<div class="ng-empty-view mathjax_ignore" style="{_FRAME}">'
        f'<div class="ng-empty-head" style="box-sizing:border-box;height:{head}px;padding:20px">'
        f"{escape(words)}{'' if is_compact else _PROMISE}</div>"
        f'<div style="{_TOP};min-height:{measures.top_height(source)}px">'
        f'<div class="ng-empty-dag" style="{room}">{dag}{more}</div>'
        f'<div style="{SIDE_STYLE};columns:2 250px;column-gap:24px">{lines}</div></div>{below}</div>'
    )
