"""Which objective trains a run's model."""

from tintype.errors import InputError
from tintype.training.config import HPCMRun, PicoEyesRun, PicoRun, RunConfig
from tintype.training.hpcm import HPCMObjective
from tintype.training.objective import Objective
from tintype.training.perceptual import PicoEyesObjective
from tintype.training.pico import PicoObjective


def objective(config: RunConfig) -> Objective:
    """The objective of a run; raises InputError where there is no such model, or it cannot be trained so."""
    made: Objective
    if isinstance(config, PicoEyesRun):
        made = PicoEyesObjective(config)
    elif isinstance(config, PicoRun):
        made = PicoObjective(config)
    elif isinstance(config, HPCMRun):
        made = HPCMObjective(config)
    else:
        raise InputError(f"{type(config).__name__}: no objective trains this")
    made.check(config)
    return made
