"""Row hashes and repairs: found rows become the encoder's, or decoding stops."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tintype.codec import agreement
from tintype.codec.agreement import Agreement, FloatCoded, FloatRows, Records, StepRecord, record
from tintype.codec.container.numerics import Numerics
from tintype.errors import CorruptError, DesyncError, TruncatedError

THRESHOLDS = np.geomspace(0.12, 64, 60).astype(np.float32)[:-1]
NUMERICS = Numerics("float32", 2, "torch 2", "some CPU")


def rows_of(scales):
    return np.searchsorted(THRESHOLDS, scales).astype(np.uint16)


def margins_of(scales):
    distances = scales[:, None] - THRESHOLDS
    return np.take_along_axis(distances, np.abs(distances).argmin(1)[:, None], 1)[:, 0]


def coded(scales):
    return FloatCoded(rows_of(scales), np.zeros(len(scales), np.int16), margins_of(scales))


def scales_of(seed, count=3000):
    return np.exp(np.random.default_rng(seed).uniform(-2.3, 4.3, count)).astype(np.float32)


def drifted(scales, amount, seed=9):
    return scales + np.random.default_rng(seed).uniform(-amount, amount, len(scales)).astype(np.float32)


def confirm(stored, scales):
    return Agreement([stored], NUMERICS, NUMERICS).confirm(FloatRows(rows_of(scales), lambda: margins_of(scales)))


@given(st.integers(0, 1000), st.sampled_from([0, 1, 5, 3000]))
def test_drift_of_half_the_tolerance_is_always_mended(seed, count):
    scales = scales_of(seed, count)
    stored = record(coded(scales), tolerance=2e-3)
    assert np.array_equal(confirm(stored, drifted(scales, 1e-3, seed)), rows_of(scales))


def test_the_drift_of_these_tests_does_move_rows():
    scales = scales_of(0)
    assert (rows_of(drifted(scales, 1e-3)) != rows_of(scales)).sum() > 2


def test_without_a_syndrome_drift_is_refused_and_the_step_named():
    scales = scales_of(0)
    stored = record(coded(scales), tolerance=0)
    assert stored.syndrome == b""
    assert np.array_equal(confirm(stored, scales), rows_of(scales))
    with pytest.raises(
        DesyncError, match=r"^step 0: .*nothing to mend.*torch 2, float32, 2 threads.*a tolerance above 0"
    ):
        confirm(stored, drifted(scales, 1e-3))


def test_drift_far_above_the_tolerance_is_refused_not_mended_wrongly():
    scales = scales_of(0)
    stored = record(coded(scales), tolerance=1e-4)
    for seed in range(50):
        with pytest.raises(DesyncError, match=r"more than the file can mend.*larger tolerance"):
            confirm(stored, drifted(scales, 0.05, seed))


def test_the_syndrome_costs_little_more_than_a_bit_per_doubtful_row():
    scales = scales_of(1)
    doubtful = int((np.abs(margins_of(scales)) <= 1e-2).sum())
    assert doubtful > 60
    assert len(record(coded(scales), 1e-2).syndrome) == -(-(doubtful + 24) // 8)


def test_steps_of_constant_rows_have_a_hash_alone_and_are_never_mended():
    rows = np.arange(5, dtype=np.uint16)
    stored = record(FloatCoded(rows, np.zeros(5, np.int16), None), 1e-3)
    assert stored == StepRecord(agreement.row_hash(rows))
    with pytest.raises(DesyncError, match="step 0"):
        Agreement([stored], None, None).confirm(FloatRows(rows + np.uint16(1), lambda: None))


def test_rows_of_integer_models_pass_as_they_are():
    rows = np.arange(5, dtype=np.uint16)
    assert Agreement(None, None, None).confirm(rows) is rows


def test_more_steps_than_hashes_are_damage():
    check = Agreement([], NUMERICS, NUMERICS)
    with pytest.raises(CorruptError, match="row hashes of 0 steps"):
        check.confirm(FloatRows(np.zeros(1, np.uint16), lambda: None))


def test_the_bytes_of_hashes_and_syndromes_stay_as_documented():
    rows = np.array([0, 1, 2, 7, 59, 300], np.uint16)
    assert agreement.row_hash(rows).hex() == "0cbe"
    assert agreement.syndrome(rows, 11).hex() == "14b768a9495115c25abe10"


TWO_TILES = Records(((StepRecord(b"ab"), StepRecord(b"cd", b"xyz")), (StepRecord(b"ef"), StepRecord(b"gh"))))


def test_records_come_back_from_their_chunks():
    assert TWO_TILES.hashes() == b"abcdefgh"
    assert TWO_TILES.repairs() == b"\0\3xyz\0\0"
    assert Records.parse(2, TWO_TILES.hashes(), TWO_TILES.repairs()) == TWO_TILES
    plain = Records(tuple(tuple(replace(step, syndrome=b"") for step in tile) for tile in TWO_TILES.tiles))
    assert plain.repairs() == b""
    assert Records.parse(2, TWO_TILES.hashes(), None) == plain


@pytest.mark.parametrize(
    "hashes, repairs, error, message",
    [
        (b"", None, CorruptError, "0 bytes of row hashes"),
        (b"abc", None, CorruptError, "3 bytes of row hashes do not divide among 2 tiles"),
        (b"abcdef", None, CorruptError, "6 bytes of row hashes"),
        (b"abcd", b"\0", TruncatedError, "syndrome length"),
        (b"abcd", b"\0\2x", TruncatedError, "syndrome"),
        (b"abcd", b"\0\0\0", CorruptError, "1 bytes follow the last syndrome"),
        (b"abcd", b"\x81\x04", CorruptError, "513 bytes is above the limit 512"),
    ],
)
def test_damaged_records_are_refused(hashes, repairs, error, message):
    with pytest.raises(error, match=message):
        Records.parse(2, hashes, repairs)


def test_numerics_come_back_from_their_bytes():
    assert Numerics.parse(NUMERICS.to_bytes()) == NUMERICS
    assert NUMERICS.to_bytes() == b"\0\2\7torch 2\x08some CPU"
    assert str(NUMERICS) == "torch 2, float32, 2 threads, some CPU"
    other = replace(NUMERICS, precision="bfloat16", compiled=True)
    assert Numerics.parse(other.to_bytes()) == other and other.to_bytes()[0] == 3
    long = replace(NUMERICS, device="ä" * 200)
    assert Numerics.parse(long.to_bytes()).device == "ä" * 127


@pytest.mark.parametrize(
    "data, error, message",
    [
        (b"", TruncatedError, "mode"),
        (b"\4\1\0\0", CorruptError, "mode 4"),
        (b"\0\0\0\0", CorruptError, "0 threads"),
        (b"\0\1\1a", TruncatedError, "device length"),
        (b"\0\1\1\xff\0", CorruptError, "not UTF-8"),
        (b"\0\1\0\0x", CorruptError, "1 bytes follow"),
    ],
)
def test_damaged_numerics_are_refused(data, error, message):
    with pytest.raises(error, match=message):
        Numerics.parse(data)
