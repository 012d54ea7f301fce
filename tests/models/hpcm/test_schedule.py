"""The coding steps of HPCM against the specification's own drawing and the authors' lattice operators."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tintype.models.hpcm.schedule import (
    S1_IN_S2,
    S2_IN_Y,
    SCHEDULES,
    UNITS,
    fill_large,
    fill_small,
    indices,
    misplaced_indices,
)

GOLDEN = Path(__file__).parents[2] / "golden" / "hpcm" / "lattice.npz"


def take(large, placement, channels):
    small = np.zeros(placement.small_shape(large.shape, channels), large.dtype)
    fill_small(small, large, indices(placement, channels))
    return small


def place(small, placement, shape):
    large = np.zeros(shape, small.dtype)
    fill_large(large, small, indices(placement, shape[-3]))
    return large


def step_numbers(schedule, channels=16, height=16, width=24):
    """The number of the step that codes each element, and how often it is coded."""
    number, times = np.zeros((2, channels, height, width), int)
    for step in schedule.steps:
        small = np.ones(step.latents.small_shape(number.shape, channels), int)
        there = place(small, step.latents, number.shape)
        number += step.number * there
        times += there
    return number, times


@pytest.mark.parametrize("name", SCHEDULES)
def test_every_element_is_coded_once(name: str) -> None:
    number, times = step_numbers(SCHEDULES[name])
    assert (times == 1).all()
    assert sorted(np.unique(number)) == [step.number for step in SCHEDULES[name].steps]


@pytest.mark.parametrize("name", SCHEDULES)
def test_symbols_of_a_step_seen_from_y_are_those_of_its_lattice(name: str) -> None:
    y = np.arange(32 * 16 * 24).reshape(32, 16, 24)
    for stage in SCHEDULES[name].stages:
        lattice = take(y, stage.lattice, 32) if stage.lattice else y
        for step in stage.steps:
            np.testing.assert_array_equal(take(lattice, step.symbols, 32), take(y, step.latents, 32))


@pytest.mark.parametrize(
    ("name", "shares"),
    [
        ("2-3-6", [1 / 32] * 2 + [1 / 16] * 3 + [1 / 8] * 6),
        ("2-3-3", [1 / 32] * 2 + [1 / 16] * 3 + [1 / 4] * 3),
        ("2-3-12", [1 / 32] * 2 + [1 / 16] * 15),
        ("4-3-6", [1 / 64] * 4 + [1 / 16] * 3 + [1 / 8] * 6),
        ("2-3-6-flat", [1 / 32] * 2 + [1 / 16] * 3 + [1 / 8] * 6),
    ],
)
def test_steps_have_their_share_of_the_elements(name: str, shares: list[float]) -> None:
    number, _ = step_numbers(SCHEDULES[name])
    assert [(number == step.number).mean() for step in SCHEDULES[name].steps] == shares


def test_steps_of_a_block_are_those_of_the_specification() -> None:
    number, _ = step_numbers(SCHEDULES["2-3-6"], channels=16)
    eighths = number[::2, :8, :8]  # channels of one eighth are alike
    np.testing.assert_array_equal(number[1::2], number[::2])
    first_rows = [
        "18592859",
        "a6b7a6b7",
        "85918592",
        "6a7b6a7b",
        "49384938",
        "b7a6b7a6",
        "93849384",
        "7b6a7b6a",
    ]
    third_rows = [
        "49384938",
        "b7a6b7a6",
        "93849384",
        "7b6a7b6a",
        "28591859",
        "a6b7a6b7",
        "85928591",
        "6a7b6a7b",
    ]
    for eighth in range(8):
        assert "".join(f"{step:x}" for step in eighths[eighth, 0]) == first_rows[eighth]
    for eighth in range(4):
        assert "".join(f"{step:x}" for step in eighths[eighth, 2]) == third_rows[eighth]


def test_flat_schedule_codes_the_same_symbols_in_the_same_order() -> None:
    for one, other in zip(SCHEDULES["2-3-6"].steps, SCHEDULES["2-3-6-flat"].steps, strict=True):
        assert one.latents == other.latents == other.symbols


@pytest.mark.parametrize("case", ["b1", "b2"])
def test_lattices_and_masks_equal_the_reference(case: str) -> None:
    golden = {key[3:]: value for key, value in np.load(GOLDEN).items() if key.startswith(case)}
    y, channels = golden["y"], golden["y"].shape[1]
    if channels % UNITS:  # repeated channels keep their eighth
        golden = {key: value.repeat(2, axis=-3) for key, value in golden.items()}
        y, channels = golden["y"], 2 * channels
    s2 = take(y, S2_IN_Y, channels)
    s1 = take(s2, S1_IN_S2, channels)
    np.testing.assert_array_equal(s2, golden["y_s2"])
    np.testing.assert_array_equal(s1, golden["y_s1"])
    np.testing.assert_array_equal(place(s1, S1_IN_S2, s2.shape), golden["s1_in_s2"])
    np.testing.assert_array_equal(place(s2, S2_IN_Y, y.shape), golden["s2_in_s3"])
    stages = zip(SCHEDULES["2-3-6"].stages, (s1, s2, y), ("mask2", "mask4", "mask8"), (0, 1, 2), strict=True)
    for stage, lattice, mask, coded in stages:
        for step, reference in zip(stage.steps, golden[mask][coded:], strict=True):
            ones = np.ones(step.symbols.small_shape(lattice.shape, channels), int)
            np.testing.assert_array_equal(place(ones, step.symbols, lattice.shape), reference)


@pytest.mark.parametrize("case", ["b1", "b2"])
def test_misplaced_hyper_parameters_equal_the_reference(case: str) -> None:
    golden = np.load(GOLDEN)
    s2 = golden[f"{case}_y_s2"]
    moved = np.zeros_like(s2)
    fill_small(moved, s2, misplaced_indices(s2.shape[1], s2.shape[3]))
    np.testing.assert_array_equal(moved, golden[f"{case}_hyper_s2"])


def test_schedules_need_no_torch() -> None:
    code = "import sys, tintype.models.hpcm.schedule; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
