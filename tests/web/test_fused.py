"""A product and a sum are rounded once, in WebAssembly too, which has no instruction for it."""

import subprocess
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

COUNT = 1 << 16
Floats = NDArray[np.float32]


def nearest(exact: Fraction) -> np.float32:
    """To the nearest float32, halves to even."""
    near = np.float32(float(exact))  # two roundings: at most one float32 away
    around = [np.nextafter(near, np.float32(-np.inf)), near, np.nextafter(near, np.float32(np.inf))]
    return min(around, key=lambda x: (abs(Fraction(float(x)) - exact), int(x.view(np.uint32)) & 1))


def cases() -> Floats:
    """(3, COUNT): factors and summands of like size; sums near half-way points; results below the normal numbers."""
    rng = np.random.default_rng(1)
    a, b, c = rng.standard_normal((3, COUNT)).astype(np.float32) * np.exp2(rng.integers(-3, 4, (3, COUNT)))
    a, b, c = (each.astype(np.float32) for each in (a, b, c))
    half = slice(0, COUNT // 2)
    # a * b is half of a unit in c's last place, or this less a part that float64 has no place for: (1 + x) (1 - x)
    x = np.exp2(-rng.integers(12, 24, COUNT // 2)) * rng.integers(0, 2, COUNT // 2)
    a[half] = 1 + x
    b[half] = np.spacing(np.abs(c[half])) * (1 - x) * rng.choice([0.5, -0.5], COUNT // 2)
    small = slice(COUNT // 2, 3 * COUNT // 4)
    a[small] *= np.float32(2.0**-70)
    b[small] *= np.float32(2.0**-68)
    c[small] *= np.float32(2.0**-136)
    return np.stack([a, b, c])


def test_products_that_are_added_up_are_rounded_once(built: Path, tmp_path: Path) -> None:
    from tests.web.browser import NODE
    from web.build import build_engine

    here = Path(__file__).parent
    build_engine(tmp_path / "fused.wasm", sources=[here / "fused.cpp"])
    numbers = tmp_path / "numbers"
    given = cases()
    np.concatenate([given, np.zeros((1, COUNT), np.float32)]).astype("<f4").tofile(numbers)
    subprocess.run([NODE, here / "fused.mjs", tmp_path / "fused.wasm", numbers], check=True, timeout=60)
    a, b, c, found = np.fromfile(numbers, "<f4").reshape(4, COUNT)

    exact = a.astype(np.float64) * b  # of 48 bits
    twice = (exact + c).astype(np.float32)
    assert (twice != found).sum() > 100  # cases that show a difference
    for i in range(0, COUNT, 7):
        wanted = nearest(Fraction(float(a[i])) * Fraction(float(b[i])) + Fraction(float(c[i])))
        assert found[i] == wanted, (float(a[i]).hex(), float(b[i]).hex(), float(c[i]).hex())
