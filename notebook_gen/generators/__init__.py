"""How each kind of column makes its values."""

from notebook_gen.generators.make import Context, make_generator

__all__ = ["Context", "make_generator"]
