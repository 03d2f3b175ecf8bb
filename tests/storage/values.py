"""Arbitrary plain values, as cells may hold them."""

import datetime as dt
from typing import Any

from hypothesis import strategies as st

SCALARS: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(),
    st.binary(),
    st.dates(),
    st.datetimes(),
    st.times(),
    st.timedeltas(min_value=dt.timedelta(days=-100_000_000), max_value=dt.timedelta(days=100_000_000)),
    st.decimals(allow_nan=False, allow_infinity=False, places=3),
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
)

ONE_KIND: st.SearchStrategy[list[Any]] = st.one_of(
    *[
        st.lists(st.none() | kind, min_size=1)
        for kind in (
            st.booleans(),
            st.integers(-(2**63), 2**63 - 1),
            st.floats(allow_nan=False),
            st.text(),
            st.binary(),
            st.dates(),
            st.datetimes(),
            st.times(),
            st.timedeltas(min_value=dt.timedelta(days=-100_000_000), max_value=dt.timedelta(days=100_000_000)),
            st.decimals(-(10**20), 10**20, places=3),
            st.lists(st.none() | st.integers(-(2**63), 2**63 - 1)),
            st.lists(st.lists(st.text())),
            st.fixed_dictionaries({"a": st.none() | st.text(), "b.c": st.lists(st.floats(allow_nan=False))}),
        )
    ]
)
"""Columns of one type, which must come back exactly as they were."""
