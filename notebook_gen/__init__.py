"""Make synthetic datasets in Jupyter, and watch every cell being made."""

__version__ = "0.1.0"
