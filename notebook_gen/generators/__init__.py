"""How each kind of column makes its values."""
