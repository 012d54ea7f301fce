"""Checkpoints of training: the head, and the tensors that it names.

An input is the head, a zero byte, and the bytes of the state.
"""

import random
from pathlib import Path
from typing import Any

import torch

from fuzz import archive
from fuzz.mutate import edited
from fuzz.target import Target
from tintype.errors import InputError, WeightsError
from tintype.training import checkpoint

PART = "state-3.pt.0"


def target(folder: Path) -> Target:
    weights = {"weight": torch.arange(9.0), "bias": torch.ones(3, dtype=torch.bfloat16)}
    state: dict[str, Any] = {"step": 3, "config": {"model": "pico-s", "clip": 1.5}, "model": weights, "ema": weights}
    checkpoint.save(folder, state, None)

    def run(data: bytes) -> None:
        head, _, part = data.partition(b"\0")
        (folder / checkpoint.HEAD).write_bytes(head)
        (folder / PART).write_bytes(part)
        checkpoint.load(folder)

    seed = (folder / checkpoint.HEAD).read_bytes() + b"\0" + (folder / PART).read_bytes()
    return Target(run, (InputError, WeightsError), [seed], mutated)


def mutated(data: bytes, rng: random.Random) -> bytes:
    """Either of the two parts changed; of the state, its pickle more often than its tensors."""
    head, _, part = data.partition(b"\0")
    if rng.randrange(4) == 0:
        return edited(head, rng) + b"\0" + part
    return head + b"\0" + archive.mutated(part, rng)
