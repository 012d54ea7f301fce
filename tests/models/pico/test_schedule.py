import numpy as np
import pytest

from tintype.codec.steps import EVERYTHING
from tintype.models.pico.schedule import FIRST, SECOND

SHAPE = (8, 4, 6)


def test_the_two_groups_partition_the_latents() -> None:
    assert np.array_equal(FIRST.mask(SHAPE) + SECOND.mask(SHAPE), np.ones(SHAPE))
    assert FIRST.mask(SHAPE).mean() == 0.25


def test_every_pass_sees_every_place_in_some_channel() -> None:
    assert np.array_equal(FIRST.mask(SHAPE)[:4].sum(0), np.ones(SHAPE[1:]))


def test_the_first_group_starts_at_a_cell_that_rotates_with_the_channel() -> None:
    corners = [tuple(np.argwhere(FIRST.mask(SHAPE)[c])[0]) for c in range(5)]
    assert corners == [(0, 0), (0, 1), (1, 0), (1, 1), (0, 0)]


@pytest.mark.parametrize("lattice", [EVERYTHING, FIRST, SECOND])
def test_scatter_undoes_gather(lattice: object) -> None:
    x = np.arange(np.prod(SHAPE)).reshape(SHAPE) % 251 + 1
    flat = lattice.gather(x)  # type: ignore[attr-defined]
    assert flat.shape == (int(lattice.mask(SHAPE).sum()),)  # type: ignore[attr-defined]
    assert np.array_equal(lattice.scatter(flat, SHAPE), x * lattice.mask(SHAPE))  # type: ignore[attr-defined]
