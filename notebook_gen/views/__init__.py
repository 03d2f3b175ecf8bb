"""Pictures of a builder and its runs; the only place that imports plotly, graphviz, ipywidgets, IPython or rich."""
