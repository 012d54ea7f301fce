"""Refuse pictures that cannot fit before anything is allocated."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from tintype.errors import InputError, UnsupportedError
from tintype.models.hpcm.config import HPCMConfig

_NO_MEMORY = ("can't allocate memory", "not enough memory", "bad_alloc", "out of memory")  # in PyTorch's messages


def required_bytes(config: HPCMConfig, height: int, width: int) -> int:
    """Estimated peak of activations in coding one picture in float32, weights left aside.

    The widest moment is a residual block at stride 2: its input, the mixed copy, and the expanded channels
    before and after the activation, besides the output of the block. At stride 16, y and its parameters are
    kept; of the picture itself, a few copies. Measured peaks are 0.9 to 1.1 of this.
    """
    first = config.widths[0] * (3 + 2 * config.expansion) / 4
    latents = config.latents * 40 / 256
    copies = 4 * 3
    return int(4 * height * width * (first + latents + copies))


def available_bytes(device: torch.device) -> int | None:
    """Memory that can still be had on a device, None where nobody tells."""
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        return free
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return None
    kilobytes = [int(line.split()[1]) for line in lines if line.startswith("MemAvailable:")]
    return 1024 * kilobytes[0] if kilobytes else None


@contextmanager
def guarded(config: HPCMConfig, height: int, width: int, device: torch.device) -> Iterator[None]:
    """Code a picture inside; errors of PyTorch become ours.

    Raises
    ------
    InputError
        The picture needs more memory than there is; nothing was allocated.
    MemoryError
        Memory ran out nevertheless.
    UnsupportedError
        PyTorch cannot run the model here.
    """
    needed, available = required_bytes(config, height, width), available_bytes(device)
    message = (
        f"{config.name}: a picture of {height} x {width} needs about {needed / 2**30:.1f} GiB for "
        "activations; use tiles, a smaller model or a smaller picture"
    )
    if available is not None and needed > available:
        raise InputError(f"{message} ({available / 2**30:.1f} GiB are free)")
    try:
        yield
    except RuntimeError as error:
        # torch has a type of its own for this on GPUs alone
        if isinstance(error, torch.OutOfMemoryError) or any(words in str(error) for words in _NO_MEMORY):
            raise MemoryError(message) from error
        raise UnsupportedError(
            f"{config.name} cannot be run here; PyTorch says: {' '.join(str(error).split())}"
        ) from error
