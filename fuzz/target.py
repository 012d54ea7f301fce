"""What is fuzzed: a call, inputs to start from, and a way to change them."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"

NAMES = ("container", "pico", "hpcm", "graphics", "metadata", "pictures", "bundle", "checkpoint")
"""Modules in `fuzz.targets`. `native`, the C++ coder under sanitizers, is a program of its own."""

Mutator = Callable[[bytes, random.Random], bytes]


@dataclass(frozen=True, slots=True)
class Target:
    """One call that has to survive any bytes."""

    run: Callable[[bytes], object]
    documented: tuple[type[Exception], ...]  # what it may raise
    seeds: Sequence[bytes]  # valid inputs
    mutate: Mutator


def load(name: str, folder: Path) -> Target:
    """A target by name, or by the dotted name of its module.

    Parameters
    ----------
    folder : for files that the target needs while it runs
    """
    made: Target = import_module(name if "." in name else f"fuzz.targets.{name}").target(folder)
    return made


def with_corpus(name: str, target: Target) -> list[bytes]:
    """Inputs to start from: the target's own, and those of the corpus, in a fixed order."""
    return [*target.seeds, *(path.read_bytes() for path in sorted((CORPUS / name).glob("*")))]


def input_of(target: Target, starts: Sequence[bytes], seed: int, number: int) -> bytes:
    """Input `number` of a run: a pure function of the seed, so that a number is enough to meet it again."""
    rng = random.Random(f"{seed} {number}")
    return target.mutate(rng.choice(starts), rng)
