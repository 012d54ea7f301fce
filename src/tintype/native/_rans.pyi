"""The native entropy coder; `tintype.codec.rans` is its front."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

class Tables:
    def __init__(
        self, cumulative: NDArray[np.int32], offsets: NDArray[np.int32], first: NDArray[np.int16]
    ) -> None: ...

class Decoder:
    def __init__(self, payload: bytes, tables: Tables) -> None: ...
    def decode(self, rows: NDArray[np.uint16], symbols: NDArray[np.int16]) -> None: ...
    def finish(self) -> None: ...

def encode(steps: Sequence[tuple[NDArray[np.uint16], NDArray[np.int16]]], tables: Tables) -> bytes: ...
