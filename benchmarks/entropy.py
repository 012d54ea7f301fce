"""Speed and efficiency of the entropy coder, compared with `constriction` in the same run.

    python benchmarks/entropy.py [--symbols 1310720] [--bits 0.15 0.3 0.6] [--repeats 9] [--seed 1]

Symbols are drawn from the 64 Gaussian classes (as real numbers, then rounded), whose mixture is shifted
until the mean entropy over all symbols, skipped ones included, is as asked.  Two orders: `runs`, in which
neighbours of a channel have similar rows, as in latents; and `random`.

constriction's rANS coder gets one Categorical model per scale and each scale's coded symbols in one call.
That is the fastest way through its Python interface, and easier than the task: sorting symbols by row and
leaving out the skipped ones is done beforehand and not timed.

Speeds are medians, in millions of symbols per second: all symbols and, in brackets, the coded ones alone.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import constriction
import numpy as np

from tintype.codec.entropy import rans
from tintype.codec.entropy.tables import Floats, Rows, Symbols, Tables, gaussian_pmf, gaussian_scales, gaussian_tables

CHANNELS = 320


@dataclass(frozen=True, slots=True)
class Source:
    """Rows and the symbols drawn for them."""

    rows: Rows
    symbols: Symbols


def true_entropy(scales: Floats) -> Floats:
    """Entropy of a rounded Gaussian of each scale, in bits, shape (R,)."""
    entropies = []
    for scale in scales.tolist():
        pmf = gaussian_pmf(scale, int(20 * scale) + 20)
        pmf = pmf[pmf > 0]
        entropies.append(float(-(pmf * np.log2(pmf)).sum()))
    return np.array(entropies)


def draw(tables: Tables, bits: float, count: int, order: str, rng: np.random.Generator) -> Source:
    """Symbols whose mean entropy is ``bits``; channels differ, and neighbours in one resemble each other."""
    scales = gaussian_scales()
    entropy = np.where(tables.skips, 0.0, true_entropy(scales))
    channel = np.repeat(rng.normal(0, 12, CHANNELS), -(-count // CHANNELS))[:count]
    slow = np.repeat(rng.normal(0, 6, -(-count // 16)), 16)[:count]
    classes = channel + slow + rng.normal(0, 2, count)
    low, high = -200.0, 200.0
    for _ in range(40):
        shift = (low + high) / 2
        rows = np.clip(np.rint(classes + shift), 0, len(scales) - 1).astype(np.uint16)
        low, high = (shift, high) if entropy[rows].mean() < bits else (low, shift)
    if order == "random":
        rng.shuffle(rows)
    values = np.rint(rng.standard_normal(count) * scales[rows])
    return Source(rows, np.where(tables.skips[rows], 0, values).astype(np.int16))


def timed(function: Callable[[], object], repeats: int) -> float:
    """Median seconds of a call, after one to warm up."""
    function()
    seconds = []
    for _ in range(repeats):
        begin = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - begin)
    return statistics.median(seconds)


def ours(tables: Tables, source: Source, repeats: int) -> tuple[int, float, float]:
    """Payload bytes, seconds to encode and to decode."""
    payload = rans.encode([(source.rows, source.symbols)], tables, coder="native")

    def decode() -> Symbols:
        decoder = rans.Decoder(payload, tables, coder="native")
        symbols = decoder.decode(source.rows)
        decoder.finish()
        return symbols

    assert (decode() == source.symbols).all()
    encoding = timed(lambda: rans.encode([(source.rows, source.symbols)], tables, coder="native"), repeats)
    return len(payload), encoding, timed(decode, repeats)


def theirs(tables: Tables, source: Source, repeats: int) -> tuple[int, float, float]:
    """The same for constriction, symbols grouped by row beforehand and not timed."""
    groups = []
    for row in np.unique(source.rows[~tables.skips[source.rows]]).tolist():
        widths = np.diff(tables.cumulative[tables.offsets[row] : tables.offsets[row + 1]])
        probabilities = (widths / widths.sum()).astype(np.float32)
        model = constriction.stream.model.Categorical(probabilities, perfect=False)
        symbols = source.symbols[source.rows == row].astype(np.int32) - int(tables.first[row])
        groups.append((np.clip(symbols, 0, len(widths) - 1), model))

    def encode() -> np.ndarray:
        coder = constriction.stream.stack.AnsCoder()
        for symbols, model in reversed(groups):
            coder.encode_reverse(symbols, model)
        return coder.get_compressed()

    compressed = encode()

    def decode() -> list[np.ndarray]:
        coder = constriction.stream.stack.AnsCoder(compressed)
        return [coder.decode(model, len(symbols)) for symbols, model in groups]

    assert all((got == group[0]).all() for got, group in zip(decode(), groups, strict=True))
    return 4 * len(compressed), timed(encode, repeats), timed(decode, repeats)


def report(bits: float, order: str, arguments: argparse.Namespace) -> None:
    tables = gaussian_tables()
    source = draw(tables, bits, arguments.symbols, order, np.random.default_rng(arguments.seed))
    n = source.rows.size
    coded = int((~tables.skips[source.rows]).sum())
    size, encoding, decoding = ours(tables, source, arguments.repeats)
    their_size, their_encoding, their_decoding = theirs(tables, source, arguments.repeats)
    print(f"{bits} bit/symbol, {order} rows: {n} symbols, {coded} coded, {8 * size / n:.5f} bit/symbol")
    print(f"  above this sample's cost in the tables {relative(8 * size, cost(tables, source)):+.3%}")
    print(f"  above the entropy of the Gaussians     {expected(tables, source, size):+.3%}")
    print(f"  encode {speed(n, coded, encoding)}   decode {speed(n, coded, decoding)}")
    print(
        f"  constriction: {relative(their_size, size):+.3%} bytes, "
        f"encode {speed(n, coded, their_encoding)}   decode {speed(n, coded, their_decoding)}"
    )
    sorting = timed(lambda: source.symbols[np.argsort(source.rows, kind="stable")], arguments.repeats)
    print(f"  its symbols sorted by row, not counted above: {speed(n, coded, sorting)}")
    print(f"  ours is faster by: encode {their_encoding / encoding:.2f}, decode {their_decoding / decoding:.2f}")


def cost(tables: Tables, source: Source) -> float:
    return float(tables.rate_bits(source.rows, source.symbols).sum())


def expected(tables: Tables, source: Source, size: int) -> float:
    """Payload against the Gaussians' entropy, the luck of the sample taken out.

    The sample's information under the true Gaussians differs from their entropy by chance, by far more than a
    coder loses; so the payload is compared with that information.
    """
    scales = gaussian_scales()
    bits = 0.0
    for row in np.unique(source.rows[~tables.skips[source.rows]]).tolist():
        symbols = np.abs(source.symbols[source.rows == row].astype(np.int64))
        pmf = gaussian_pmf(float(scales[row]), int(symbols.max()) + 1)
        bits -= float(np.log2(pmf[pmf.size // 2 + symbols]).sum())
    return relative(8 * size, bits)


def relative(value: float, base: float) -> float:
    return value / base - 1


def speed(symbols: int, coded: int, seconds: float) -> str:
    return f"{symbols / seconds / 1e6:.1f} ({coded / seconds / 1e6:.1f}) M/s"


def main() -> None:
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=form)
    parser.add_argument("--symbols", type=int, default=1310720, help="default: the latents of one megapixel")
    parser.add_argument("--bits", type=float, nargs="+", default=[0.15, 0.3, 0.6])
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    for bits in arguments.bits:
        for order in ("runs", "random"):
            report(bits, order, arguments)


if __name__ == "__main__":
    main()
