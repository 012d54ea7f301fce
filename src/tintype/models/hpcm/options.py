"""How the HPCM models of one weights file are run."""

import dataclasses
import os
from dataclasses import dataclass
from typing import Self

from tintype.codec.agreement import DEFAULT_TOLERANCE
from tintype.codec.tile_model import PRECISIONS, Numerics, Precision
from tintype.errors import InputError

DEFAULT_THREADS = 2  # a constant, not the CPUs of this machine: it decides the last bits of a file


@dataclass(frozen=True, slots=True)
class Options:
    """Weights of an HPCM model, and how its networks run: `tintype.Codec(options=hpcm.Options("base.safetensors"))`.

    A decoder takes `precision` and `compiled` from the file; of these options it uses `weights` and `device`.

    Parameters
    ----------
    weights : path of a safetensors file; it need not exist yet
    device : "cpu", "cuda", "cuda:1", ...
    precision : "float32" or "bfloat16", which is faster on some machines. Files record it
    compiled : run the networks through `torch.compile`; the first picture of each size waits for the compiler. Files
        record it: decoders compile too
    tolerance : 0 to below 1, in scales. Decoders on other machines can repair a drift of up to half of it; with 0,
        files carry nothing for such repairs

    Raises
    ------
    InputError
        A value is outside its range.
    """

    weights: str | os.PathLike[str]
    device: str = "cpu"
    precision: Precision = "float32"
    compiled: bool = False
    tolerance: float = DEFAULT_TOLERANCE

    def __post_init__(self) -> None:
        if not os.fspath(self.weights):
            raise InputError("weights='': give the path of a weights file")
        if self.precision not in PRECISIONS:
            raise InputError(f"precision={self.precision!r}: possible are {', '.join(PRECISIONS)}")
        if not 0 <= self.tolerance < 1:
            raise InputError(f"tolerance={self.tolerance}: 0 to below 1 is possible")

    def under(self, numerics: Numerics) -> Self:
        """The same weights and device, under the numerics that a file records."""
        return dataclasses.replace(self, precision=numerics.precision, compiled=numerics.compiled)
