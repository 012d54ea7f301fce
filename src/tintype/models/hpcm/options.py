"""How the HPCM models of one weights file are run."""

import dataclasses
import os
from dataclasses import dataclass
from typing import Self

from tintype.arguments import choice, flag, kind, number, path, whole
from tintype.codec.agreement import DEFAULT_TOLERANCE
from tintype.codec.container.numerics import MAX_THREADS
from tintype.codec.tile_model import PRECISIONS, Numerics, Precision
from tintype.codec.workers import available_cpus
from tintype.errors import InputError, LimitError

DEFAULT_THREADS = 2  # a constant, not the CPUs of this machine: it decides the last bits of a file


@dataclass(frozen=True, slots=True)
class Options:
    """Weights of an HPCM model, and how its networks run: `tintype.Codec(options=hpcm.Options("base.safetensors"))`.

    A decoder takes `precision`, `compiled` and the number of threads from the file, within `max_threads` and
    `allow_compiled`. Of the other options it uses `weights` and `device`.

    Parameters
    ----------
    weights : path of a safetensors file; it need not exist yet
    device : "cpu", "cuda", "cuda:1", ...
    precision : "float32" or "bfloat16", which is faster on some machines. Files record it
    compiled : encode with networks that go through `torch.compile`; the first picture of each size waits for the
        compiler. Files record it: decoders compile too
    tolerance : 0 to below 1, in scales. Decoders on other machines can repair a drift of up to half of it; with 0,
        files carry nothing for such repairs
    max_threads : compute threads; more are refused, whether a file asks for them or the caller. Default: the CPUs of
        this process, but at least the 2 of a default encoder
    allow_compiled : decode files whose networks were compiled; each new size of picture then runs a C++ compiler for
        minutes, so do not allow it for files of strangers

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
    max_threads: int | None = None
    allow_compiled: bool = False

    def __post_init__(self) -> None:
        kind("weights", self.weights, str | os.PathLike, "the path of a weights file")
        if not path(self.weights):
            raise InputError("weights='': give the path of a weights file")
        kind("device", self.device, str, "a device's name, such as 'cpu' or 'cuda'")
        choice("precision", self.precision, PRECISIONS)
        checked: dict[str, object] = {name: flag(name, getattr(self, name)) for name in ("compiled", "allow_compiled")}
        checked["tolerance"] = number("tolerance", self.tolerance)
        if self.max_threads is not None:
            checked["max_threads"] = whole("max_threads", self.max_threads)
        for name, value in checked.items():
            object.__setattr__(self, name, value)
        if not 0 <= self.tolerance < 1:
            raise InputError(f"tolerance={self.tolerance}: 0 to below 1 is possible")
        if self.max_threads is not None and not 1 <= self.max_threads <= MAX_THREADS:
            raise InputError(f"max_threads={self.max_threads}: 1 to {MAX_THREADS} are possible")

    def under(self, numerics: Numerics) -> Self:
        """The same weights and device, under the numerics that a file records.

        Raises
        ------
        LimitError
            They ask for more threads than `max_threads`, or for a compiler that is not allowed.
        """
        self.check_threads(numerics.threads, f"the file was encoded with {numerics.threads} compute threads")
        if numerics.compiled and not self.allow_compiled:
            raise LimitError(
                "the file was encoded with compiled networks, so its decoder has to run a C++ compiler, which takes "
                "minutes; if you trust the file, allow it (allow_compiled=True, --allow-compiled)"
            )
        return dataclasses.replace(self, precision=numerics.precision, compiled=numerics.compiled)

    def check_threads(self, threads: int, cause: str) -> None:
        """Refuse more compute threads than `max_threads`: a system that starts no more of them ends the process."""
        most = max(DEFAULT_THREADS, available_cpus()) if self.max_threads is None else self.max_threads
        if threads > most:
            raise LimitError(f"{cause}, above the limit of {most}; raise max_threads (--max-threads) to allow them")
