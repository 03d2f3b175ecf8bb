"""How each kind of column makes its values."""

from notebook_gen.generators.conditions import make_condition
from notebook_gen.generators.make import Context, make_generator
from notebook_gen.generators.processors import make_after_run, make_processor

__all__ = ["Context", "make_after_run", "make_condition", "make_generator", "make_processor"]
