"""Write tests/golden/rans: tables, symbols' recipes and the payloads they must give.

    python tests/golden/make_rans.py

Changes only with the format.  Payloads come from the reference coder; the tests ask both coders for them.
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tintype.codec.entropy import rans, reference
from tintype.codec.entropy.tables import Rows, Symbols, Tables, gaussian_tables

FOLDER = Path(__file__).parent / "rans"
PERIOD = 251  # a prime, so that no block repeats another
Steps = list[tuple[Rows, Symbols]]


def pattern(tables: Tables, count: int) -> tuple[Rows, Symbols]:
    """Symbols within about two thirds of their rows' reach, by integers alone; every 97th escapes."""
    n = np.arange(count, dtype=np.int64)
    rows = (n * n % PERIOD) * 64 // PERIOD
    reach = tables.counts[rows]
    symbols = tables.first[rows] + reach // 6 + n * 7919 % PERIOD * (2 * reach // 3 + 1) // PERIOD
    symbols[::97] = n[::97] * 40503 % 65536 - 32768
    symbols[tables.skips[rows]] = 0
    return rows.astype(np.uint16), symbols.astype(np.int16)


def steps_of(*pairs: tuple[list[int], list[int]]) -> Steps:
    return [(np.array(rows, np.uint16), np.array(symbols, np.int16)) for rows, symbols in pairs]


def cases(tables: Tables) -> Iterator[tuple[str, Steps]]:
    """Name and steps of each golden payload, all with the 64 Gaussian rows."""
    yield "nothing", []
    yield "skip rows only", steps_of(([0, 1, 2, 3], [0, 0, 0, 0]))
    yield "one zero", steps_of(([20], [0]))
    yield "an empty step between two", steps_of(([20], [1]), ([], []), ([63], [-70]))
    yield "extremes", steps_of(([4, 63, 4, 63], [-32768, 32767, 32767, -32768]))
    low, count = int(tables.first[30]), int(tables.counts[30])
    yield (
        "a row's ends, and the first outside",
        steps_of(([30] * 4, [low, low - 1, low + count - 1, low + count])),
    )
    rows, symbols = pattern(tables, 1000)
    yield "a thousand in three steps", [(rows[a:b], symbols[a:b]) for a, b in ((0, 1), (1, 333), (333, 1000))]
    for lanes in (2, 8):
        yield f"{lanes} lanes", [pattern(tables, lanes * reference.SYMBOLS_PER_LANE * 64 // 56 + 5)]


def describe(payload: bytes) -> dict[str, int | str]:
    """The bytes, or their hash if they are many."""
    if len(payload) <= 2000:
        return {"bytes": payload.hex()}
    return {"size": len(payload), "sha256": hashlib.sha256(payload).hexdigest()}


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    tables = gaussian_tables()
    np.savez_compressed(FOLDER / "tables.npz", **tables.to_arrays())
    payloads = {name: describe(rans.encode(steps, tables, coder="reference")) for name, steps in cases(tables)}
    (FOLDER / "payloads.json").write_text(json.dumps(payloads, indent=1) + "\n")


if __name__ == "__main__":
    main()
