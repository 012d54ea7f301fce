"""What a training run is: a frozen config, and recipes that return one."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace

from tintype.errors import InputError


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """One run. The learning rate warms up, stays, and decays: extend `steps` or start a decay from any checkpoint."""

    model: str = "pico-s"
    batch: int = 8
    crop: int = 128  # pixels, multiple of 64
    steps: int = 20_000  # the run ends here
    decay: int = 0  # last steps in which the learning rate falls to zero, linearly
    warmup: int = 200
    learning_rate: float = 1e-3
    bias_rate: float = 5.0  # level biases of the scale decoder learn faster
    z_rate: float = 5.0  # so does the density of the hyper-latents
    lambda_weight: float = -0.25  # a sample's loss is weighted by lambda to this power
    clip: float = 10.0  # gradient norm
    ema: float = 0.999
    seed: int = 0
    top_level: float = 70.0  # levels are drawn from [0, top_level]
    bf16: bool = True
    compile: bool = False
    evaluate_every: int = 2_000
    checkpoint_every: int = 500

    def learning_rate_at(self, step: int, since_warmup: int) -> float:
        """Warm-up (again after a resume without optimiser state), constant, decay."""
        rate = self.learning_rate * min(1.0, (since_warmup + 1) / self.warmup)
        left = self.steps - step
        if left < self.decay:
            rate *= left / self.decay
        return rate


def pico_s() -> TrainConfig:
    """The shipped model. One CPU thread with bf16: about 0.25 s a step; `tintype train pico_s --data FOLDER`."""
    return TrainConfig()


def pico_s_gpu() -> TrainConfig:
    """pico-s on a data-centre GPU, pictures held on the device."""
    return TrainConfig(batch=64, crop=256, steps=20_000, compile=True, checkpoint_every=1_000, ema=0.999)


RECIPES: dict[str, Callable[[], TrainConfig]] = {"pico_s": pico_s, "pico_s_gpu": pico_s_gpu}


def configure(recipe: str, settings: list[str]) -> TrainConfig:
    """A recipe with `key=value` settings applied; unknown names and keys are errors."""
    if recipe not in RECIPES:
        raise InputError(f"unknown recipe {recipe!r}; there are {', '.join(RECIPES)}")
    config = RECIPES[recipe]()
    kinds = {field.name: type(getattr(config, field.name)) for field in fields(config)}
    values: dict[str, object] = {}
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals or key not in kinds:
            raise InputError(f"setting {setting!r}: write key=value with one of {', '.join(kinds)}")
        try:
            values[key] = text.lower() in ("1", "true", "yes") if kinds[key] is bool else kinds[key](text)
        except ValueError as error:
            raise InputError(f"setting {setting!r}: not a {kinds[key].__name__}") from error
    return replace(config, **values)  # type: ignore[arg-type]
