"""The native engine of pico; `tintype.models.pico.native_engine` is its front.

Arrays are C-contiguous, but for the inputs of `Network.run` and the prior of `mean_width`.
"""

import enum
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

LANE: int
MAX_INPUTS: int

def instruction_sets() -> list[str]: ...

class Shape(enum.Enum):
    PLAIN = 0
    DOWN = 1
    UP = 2
    AROUND = 3
    PICTURE = 4

class Network:
    def __init__(self, instruction_set: str = "") -> None: ...
    def input(self, channels: int, /) -> int: ...
    def pixels(self, offset: float, /) -> int: ...
    def dense(
        self,
        at: int,
        weights: NDArray[np.float32],
        biases: NDArray[np.float32],
        shape: Shape,
        channels: int,
        slope: float,
        /,
    ) -> int: ...
    def block(
        self,
        at: int,
        taps: NDArray[np.float32],
        tap_biases: NDArray[np.float32],
        expand: NDArray[np.float32],
        expand_biases: NDArray[np.float32],
        project: NDArray[np.float32],
        project_biases: NDArray[np.float32],
        slope: float,
        narrow: bool,
        /,
    ) -> int: ...
    def add(self, a: int, b: int, /) -> int: ...
    def scale(self, at: int, factor: float, /) -> int: ...
    def concat(self, a: int, b: int, /) -> int: ...
    def output(self, at: int, planes: bool = True) -> None: ...
    def run(self, arrays: Sequence[NDArray[np.float32]], /) -> list[NDArray[np.float32]]: ...

def mean_width(
    prior: NDArray[np.float32],
    gain: NDArray[np.float32],
    unit: float,
    limit: float,
    mean: NDArray[np.float32],
    width: NDArray[np.float32],
) -> None: ...

class Integers:
    def __init__(self, instruction_set: str = "") -> None: ...
    def layer(
        self,
        weights: NDArray[np.int16],
        scales: NDArray[np.float64],
        top: int,
        channels: int,
        around: bool,
        shuffled: bool,
        /,
    ) -> None: ...
    def run(
        self, z: NDArray[np.int16], biases: Sequence[NDArray[np.int32]], outputs: Sequence[int], /
    ) -> NDArray[np.uint16]: ...
