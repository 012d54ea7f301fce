"""Row hashes and repairs: found rows become the encoder's, or decoding stops."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tintype.codec import agreement
from tintype.codec.agreement import Agreement, Records, StepRecord, record
from tintype.codec.entropy.tables import Rows
from tintype.codec.tile_model import Coded, Margins, Numerics, StepRows
from tintype.errors import CorruptError, DesyncError, TruncatedError

THRESHOLDS = np.geomspace(0.12, 64, 60).astype(np.float32)[:-1]
NUMERICS = Numerics("float32", 2, "torch 2", "some CPU")

Scales = NDArray[np.float32]  # (n,)


def rows_of(scales: Scales) -> Rows:
    return np.searchsorted(THRESHOLDS, scales).astype(np.uint16)


def margins_of(scales: Scales) -> Margins:
    distances = scales[:, None] - THRESHOLDS
    return np.take_along_axis(distances, np.abs(distances).argmin(1)[:, None], 1)[:, 0]


def coded(scales: Scales) -> Coded:
    return Coded(rows_of(scales), np.zeros(len(scales), np.int16), margins_of(scales))


def scales_of(seed: int, count: int = 3000) -> Scales:
    return np.exp(np.random.default_rng(seed).uniform(-2.3, 4.3, count)).astype(np.float32)


def drifted(scales: Scales, amount: float, seed: int = 9) -> Scales:
    return scales + np.random.default_rng(seed).uniform(-amount, amount, len(scales)).astype(np.float32)


def confirm(stored: StepRecord, scales: Scales) -> Rows:
    return Agreement([stored], NUMERICS, NUMERICS).confirm(StepRows(rows_of(scales), lambda: margins_of(scales)))


@given(st.integers(0, 1000), st.sampled_from([0, 1, 5, 3000]))
def test_drift_of_half_the_tolerance_is_always_mended(seed: int, count: int) -> None:
    scales = scales_of(seed, count)
    stored = record(coded(scales), tolerance=2e-3)
    assert np.array_equal(confirm(stored, drifted(scales, 1e-3, seed)), rows_of(scales))


def test_the_drift_of_these_tests_does_move_rows() -> None:
    scales = scales_of(0)
    assert (rows_of(drifted(scales, 1e-3)) != rows_of(scales)).sum() > 2


def test_without_a_syndrome_drift_is_refused_and_the_step_named() -> None:
    scales = scales_of(0)
    stored = record(coded(scales), tolerance=0)
    assert stored.syndrome == b""
    assert np.array_equal(confirm(stored, scales), rows_of(scales))
    with pytest.raises(
        DesyncError, match=r"^step 0: .*nothing to mend.*torch 2, float32, 2 threads.*a tolerance above 0"
    ):
        confirm(stored, drifted(scales, 1e-3))


def test_drift_far_above_the_tolerance_is_refused_not_mended_wrongly() -> None:
    scales = scales_of(0)
    stored = record(coded(scales), tolerance=1e-4)
    for seed in range(50):
        with pytest.raises(DesyncError, match=r"more than the file can mend.*larger tolerance"):
            confirm(stored, drifted(scales, 0.05, seed))


def test_the_syndrome_costs_little_more_than_a_bit_per_doubtful_row() -> None:
    scales = scales_of(1)
    doubtful = int((np.abs(margins_of(scales)) <= 1e-2).sum())
    assert doubtful > 60
    assert len(record(coded(scales), 1e-2).syndrome) == -(-(doubtful + 24) // 8)


def test_steps_of_constant_rows_have_a_hash_alone_and_are_never_mended() -> None:
    rows = np.arange(5, dtype=np.uint16)
    stored = record(Coded(rows, np.zeros(5, np.int16)), 1e-3)
    assert stored == StepRecord(agreement.row_hash(rows))
    with pytest.raises(DesyncError, match="step 0"):
        Agreement([stored], None, None).confirm(StepRows(rows + np.uint16(1)))


def test_rows_of_integer_models_pass_as_they_are() -> None:
    rows = np.arange(5, dtype=np.uint16)
    assert Agreement(None, None, None).confirm(StepRows(rows)) is rows


def test_more_steps_than_hashes_are_damage() -> None:
    check = Agreement([], NUMERICS, NUMERICS)
    with pytest.raises(CorruptError, match="row hashes of 0 steps"):
        check.confirm(StepRows(np.zeros(1, np.uint16)))


def test_the_bytes_of_hashes_and_syndromes_stay_as_documented() -> None:
    rows = np.array([0, 1, 2, 7, 59, 300], np.uint16)
    assert agreement.row_hash(rows).hex() == "0cbe"
    assert agreement.syndrome(rows, 11).hex() == "14b768a9495115c25abe10"


TWO_TILES = Records(((StepRecord(b"ab"), StepRecord(b"cd", b"xyz")), (StepRecord(b"ef"), StepRecord(b"gh"))))


def test_records_come_back_from_their_chunks() -> None:
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
def test_damaged_records_are_refused(
    hashes: bytes, repairs: bytes | None, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        Records.parse(2, hashes, repairs)
