import numpy as np
import pytest

from tintype.errors import WeightsError
from tintype.models.pico.integer import IntegerLayer, IntegerNet


def layer(weight: int = 127, inputs: int = 8, input_top: int = 255, **changes: object) -> IntegerLayer:
    fields: dict[str, object] = {
        "weight": np.full((4, inputs, 1, 1), weight, np.int8),
        "bias": np.zeros(4, np.int32),
        "level_bias": np.zeros((1, 4), np.int32),
        "multiplier": np.full(4, 1 << 14, np.int32),
        "shift": np.full(4, 24, np.int32),
        "top": 255,
        "input_top": input_top,
        "shuffle": 1,
    }
    vectors = {name: np.asarray(value, np.int32) for name, value in changes.items() if isinstance(value, np.ndarray)}
    return IntegerLayer(**(fields | changes | vectors))  # type: ignore[arg-type]


def test_an_accumulator_that_could_reach_two_to_the_24_is_refused() -> None:
    inputs = (1 << 24) // (127 * 255)
    assert layer(inputs=inputs).accumulator_bound().max() < 1 << 24
    with pytest.raises(WeightsError, match="2\\^24"):
        layer(inputs=inputs + 1)


def test_level_biases_count_towards_the_bound() -> None:
    inputs = (1 << 24) // (127 * 255)
    with pytest.raises(WeightsError, match="2\\^24"):
        layer(inputs=inputs, level_bias=np.array([[0] * 4, [20_000] * 4], np.int32))


@pytest.mark.parametrize("changes", [{"multiplier": np.full(4, 1 << 15)}, {"shift": np.full(4, 14)}])
def test_multipliers_and_shifts_outside_their_ranges_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(WeightsError, match="damaged"):
        layer(**changes)


def test_requantisation_rounds_halves_up_and_clamps() -> None:
    # one input of weight 1: accumulator = x + bias; multiplier / 2^shift = 1/2
    half = layer(1, 1, multiplier=np.full(4, 1 << 14), shift=np.full(4, 15), top=3)
    x = np.array([[[-9, -1, 0, 1, 2, 3, 100]]])
    assert half(x, 0)[0].tolist() == [[0, 0, 0, 1, 1, 2, 3]]


def test_the_shuffle_is_depth_to_space_with_channels_first() -> None:
    shuffled = layer(1, 1, multiplier=np.full(4, 1 << 14), shift=np.full(4, 15), top=255, shuffle=2)
    biased = IntegerLayer(
        shuffled.weight,
        np.array([0, 20, 40, 60], np.int32),
        *(getattr(shuffled, name) for name in ("level_bias", "multiplier", "shift", "top", "input_top", "shuffle")),
    )
    assert biased(np.zeros((1, 1, 1), np.int64), 0).tolist() == [[[0, 10], [20, 30]]]


def test_arrays_restore_the_network() -> None:
    net = IntegerNet((layer(3, 8), layer(5, 4, top=63)))
    restored = IntegerNet.from_arrays(net.to_arrays())
    x = np.random.default_rng(0).integers(0, 255, (8, 3, 5))
    assert np.array_equal(net(x, 0), restored(x, 0))
