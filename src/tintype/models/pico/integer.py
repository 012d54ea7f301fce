"""Integer networks: the exact part of pico (pico's scale decoder), in plain numpy.

Rows decide how bits are read, so they are computed without floats: 8-bit weights and activations, 32-bit biases,
a multiplication and a shift between layers (Balle et al. 2019; He et al. 2022). Every accumulator is proven to
stay below 2^24, which float32 carries exactly in any order of summation, so a float convolution on any engine
gives the same integers.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from tintype.errors import WeightsError

ACCUMULATOR_LIMIT = 1 << 24  # float32 holds all integers up to here
MULTIPLIER_RANGE = (1 << 14, 1 << 15)  # 15 bits, the highest set: relative error of a ratio at most 2^-15
SHIFT_RANGE = (15, 40)  # with an accumulator and a multiplier, products and halves stay below 2^40: exact in float64

Integers = NDArray[np.int64]

_ARRAYS = ("weight", "bias", "level_bias", "multiplier", "shift", "limits")  # of a layer, in files


@dataclass(frozen=True, slots=True, eq=False)
class IntegerLayer:
    """clamp((conv(x) + bias + level bias) * multiplier + half >> shift, 0, top), then perhaps a pixel shuffle.

    Parameters
    ----------
    weight : int8, (K, C, k, k), k 1 or 3 (padding 1)
    bias : int32, (K,)
    level_bias : int32, (levels, K); one row of zeros where the level plays no part
    multiplier : int32, (K,), in [2^14, 2^15); shift : int32, (K,), in [15, 40]
    top : largest output; inputs of the next layer
    input_top : largest absolute input
    shuffle : 2 if a 2x2 pixel shuffle follows, else 1

    Raises
    ------
    WeightsError
        If a field is out of range, of another type or shape, or an accumulator could reach 2^24.
    """

    weight: NDArray[np.int8]
    bias: NDArray[np.int32]
    level_bias: NDArray[np.int32]
    multiplier: NDArray[np.int32]
    shift: NDArray[np.int32]
    top: int
    input_top: int
    shuffle: Literal[1, 2]

    def __post_init__(self) -> None:
        self._check_shapes()
        low, high = MULTIPLIER_RANGE
        if self.multiplier.min() < low or self.multiplier.max() >= high:
            raise WeightsError(f"integer layer: multipliers outside [{low}, {high}); the weights file is damaged")
        if self.shift.min() < SHIFT_RANGE[0] or self.shift.max() > SHIFT_RANGE[1]:
            raise WeightsError(f"integer layer: shifts outside {list(SHIFT_RANGE)}; the weights file is damaged")
        bound = int(self.accumulator_bound().max())
        if bound >= ACCUMULATOR_LIMIT:
            raise WeightsError(
                f"integer layer: an accumulator may reach {bound}, the limit is 2^24 = {ACCUMULATOR_LIMIT}; "
                "float engines would not be exact. Train with smaller weights or fewer inputs"
            )

    def _check_shapes(self) -> None:
        outputs, *_, rows, columns = self.weight.shape if self.weight.ndim == 4 else (0, 0, 0)
        fits = outputs > 0 and rows == columns and rows in (1, 3) and self.weight.dtype == np.int8
        vectors = (self.bias, self.multiplier, self.shift)
        fits &= all(each.shape == (outputs,) and each.dtype == np.int32 for each in vectors)
        fits &= self.level_bias.ndim == 2 and self.level_bias.shape[1] == outputs and len(self.level_bias) > 0
        fits &= self.level_bias.dtype == np.int32 and self.shuffle in (1, 2) and outputs % self.shuffle**2 == 0
        if not (fits and 0 < self.top < 1 << 16 and 0 < self.input_top < 1 << 16):
            raise WeightsError("integer layer: fields of unknown types or shapes; the weights file is damaged")

    def accumulator_bound(self) -> Integers:
        """Largest absolute accumulator of each output, over all inputs and levels; (K,)."""
        # |sum of w x + b + level bias| <= input_top * sum of |w| + |b| + max |level bias|, in any order of the sum
        products = self.input_top * np.abs(self.weight.astype(np.int64)).sum((1, 2, 3))
        levels: Integers = np.abs(self.level_bias.astype(np.int64)).max(0)
        bound: Integers = products + np.abs(self.bias.astype(np.int64)) + levels
        return bound

    @property
    def outputs(self) -> int:
        """Channels behind the shuffle."""
        return int(self.weight.shape[0] // self.shuffle**2)

    def biases(self, level: int) -> NDArray[np.int32]:
        """Bias and level bias together, (K,)."""
        # a layer that does not know the level has a single row of zeros, for any level
        biases: NDArray[np.int32] = self.bias + self.level_bias[min(level, len(self.level_bias) - 1)]
        return biases

    def __call__(self, x: Integers, level: int) -> Integers:
        """(C, h, w) to (K, h, w), or (K/4, 2h, 2w) with the shuffle."""
        accumulator = _convolve(self.weight, x) + self.biases(level)[:, None, None]  # (K, h, w), below 2^24
        # floor(accumulator * multiplier / 2^shift + 1/2): >> floors negative numbers too, and int64 cannot overflow
        half = np.int64(1) << (self.shift - 1).astype(np.int64)
        scaled = accumulator * self.multiplier[:, None, None].astype(np.int64) + half[:, None, None]
        out = (scaled >> self.shift[:, None, None].astype(np.int64)).clip(0, self.top)
        return _shuffle(out) if self.shuffle == 2 else out


@dataclass(frozen=True, slots=True, eq=False)
class IntegerNet:
    """Layers in order: hyper-latents (M, h, w) to table rows (N, 4h, 4w)."""

    layers: tuple[IntegerLayer, ...]

    def __post_init__(self) -> None:
        if not self.layers:
            raise WeightsError("integer network: it has no layers; the weights file is damaged")
        for one, after in pairwise(self.layers):
            if one.top > after.input_top or one.outputs != after.weight.shape[1]:
                raise WeightsError("integer network: its layers do not fit each other; the weights file is damaged")

    @property
    def inputs(self) -> int:
        """Channels that go in."""
        return int(self.layers[0].weight.shape[1])

    @property
    def outputs(self) -> int:
        """Channels that come out."""
        return self.layers[-1].outputs

    @property
    def top(self) -> int:
        """Largest value that comes out."""
        return self.layers[-1].top

    @property
    def upsampling(self) -> int:
        """Factor between the sides of what goes in and what comes out."""
        return math.prod(layer.shuffle for layer in self.layers)

    def __call__(self, z_hat: NDArray[Any], level: int) -> NDArray[np.uint16]:
        x = z_hat.astype(np.int64)
        for layer in self.layers:
            x = layer(x, level)
        # the last layer clamps to the highest class
        return x.astype(np.uint16)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Arrays by name, for a weights file."""
        arrays: dict[str, NDArray[Any]] = {}
        for i, layer in enumerate(self.layers):
            for name in _ARRAYS[:-1]:
                arrays[f"{i}.{name}"] = getattr(layer, name)
            arrays[f"{i}.limits"] = np.array([layer.top, layer.input_top, layer.shuffle], np.int32)
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Inverse of `to_arrays`; raises WeightsError where it is not."""
        layers: list[IntegerLayer] = []
        while f"{len(layers)}.weight" in arrays:
            i = len(layers)
            missing = [name for name in _ARRAYS if f"{i}.{name}" not in arrays]
            if missing or arrays[f"{i}.limits"].shape != (3,):
                raise WeightsError(f"integer layer {i}: its arrays are damaged, or missing: {', '.join(missing)}")
            top, input_top, shuffle = (int(v) for v in arrays[f"{i}.limits"])
            layer = IntegerLayer(
                weight=arrays[f"{i}.weight"],
                bias=arrays[f"{i}.bias"],
                level_bias=arrays[f"{i}.level_bias"],
                multiplier=arrays[f"{i}.multiplier"],
                shift=arrays[f"{i}.shift"],
                top=top,
                input_top=input_top,
                shuffle=shuffle,  # type: ignore[arg-type]  # the layer checks it
            )
            layers.append(layer)
        return cls(tuple(layers))


def _convolve(weight: NDArray[np.int8], x: Integers) -> Integers:
    """(C, h, w) to (K, h, w): one matrix product for each place of the kernel, zeros around the picture."""
    k = weight.shape[-1]
    if k == 3:
        x = np.pad(x, ((0, 0), (1, 1), (1, 1)))
    _, height, width = x.shape
    out = np.zeros((weight.shape[0], height - k + 1, width - k + 1), np.int64)
    for i in range(k):
        for j in range(k):
            patch = x[:, i : i + out.shape[1], j : j + out.shape[2]]  # (C, h, w), moved by (i, j)
            out += np.tensordot(weight[:, :, i, j].astype(np.int64), patch, 1)
    return out


def _shuffle(x: Integers) -> Integers:
    """(K, h, w) to (K/4, 2h, 2w), in the order of torch's pixel_shuffle: channels (k, i, j) become pixels."""
    k, h, w = x.shape
    blocks = x.reshape(k // 4, 2, 2, h, w).transpose(0, 3, 1, 4, 2)  # (k, h, i, w, j)
    return blocks.reshape(k // 4, 2 * h, 2 * w)
