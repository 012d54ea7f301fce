"""HPCM as a `TileModel` on PyTorch, under the numerics that a file records.

Float networks give other last bits with another number of threads, so a model carries its number and computes with
it, whatever the process uses otherwise. The number is the process's, as are other settings that decide last bits
(`settings.py`): one call computes at a time.
"""

import copy
import os
import platform
import threading
from collections import defaultdict
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch._dynamo import config as dynamo
from torch._dynamo.exc import TorchDynamoException

from tintype.codec.agreement import DEFAULT_TOLERANCE
from tintype.codec.container.header import MODEL_NAMES
from tintype.codec.entropy.tables import Symbols
from tintype.codec.filling import mirrored
from tintype.codec.steps import Quantiser
from tintype.codec.tile_model import Coded, Identity, Numerics, Precision, StepRows
from tintype.errors import UnsupportedError
from tintype.models.hpcm import coding, memory, weights
from tintype.models.hpcm.context import ContextNet, Fusion
from tintype.models.hpcm.network import HPCM
from tintype.models.hpcm.options import DEFAULT_THREADS, Options
from tintype.models.hpcm.schedule import Y_STRIDE
from tintype.models.hpcm.settings import pinned
from tintype.pixels import Pixels

REVISION = 2
"""Of how the networks are run. It goes up with every change that may move a last bit."""

COMPILER = "inductor"
_NO_LIMIT = 2**30
_LOCKS: defaultdict[int, threading.Lock] = defaultdict(threading.Lock)  # by process: a fork copies locks as they are


class Latents(NamedTuple):
    """Latents of one tile, and its sides before the lattices' padding."""

    y: Tensor  # (1, C, H, W)
    height: int
    width: int


def load(options: Options, name: str | None = None, threads: int | None = None) -> "HPCMModel":
    """The model of a weights file on a device; networks stay in memory between calls.

    Parameters
    ----------
    name : the model that is expected; None: whichever the file holds
    threads : compute threads inside a tile; default: `options.DEFAULT_THREADS`

    Raises
    ------
    WeightsError
        The file is missing, damaged, or of another model.
    UnsupportedError
        There is no such device, or files cannot name this model.
    LimitError
        More threads than the options allow.
    """
    threads = DEFAULT_THREADS if threads is None else threads
    options.check_threads(threads, f"threads={threads}")
    path = os.fspath(options.weights)
    network = _network(path, _stamp(path), name, _known_device(options.device))
    model = compiled(network.model) if options.compiled else network.model
    return HPCMModel(
        model, network.weights_hash, threads, options.precision, options.compiled, tolerance=options.tolerance
    )


class Pointwise(nn.Conv2d):
    """A 1x1 convolution that goes to oneDNN under one thread, too, where PyTorch's own choice is half as fast."""

    def forward(self, x: Tensor) -> Tensor:
        if x.dtype != torch.float32 or torch.is_autocast_enabled("cpu") or torch.compiler.is_compiling():
            return super().forward(x)
        found: Tensor = torch.ops.aten.mkldnn_convolution(
            x, self.weight, self.bias, self.padding, self.stride, self.dilation, self.groups
        )
        return found


class _Network(NamedTuple):
    model: HPCM
    weights_hash: bytes


@lru_cache(maxsize=2)  # each may take gigabytes
def _network(path: str, stamp: tuple[int, int], name: str | None, device: torch.device) -> _Network:
    model = weights.load(path, name)
    weights_hash = weights.content_hash(model)
    for tensor in (*model.parameters(), *model.buffers()):
        # a copy even where nothing changes: one tensor left on the file's mapping would keep all of it in memory
        layout = torch.channels_last if tensor.ndim == 4 else torch.contiguous_format
        tensor.data = tensor.data.to(device, copy=True, memory_format=layout)
    if device.type == "cpu" and torch.backends.mkldnn.is_available():
        for module in model.modules():
            if type(module) is nn.Conv2d and module.kernel_size == (1, 1):
                module.__class__ = Pointwise  # it has no state of its own
    return _Network(model, weights_hash)


@lru_cache(maxsize=2)
def compiled(model: HPCM) -> HPCM:
    """The same model, its weights shared, whose networks go through `torch.compile` when first called with a shape."""
    shared = [*model.parameters(), *model.buffers(), model.config, model.tables]
    copied = copy.deepcopy(model, {id(part): part for part in shared})
    networks: list[nn.Module] = [copied.analysis, copied.hyper_analysis, copied.hyper_synthesis, copied.synthesis]
    networks += [part for part in copied.context.modules() if isinstance(part, ContextNet | Fusion)]
    for network in networks:
        # a graph for each shape: one for all shapes would depend on which came first, and so would the last bits
        network.compile(fullgraph=True, dynamic=False, backend=COMPILER)
    return copied


def forget() -> None:
    """Free the networks that are kept."""
    _network.cache_clear()
    compiled.cache_clear()


def _stamp(path: str) -> tuple[int, int]:
    """Changes when the file does; a file that cannot be asked is left to the loader's error."""
    try:
        about = os.stat(path)
    except OSError:
        return 0, 0
    return about.st_mtime_ns, about.st_size


def _known_device(name: str) -> torch.device:
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:  # torch asserts where it was built without CUDA
        raise UnsupportedError(f"device {name!r} cannot be used: {str(error).splitlines()[0]}") from error
    if device.type not in ("cpu", "cuda"):
        raise UnsupportedError(f"device {name!r}: HPCM runs on cpu and cuda")
    return device


class HPCMModel:
    """An HPCM under fixed numerics. Immutable.

    Parameters
    ----------
    model : in evaluation mode, with tables, on its device
    weights_hash : 8 bytes, `models.hpcm.weights.content_hash`
    compiled : whether its networks are
    tolerance : of `Options`
    """

    quarters = False
    tiles_in_parallel = False  # one call computes at a time, on all its threads
    whole_pictures = True  # margins of tiles cost more than the memory that tiles save

    def __init__(
        self,
        model: HPCM,
        weights_hash: bytes,
        threads: int = DEFAULT_THREADS,
        precision: Precision = "float32",
        compiled: bool = False,
        tolerance: float = DEFAULT_TOLERANCE,
    ) -> None:
        numbers = {name: number for number, name in MODEL_NAMES.items()}
        if model.config.name not in numbers:
            known = ", ".join(name for name in numbers if name.startswith("hpcm"))
            raise UnsupportedError(f".tint files cannot name the model {model.config.name}; they know {known}")
        self.model, self.tables, self.tolerance = model, coding.tables_of(model), tolerance
        self.device = model.prior.mean.device
        numerics = Numerics(precision, threads, engine_name(compiled), device_name(self.device), compiled)
        # sides of a tile are multiples of Y_STRIDE; what the lattices need beyond is added in `analyse`, not coded
        self.identity = Identity(model.config.name, numbers[model.config.name], weights_hash, Y_STRIDE, 1, numerics)

    def error_worth(self, level: int) -> None:
        """Unknown: weights do not say which lambda they were trained for."""

    def tile_bytes(self, pixels: int) -> int:
        if self.device.type != "cpu":  # where `memory.guarded` looks at what the networks take
            return 2 * 12 * pixels  # here are only the tile's pixels, before and after
        return memory.required_bytes(self.model.config, pixels)

    def analyse(self, pixels: Pixels) -> Latents:
        """y of one tile; raises InputError where memory will not do."""
        height, width = pixels.shape[1:]
        rows, columns = (mirrored(side, self._padded(side)) for side in (height, width))
        with memory.guarded(self.model.config, len(rows), len(columns), self.device), self._conditions():
            x = torch.from_numpy(pixels[:, rows[:, None], columns])[None].to(self.device)
            x = x.contiguous(memory_format=torch.channels_last)
            return Latents(self.model.analyse(x), height, width)

    def encode(self, analysis: Latents, level: int, quantise: Quantiser) -> Sequence[Coded]:
        y, height, width = analysis
        with self._conditions():
            return coding.encode_with_margins(self.model, y, quantise, _extent(height, width))

    def decode(self, height: int, width: int, level: int) -> Generator[StepRows, Symbols, Latents]:
        padded = self._padded(height), self._padded(width)
        steps = coding.decode(self.model, *padded, _extent(height, width))
        with memory.guarded(self.model.config, *padded, self.device):
            symbols: Symbols | None = None
            # not `walk`: conditions hold while the networks compute, never while the caller has the step
            while True:
                with self._conditions():
                    try:
                        found = next(steps) if symbols is None else steps.send(symbols)
                    except StopIteration as stop:
                        return Latents(stop.value, height, width)
                symbols = yield found

    def synthesise(self, latents: Latents, level: int) -> Pixels:
        y, height, width = latents
        with (
            memory.guarded(self.model.config, Y_STRIDE * y.shape[2], Y_STRIDE * y.shape[3], self.device),
            self._conditions(),
        ):
            pixels = self.model.synthesis(y)[0, :, :height, :width].float().cpu().numpy()
        return np.ascontiguousarray(pixels, np.float32)

    def _padded(self, side: int) -> int:
        multiple = self.model.config.multiple
        return -(-side // multiple) * multiple

    @contextmanager
    def _conditions(self) -> Iterator[None]:
        """Compute as `identity.numerics` says."""
        numerics = self.identity.numerics
        assert numerics is not None
        low = numerics.precision == "bfloat16"
        with (
            _threads(numerics.threads),
            pinned(),
            torch.no_grad(),
            torch.autocast(self.device.type, torch.bfloat16, enabled=low),
            # past its limits the compiler would fall back to other numerics without a word
            dynamo.patch(recompile_limit=_NO_LIMIT, accumulated_recompile_limit=_NO_LIMIT),
        ):
            try:
                yield
            except TorchDynamoException as error:
                why = " ".join(str(error).splitlines()[:2])
                raise UnsupportedError(
                    f"torch.compile does not work here ({why}); it needs a C++ compiler; "
                    "encode without --compile, or decode where one is installed"
                ) from error


def _extent(height: int, width: int) -> coding.Extent:
    """Latents that a tile covers."""
    return height // Y_STRIDE, width // Y_STRIDE


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """This many compute threads inside, for one caller at a time."""
    with _LOCKS[os.getpid()]:
        before = torch.get_num_threads()
        torch.set_num_threads(count)  # also ends MKL's habit of taking fewer when it likes
        try:
            yield
        finally:
            torch.set_num_threads(before)


def engine_name(compiled: bool = False) -> str:
    """Library, version, and how we run on it, for the numerics of a file."""
    return f"torch {torch.__version__}, {'compiled' if compiled else 'eager'} {REVISION}"


def device_name(device: torch.device) -> str:
    """CPU type or GPU, for the numerics of a file."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{_processor()}, {torch.backends.cpu.get_cpu_capability()}"


def _processor() -> str:
    """The CPU's name where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())
