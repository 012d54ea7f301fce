"""PyTorch's settings that decide a network's last bits, pinned while HPCM runs.

They belong to the process, so a program around us may have chosen TF32, bfloat16 products or other kernels. A file
must not depend on that: its numerics do not name these settings, and a decoder in another program would find other
rows.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from operator import attrgetter
from typing import Any, NamedTuple

import torch
from torch import backends


class Setting(NamedTuple):
    """One setting of the process, and its value while HPCM runs."""

    read: Callable[[], Any]
    write: Callable[[Any], None]
    pinned: Any

    def change(self, value: Any) -> None:
        """Write a value unless it is there: some of PyTorch's setters import its compiler."""
        if self.read() != value:
            self.write(value)


def _attribute(owner: Any, name: str, pinned: Any) -> Setting:
    return Setting(lambda: getattr(owner, name), lambda value: setattr(owner, name, value), pinned)


SETTINGS = (
    # The general precision first: what an operation inherits reads like its own value, and would be restored as such.
    _attribute(backends, "fp32_precision", "none"),
    *(
        _attribute(attrgetter(operation)(backends), "fp32_precision", "ieee")  # no TF32 or bfloat16 inside of float32
        for operation in ("cuda.matmul", "cudnn.conv", "cudnn.rnn", "mkldnn.matmul", "mkldnn.conv", "mkldnn.rnn")
    ),
    # The older form of the same, after those of the operations: it cannot be read while they contradict it.
    Setting(torch.get_float32_matmul_precision, torch.set_float32_matmul_precision, "highest"),
    _attribute(backends.mkldnn, "enabled", True),
    _attribute(backends.mkldnn, "deterministic", False),
    _attribute(backends.cudnn, "enabled", True),
    _attribute(backends.cudnn, "benchmark", False),  # it would choose kernels by their speed at that moment
    _attribute(backends.cudnn, "deterministic", True),
    Setting(torch.get_deterministic_debug_mode, torch.set_deterministic_debug_mode, 0),
)
"""In the order of pinning; they are restored in the reverse order."""


@contextmanager
def pinned() -> Iterator[None]:
    """All settings as files expect them, and afterwards as they were. For one thread of the process at a time."""
    with ExitStack() as restoring:
        for setting in SETTINGS:
            restoring.callback(setting.change, setting.read())
            setting.change(setting.pinned)
        yield
