"""What hypothesis draws for several test modules."""

import numpy as np
from hypothesis import strategies as st

from tintype.codec.entropy.tables import TOTAL, Rows, Symbols, Tables

INT16 = st.integers(-(2**15), 2**15 - 1)


@st.composite
def tables(draw: st.DrawFn) -> Tables:
    """One to eight rows: narrow, wide, skewed, at the ends of int16, and skip rows."""
    rows, first = [], []
    for _ in range(draw(st.integers(1, 8))):
        if draw(st.integers(0, 3)) == 0:
            rows.append([0, TOTAL])
            first.append(0)
            continue
        inner = st.integers(1, TOTAL - 1) | st.integers(1, 9) | st.integers(TOTAL - 9, TOTAL - 1)
        cuts = sorted(draw(st.sets(inner, min_size=1, max_size=30)))
        rows.append([0, *cuts, TOTAL])
        first.append(draw(st.sampled_from([-len(cuts) // 2, -(2**15), 2**15 - len(cuts)]) | st.integers(-99, 99)))
    return Tables.from_rows(rows, first)


@st.composite
def coded(draw: st.DrawFn, tables: Tables, max_size: int = 60) -> tuple[Rows, Symbols]:
    """Rows of the tables and symbols for them, some of which escape."""
    rows = np.array(draw(st.lists(st.integers(0, len(tables) - 1), max_size=max_size)), np.uint16)
    inside = st.floats(0, 1, exclude_max=True)
    symbols = []
    for row in rows.tolist():
        position = draw(inside | INT16)
        if isinstance(position, float):
            symbols.append(int(tables.first[row]) + int(position * tables.counts[row]))
        else:
            symbols.append(0 if tables.skips[row] else position)
    return rows, np.array(symbols, np.int16)


@st.composite
def tables_and_steps(draw: st.DrawFn) -> tuple[Tables, list[tuple[Rows, Symbols]]]:
    """Tables and zero to four steps coded with them."""
    these = draw(tables())
    return these, draw(st.lists(coded(these), max_size=4))
