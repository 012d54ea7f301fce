"""Which objective trains a run's model."""

from tintype.errors import InputError
from tintype.training.config import HPCMRun, PicoEyesRun, PicoNaturalRun, PicoRun, RunConfig
from tintype.training.objectives.hpcm import HPCMObjective
from tintype.training.objectives.natural import PicoNaturalObjective
from tintype.training.objectives.objective import Objective
from tintype.training.objectives.perceptual import PicoEyesObjective
from tintype.training.objectives.pico import PicoObjective


def objective(config: RunConfig) -> Objective:
    """The objective of a run; raises InputError where there is no such model, or it cannot be trained so."""
    made: Objective
    if isinstance(config, PicoNaturalRun):
        made = PicoNaturalObjective(config)
    elif isinstance(config, PicoEyesRun):
        made = PicoEyesObjective(config)
    elif isinstance(config, PicoRun):
        made = PicoObjective(config)
    elif isinstance(config, HPCMRun):
        made = HPCMObjective(config)
    else:
        raise InputError(f"{type(config).__name__}: no objective trains this")
    made.check(config)
    return made
