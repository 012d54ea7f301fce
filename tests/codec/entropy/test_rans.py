"""Both entropy coders: the same bytes, the same symbols back, and no harm from any payload."""

import gc
import importlib.util
import json
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from shutil import which

import numpy as np
import pytest
from hypothesis import given, settings

from tests.strategies import tables_and_steps
from tintype.codec.entropy import native, rans
from tintype.codec.entropy.reference import SYMBOLS_PER_LANE, lane_count
from tintype.codec.entropy.tables import Rows, Symbols, Tables, gaussian_scales, gaussian_tables
from tintype.errors import CorruptError, InputError, TruncatedError

GOLDEN = Path(__file__).parents[2] / "golden"
SOURCES = Path(rans.__file__).parents[2] / "native"
CODERS: list[rans.Coder] = ["native", "reference"]
Steps = Sequence[tuple[Rows, Symbols]]

either = pytest.mark.parametrize("coder", CODERS)


@cache
def gaussians() -> Tables:
    return Tables.from_arrays(np.load(GOLDEN / "rans" / "tables.npz"))


def decode(payload: bytes, steps: Steps, tables: Tables, coder: rans.Coder) -> list[Symbols]:
    decoder = rans.Decoder(payload, tables, coder=coder)
    symbols = [decoder.decode(rows) for rows, _ in steps]
    decoder.finish()
    return symbols


def assert_round_trip(steps: Steps, tables: Tables) -> bytes:
    """Both coders write one payload and read it back."""
    payload = rans.encode(steps, tables, coder="native")
    assert payload == rans.encode(steps, tables, coder="reference")
    for coder in CODERS:
        for got, (_, symbols) in zip(decode(payload, steps, tables, coder), steps, strict=True):
            assert got.dtype == np.int16
            assert np.array_equal(got, symbols)
    return payload


def draw(count: int, seed: int = 1, lowest: int = 0) -> tuple[Rows, Symbols]:
    """Random rows and Gaussian symbols, some of which escape."""
    rng = np.random.default_rng(seed)
    rows = rng.integers(lowest, 64, count).astype(np.uint16)
    symbols = np.rint(rng.standard_normal(count) * gaussian_scales()[rows] * 1.3)
    return rows, np.where(gaussians().skips[rows], 0, symbols).astype(np.int16)


def step(rows: list[int], symbols: list[int]) -> tuple[Rows, Symbols]:
    return np.array(rows, np.uint16), np.array(symbols, np.int16)


@given(tables_and_steps())
def test_native_and_reference_coders_write_the_same_bytes_and_read_them_back(
    case: tuple[Tables, Steps],
) -> None:
    tables, steps = case
    assert_round_trip(steps, tables)


def test_nothing_and_skip_rows_alone_take_no_bytes() -> None:
    assert assert_round_trip([], gaussians()) == b""
    assert assert_round_trip([step([], [])], gaussians()) == b""
    assert assert_round_trip([step([0, 1, 2, 3], [0, 0, 0, 0])], gaussians()) == b""


def test_one_symbol_takes_a_lane_code_and_a_state() -> None:
    assert len(assert_round_trip([step([20], [1])], gaussians())) == 5


def test_every_int16_comes_back_from_a_row_that_holds_two() -> None:
    symbols = np.arange(-(2**15), 2**15).astype(np.int16)
    tables = Tables.from_rows([[0, 1, 65535, 65536]], [5])
    assert_round_trip([(np.zeros(symbols.shape, np.uint16), symbols)], tables)


def test_every_row_of_65536_is_coded() -> None:
    n = np.arange(65536)
    tables = Tables.from_rows([[0, 1 + r % 251, 65000, 65536] for r in n.tolist()], -(n % 7))
    assert_round_trip([(n.astype(np.uint16), (n % 3 - 1).astype(np.int16))], tables)


def test_a_row_of_65536_entries_is_coded() -> None:
    tables = Tables.from_rows([np.arange(65537)], [-(2**15)])
    symbols = (np.arange(3000) * 7919 % 65535 - 2**15).astype(np.int16)
    payload = assert_round_trip([(np.zeros(3000, np.uint16), symbols)], tables)
    assert len(payload) == 1 + 4 + 2 * 3000  # 16 bits each


@pytest.mark.parametrize("count", [1023, 1024, 1025, 2049])
def test_block_edges_do_not_show(count: int) -> None:
    rows, symbols = draw(count)
    assert_round_trip([(rows[:1], symbols[:1]), (rows[1:], symbols[1:])], gaussians())


def test_lanes_grow_with_the_coded_symbols_alone() -> None:
    assert [lane_count(n * SYMBOLS_PER_LANE) for n in (0, 1, 2, 3, 4, 8, 99)] == [1, 1, 2, 2, 4, 8, 8]
    for count, code in ((2 * SYMBOLS_PER_LANE - 1, 0), (2 * SYMBOLS_PER_LANE, 1)):
        rows, symbols = draw(count, lowest=10)
        padded = np.zeros(5000, np.uint16), np.zeros(5000, np.int16)  # skipped
        assert assert_round_trip([padded, (rows, symbols)], gaussians())[0] & 7 == code


@pytest.mark.parametrize("lowest", [4, 40])
def test_payload_is_within_a_fifth_of_a_percent_of_the_ideal(lowest: int) -> None:
    rows, symbols = draw(200_000, lowest=lowest)
    ideal = gaussians().rate_bits(rows, symbols).sum() / 8
    assert ideal <= len(rans.encode([(rows, symbols)], gaussians())) <= 1.002 * ideal


def test_steps_may_be_cut_anywhere() -> None:
    rows, symbols = draw(500)
    whole = rans.encode([(rows, symbols)], gaussians())
    cut = [(rows[a:b], symbols[a:b]) for a, b in ((0, 0), (0, 1), (1, 250), (250, 500))]
    assert rans.encode(cut, gaussians()) == whole


@either
def test_golden_payloads_are_written_and_read(coder: rans.Coder) -> None:
    spec = importlib.util.spec_from_file_location("make_rans", GOLDEN / "make_rans.py")
    assert spec is not None and spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    payloads = json.loads((GOLDEN / "rans" / "payloads.json").read_text())
    seen = set()
    for name, steps in script.cases(gaussians()):
        payload = rans.encode(steps, gaussians(), coder=coder)
        assert script.describe(payload) == payloads[name], name
        for got, (_, symbols) in zip(decode(payload, steps, gaussians(), coder), steps, strict=True):
            assert np.array_equal(got, symbols), name
        seen.add(name)
    assert seen == set(payloads)


def test_rounded_gaussian_tables_are_the_golden_ones() -> None:
    made = gaussian_tables().to_arrays()
    for name, array in gaussians().to_arrays().items():
        assert np.array_equal(made[name], array), name


# ---- hostile payloads


def outcome(payload: bytes, steps: Steps, coder: rans.Coder) -> list[list[int]] | type[Exception]:
    try:
        return [symbols.tolist() for symbols in decode(payload, steps, gaussians(), coder)]
    except (CorruptError, TruncatedError) as error:
        assert str(error).startswith("payload: ")
        return type(error)


def small_payload() -> tuple[bytes, Steps]:
    rows, symbols = draw(60, seed=3)
    rows[[7, 31]], symbols[[7, 31]] = 30, [-900, 32767]  # escapes
    steps = [(rows[:20], symbols[:20]), (rows[20:], symbols[20:])]
    return rans.encode(steps, gaussians()), steps


def test_every_truncation_is_a_named_error() -> None:
    payload, steps = small_payload()
    for size in range(len(payload)):
        for coder in CODERS:
            assert outcome(payload[:size], steps, coder) is TruncatedError, size


def test_every_wrong_byte_is_a_named_error_or_symbols_and_the_coders_agree() -> None:
    payload, steps = small_payload()
    results = []
    for position in range(len(payload)):
        for flip in (1, 0x10, 0x80, 0xFF):
            damaged = bytearray(payload)
            damaged[position] ^= flip
            results.append(outcome(bytes(damaged), steps, "native"))
            assert results[-1] == outcome(bytes(damaged), steps, "reference")
    # The coder is no checksum: an interval of equal width, or other bits behind an escape, leave the same state.
    assert sum(isinstance(result, type) for result in results) > 0.9 * len(results)


def test_random_bytes_are_a_named_error_or_symbols_and_the_coders_agree() -> None:
    _, steps = small_payload()
    rng = np.random.default_rng(5)
    for size in range(200):
        noise = bytearray(rng.integers(0, 256, size, np.uint8).tobytes())
        if size and size % 3:
            noise[0] %= 6  # a lane code that exists, mostly
        assert outcome(bytes(noise), steps, "native") == outcome(bytes(noise), steps, "reference")


@either
@pytest.mark.parametrize(
    ("payload", "error", "message"),
    [
        (b"", TruncatedError, "empty"),
        (b"\x06" + bytes(300), CorruptError, "lane code"),
        (b"\x08" + bytes(300), CorruptError, "lane code"),  # lane 1 of 1
        (b"\x00\x00\x00\x01", TruncatedError, "states"),
        (b"\x00\xff\xff\xff\x00", CorruptError, "below"),
        (b"\x00\x00\x00\x00\x01", TruncatedError, "ends before"),
        # row 30 escapes at slot 65535, leaving 0x8001ffff; the side leaves 0x4000ffff: a prefix of 16 ones
        (b"\x00\xff\xff\x01\x80\xff\xff", CorruptError, "longer than any int16"),
    ],
)
def test_bad_payloads_say_what_is_wrong(
    payload: bytes, error: type[Exception], message: str, coder: rans.Coder
) -> None:
    with pytest.raises(error, match=message):
        decode(payload, [step([30], [0])], gaussians(), coder)


@either
def test_an_escape_to_no_int16_is_refused(coder: rans.Coder) -> None:
    # Written with a row that ends one lower and has the same intervals: read, it is one above the highest.
    high = Tables.from_rows([[0, 65535, 65536]], [32766])
    low = Tables.from_rows([[0, 65535, 65536]], [32765])
    payload = rans.encode([step([0], [32767])], low)
    decoder = rans.Decoder(payload, high, coder=coder)
    with pytest.raises(CorruptError, match="no int16"):
        decoder.decode(np.zeros(1, np.uint16))


@either
def test_bytes_or_symbols_that_are_left_are_noticed(coder: rans.Coder) -> None:
    payload, steps = small_payload()
    with pytest.raises(CorruptError, match="left after"):
        decode(payload + b"\0", steps, gaussians(), coder)
    with pytest.raises(CorruptError):
        decode(payload, steps[:1], gaussians(), coder)
    with pytest.raises((CorruptError, TruncatedError)):
        decode(payload, [*steps, *steps], gaussians(), coder)


# ---- wrong calls


@either
def test_a_symbol_at_a_skip_row_is_refused(coder: rans.Coder) -> None:
    with pytest.raises(InputError, match=r"at position 1 has .*the symbol 0 alone"):
        rans.encode([step([30], [5]), step([2], [1])], gaussians(), coder=coder)


@either
def test_rows_beyond_the_tables_are_refused(coder: rans.Coder) -> None:
    with pytest.raises(InputError, match="position 1 is not in the tables"):
        rans.encode([step([30, 64], [0, 0])], gaussians(), coder=coder)
    with pytest.raises(InputError, match="position 1 is not in the tables"):
        rans.Decoder(b"", gaussians(), coder=coder).decode(np.array([0, 64], np.uint16))


@either
def test_arrays_of_other_types_and_shapes_are_refused(coder: rans.Coder) -> None:
    rows, symbols = step([30, 30], [0, 0])
    for wrong in ((rows.astype(int), symbols), (rows, symbols.astype(int)), (rows[:1], symbols)):
        with pytest.raises(InputError, match="step 0"):
            rans.encode([wrong], gaussians(), coder=coder)
    with pytest.raises(InputError, match=r"shape \(1, 2\)"):
        rans.encode([(rows[None], symbols[None])], gaussians(), coder=coder)
    with pytest.raises(InputError, match="rows are int64"):
        rans.Decoder(b"", gaussians(), coder=coder).decode(rows.astype(np.int64))


def test_strided_arrays_are_coded_like_their_copies() -> None:
    rows, symbols = draw(400)
    assert rans.encode([(rows[::2], symbols[::2])], gaussians()) == rans.encode(
        [(rows[::2].copy(), symbols[::2].copy())], gaussians()
    )


# ---- around the native coder


def test_native_lookup_dies_with_its_tables() -> None:
    tables = Tables.from_rows([[0, 9, 65536]], [0])
    assert native.derive(tables) is native.derive(tables)
    before = len(native._derived)
    del tables
    gc.collect()
    assert len(native._derived) == before - 1


def test_a_decoder_keeps_its_payload_and_tables_alive() -> None:
    rows, symbols = draw(300)
    tables = Tables.from_arrays(gaussians().to_arrays())
    decoder = rans.Decoder(rans.encode([(rows, symbols)], tables), tables)
    del tables
    gc.collect()
    assert np.array_equal(decoder.decode(rows), symbols)
    decoder.finish()


def test_without_the_extension_the_reference_runs_and_warns_once() -> None:
    script = """
import sys, warnings
sys.modules["tintype.native._rans"] = None
import numpy as np
from tintype.codec.entropy import rans
from tintype.codec.entropy.tables import gaussian_tables
tables, rows = gaussian_tables(), np.array([30], np.uint16)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    for _ in range(2):
        payload = rans.encode([(rows, np.array([-3], np.int16))], tables)
        assert rans.Decoder(payload, tables).decode(rows).tolist() == [-3]
print(len(caught), caught[0].category.__name__, caught[0].filename)
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["1", "RuntimeWarning", "<string>"]


@pytest.fixture(scope="session")
def fuzzer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = which("g++") or which("clang++")
    if compiler is None or not (SOURCES / "rans.hpp").exists():
        pytest.skip("needs a C++ compiler and the sources")
    program = tmp_path_factory.mktemp("fuzz") / "fuzz_rans"
    source = Path(__file__).parents[2] / "native" / "fuzz_rans.cpp"
    flags = ["-std=c++17", "-O1", "-g", "-Wall", "-Wextra", "-Werror"]
    checks = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    subprocess.run([compiler, *flags, *checks, f"-I{SOURCES}", source, "-o", program], check=True)
    return program


@pytest.mark.parametrize("seed", ["1", "2"])
def test_sanitizers_find_nothing_on_random_and_damaged_payloads(fuzzer: Path, seed: str) -> None:
    run = subprocess.run([fuzzer, "2", seed], capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
    assert "no finding" in run.stdout


@settings(max_examples=20)
@given(tables_and_steps())
def test_rate_is_what_the_payload_holds(case: tuple[Tables, Steps]) -> None:
    tables, steps = case
    bits = sum(float(tables.rate_bits(*step).sum()) for step in steps)
    size = 8 * len(rans.encode(steps, tables))
    # One lane: 8 bits of lane code and 24 of the initial state on top, less than 8 lost to whole bytes, and at
    # most log2(1 + 2^-8) bits an interval, of which a symbol has four or fewer, to the state's finite precision.
    count = 4 * sum(len(rows) for rows, _ in steps)
    assert size <= bits + 40 + 0.006 * count
    assert size == 0 or size >= bits + 24 - 0.006 * count
