"""What a training run is: frozen settings, one class per family."""

from dataclasses import dataclass, fields, replace
from typing import Literal, TypeVar

from tintype.errors import UsageError


@dataclass(frozen=True, slots=True)
class RunConfig:
    """What every run has. The learning rate warms up, stays, and decays: `steps` may be extended at any checkpoint.

    Parameters
    ----------
    batch : pictures of a step, of all processes together
    crop : side in pixels, a multiple of what the model needs
    steps : the run ends here
    decay : last steps, in which the learning rate falls to zero, linearly; no more than all
    optimiser : "adamw", or "muon" for the kernels that mix channels with AdamW for the rest
    muon_rate : factor of the learning rate for Muon; at 1 an update has a root mean square of 0.2 of the learning rate
    clip : bound of the gradient's norm
    ema : share of the averaged weights that a step keeps, in the long run
    evaluate_every : steps between validations; there is one at the end too
    bf16 : autocast; likelihoods, scales and latents stay float32
    checkpointing : recompute the activations of residual blocks backwards, to save memory
    """

    model: str
    batch: int = 8
    crop: int = 128
    steps: int = 20_000
    decay: int = 0
    warmup: int = 200
    learning_rate: float = 1e-3
    optimiser: Literal["adamw", "muon"] = "adamw"
    muon_rate: float = 1.0
    clip: float = 10.0
    ema: float = 0.999
    seed: int = 0
    bf16: bool = True
    compile: bool = False
    checkpointing: bool = False
    evaluate_every: int = 2_000
    checkpoint_every: int = 500
    log_every: int = 50

    def learning_rate_at(self, step: int, since_warmup: int) -> float:
        """Warm-up (again after a resume without optimiser state), constant, decay."""
        rate = self.learning_rate * min(1.0, (since_warmup + 1) / max(1, self.warmup))
        left, decay = self.steps - step, min(self.decay, self.steps)
        if left < decay:
            rate *= left / decay
        return rate


@dataclass(frozen=True, slots=True)
class PicoRun(RunConfig):
    """A run of pico: one model for all levels, its loss averaged over them.

    Parameters
    ----------
    bias_rate, z_rate : factors of the learning rate for the scale decoder's level biases and the density of z
    lambda_weight : the loss of a sample is weighted by lambda to this power, so that high levels do not dominate
    top_level : levels are drawn from [0, top_level]
    start : "structured" (models/pico/start.py) or "random"
    learn_scales : whether the convolutions' input and output scales learn; folded away at export either way
    """

    model: str = "pico-s"
    bias_rate: float = 5.0
    z_rate: float = 5.0
    lambda_weight: float = -0.25
    top_level: float = 70.0
    start: Literal["structured", "random"] = "structured"
    learn_scales: bool = True


@dataclass(frozen=True, slots=True)
class PicoEyesRun(PicoRun):
    """A run of pico that is trained for eyes: distortions in shares, see `training/objectives/perceptual.py`.

    Parameters
    ----------
    mse, ms_ssim, lp, wd : shares of the distortion at the weights the scales were measured with; usually one in all
    tal : share of errors across a border of tiles; with it every fourth step codes its crops as two tiles
    text : share of errors inside text; needs masks beside the packed pictures (`tintype train text-masks`)
    features : file of the feature network; empty: that of the installed package
    """

    mse: float = 0.15
    ms_ssim: float = 0.4
    lp: float = 0.45
    wd: float = 0.0
    tal: float = 0.0
    text: float = 0.0
    features: str = ""


@dataclass(frozen=True, slots=True)
class PicoNaturalRun(PicoEyesRun):
    """A run of pico's second synthesis alone, which draws texture: see `training/objectives/natural.py`.

    Parameters
    ----------
    adversarial : weight of the discriminator's word at level 0, in units of the other distortions together; it falls
        to zero at `top_level`
    adversarial_from, adversarial_rise : the step from which it counts, and steps in which it rises to `adversarial`
    discriminator_rate : factor of the learning rate for the discriminator
    discriminator_width, discriminator_heads : channels of its branches, see `training/objectives/discriminator.py`
    """

    top_level: float = 40.0
    mse: float = 0.03
    ms_ssim: float = 0.02
    lp: float = 0.65
    wd: float = 0.3
    adversarial: float = 0.2
    adversarial_from: int = 0
    adversarial_rise: int = 300
    discriminator_rate: float = 4.0
    discriminator_width: int = 32
    discriminator_heads: int = 32


@dataclass(frozen=True, slots=True)
class HPCMRun(RunConfig):
    """A run of an HPCM model: one rate.

    Parameters
    ----------
    distortion : "mse" (255^2 MSE) or "ms-ssim" (1 - MS-SSIM)
    lambda_ : weight of the distortion against bits per pixel; the published ones are in `training/objectives/hpcm.py`
    start : "structured" (models/hpcm/start.py) or "random", as published
    """

    model: str = "hpcm-nano"
    crop: int = 256
    learning_rate: float = 1e-4
    clip: float = 1.0
    distortion: Literal["mse", "ms-ssim"] = "mse"
    lambda_: float = 0.013
    start: Literal["structured", "random"] = "structured"


C = TypeVar("C", bound=RunConfig)


def change(config: C, settings: list[str]) -> C:
    """A config with `key=value` settings applied.

    Raises
    ------
    UsageError
        A key that this family does not have, or a value of the wrong kind.
    """
    known = {field.name: field.type for field in fields(config)}
    values: dict[str, object] = {}
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals or key not in known:
            raise UsageError(f"setting {setting!r}: write key=value with one of {', '.join(known)}")
        values[key] = _value(setting, text, known[key])
    return replace(config, **values)  # type: ignore[arg-type]


def _value(setting: str, text: str, kind: object) -> object:
    """The text as a field's type: a class, or a Literal of strings."""
    if kind is bool:
        if text.lower() not in ("true", "false", "yes", "no", "1", "0"):
            raise UsageError(f"setting {setting!r}: not true or false")
        return text.lower() in ("true", "yes", "1")
    if kind in (int, float, str):
        try:
            return kind(text)
        except ValueError as error:
            raise UsageError(f"setting {setting!r}: not a number of type {kind.__name__}") from error
    choices: tuple[str, ...] = kind.__args__  # type: ignore[attr-defined]
    if text not in choices:
        raise UsageError(f"setting {setting!r}: not one of {', '.join(choices)}")
    return text
