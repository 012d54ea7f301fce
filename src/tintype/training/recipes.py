"""Recipes: functions that return the settings of a run, with what to expect in their docstrings."""

from collections.abc import Callable

from tintype.errors import InputError
from tintype.training.config import HPCMRun, PicoRun, RunConfig, change


def pico_s() -> PicoRun:
    """The shipped size on one CPU core.

    tintype train pico_s --data PICTURES --validation CROPS --out RUN
    """
    return PicoRun()


def pico_s_gpu() -> PicoRun:
    """pico-s on a data-centre GPU, pictures held on the device.

    tintype train pico_s_gpu --data PICTURES --validation CROPS --out RUN --device cuda
    """
    return PicoRun(batch=64, crop=256, compile=True, checkpoint_every=1_000)


def hpcm_nano() -> HPCMRun:
    """The smallest HPCM at one rate, on one CPU core.

    tintype train hpcm_nano --data PICTURES --validation CROPS --out RUN --set lambda_=0.013
    """
    return HPCMRun(batch=4, learning_rate=5e-4, steps=4_000, decay=2_000, ema=0.998)


RECIPES: dict[str, Callable[[], RunConfig]] = {recipe.__name__: recipe for recipe in (pico_s, pico_s_gpu, hpcm_nano)}


def configure(recipe: str, settings: list[str]) -> RunConfig:
    """A recipe with `key=value` settings applied; unknown names and keys are errors."""
    if recipe not in RECIPES:
        raise InputError(f"unknown recipe {recipe!r}; there are {', '.join(RECIPES)}")
    return change(RECIPES[recipe](), settings)
