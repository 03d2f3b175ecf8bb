"""Pictures of a builder and its runs; the only place that imports plotly, graphviz, ipywidgets, IPython or rich.

`ng.views.gantt(run)`, `ng.views.cells(run)` and `ng.views.dag(builder)` draw what runs and builders show, also of
traces that were saved.
"""

from notebook_gen.views.cells_drawing import CellsDrawing, cells
from notebook_gen.views.pictures import Drawing, dag, gantt

__all__ = ["CellsDrawing", "Drawing", "cells", "dag", "gantt"]
