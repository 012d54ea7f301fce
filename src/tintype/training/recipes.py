"""Recipes: functions that return the settings of a run, with what to expect in their docstrings."""

from collections.abc import Callable

from tintype.errors import UsageError
from tintype.training.config import HPCMRun, PicoEyesRun, PicoNaturalRun, PicoRun, RunConfig, change


def pico_s() -> PicoRun:
    """The shipped size on one CPU core.

    Hardware: one core that has bfloat16 products (AMD Zen 4 and later, Intel Sapphire Rapids and later), 2 GB.
    Time: 0.2 s a step there if it is idle; all steps in three and a half hours.
    Expect: at anchors 0 / 2 / 4 / 6, costs (lambda 255^2 MSE + bpp, validation crops of photographs) of
        .249 / .532 / 1.086 / 2.214 after 7.9 Gpx. They were reached by a run with several restarts, and
        72 drawn pictures (training/pictures/drawn.py) and 1,626 crops: docs/results.md, Training. From there
        25,500 steps more, in two processes (batch=16, 1e-3 falling to zero), gave the shipped
        .244 / .520 / 1.064 / 2.171.

    tintype train run pico_s --data PICTURES --validation PICTURES --out RUN
    """
    return PicoRun(steps=64_000, decay=33_000, clip=100.0, ema=0.9995, lambda_weight=-0.4)


def pico_s_gpu() -> PicoRun:
    """pico-s on a data-centre GPU, pictures held on the device.

    Hardware: one GPU with 8 GB for activations (`--plan`), and what the packed pictures take.
    Time: not measured yet; 16 GFLOP a picture forward and backward.
    Expect: not measured yet.

    tintype train run pico_s_gpu --data PICTURES --validation PICTURES --out RUN --device cuda
    """
    return PicoRun(
        batch=64, crop=256, decay=12_000, clip=100.0, lambda_weight=-0.4, compile=True, checkpoint_every=1_000
    )


def pico_s_eyes() -> PicoEyesRun:
    """pico-s for eyes, from weights trained on squared error; needs tintype[perceptual].

    Hardware: as pico_s.
    Time: 0.9 s a step on an idle core.
    Expect: docs/results.md, Trained for eyes. The shipped weights had 3,600 steps of 4 crops with shares of
        .3 / .35 / .35 / 0, then 1,800 steps of this recipe (decay=1300), both without gains. 3,800 steps more with
        shares of .25 / .35 / .4 at 4e-4, whose rate fell only over the last 900, were worse by every judge on
        validation crops: what a high rate undoes needs a long decay to come back. 3,900 steps from pico-s-psnr at 2e-4
        falling to zero are level with the shipped ones.

    tintype train run pico_s_eyes --init weights/training/pico-s-psnr --data PICTURES --validation PICTURES --out RUN
    """
    return PicoEyesRun(
        batch=8, crop=192, steps=92_000, decay=1_500, learning_rate=3e-4, clip=100.0, ema=0.998, lambda_weight=-0.4
    )


def pico_s_natural() -> PicoNaturalRun:
    """A second synthesis for pico-s that draws texture, for files that there are; needs tintype[perceptual].

    Hardware: as pico_s.
    Time: 1.5 s a step on an idle core.
    Expect: docs/results.md, The natural look: 2,200 steps, half of them with a discriminator of twice this weight or
        more, draw hair and fabric, and a grid in water. Twice the rate and 2.5 times the weight from the first step
        on made every distance worse.

    tintype train run pico_s_natural --init weights/training/pico-s-eyes --data PICTURES --validation PICTURES --out RUN
    """
    return PicoNaturalRun(
        batch=8,
        crop=192,
        steps=97_100,
        decay=1_300,
        learning_rate=4e-4,
        clip=100.0,
        ema=0.99,
        lambda_weight=-0.4,
        adversarial_from=95_000,
    )


def hpcm_nano() -> HPCMRun:
    """The smallest HPCM at one rate, on one CPU core.

    Hardware: as pico_s.
    Time: 0.25 s a step if the core is idle; 4,000 steps in about 20 minutes.
    Expect: after 3,200 steps with decay at lambda 0.013, 0.429 bpp at 31.08 dB on validation crops of photographs
        (estimated), 0.456 bpp at 29.29 dB on Kodak (real streams).

    tintype train run hpcm_nano --data PICTURES --validation PICTURES --out RUN --set lambda_=0.013
    """
    return HPCMRun(batch=2, learning_rate=4e-4, steps=4_000, decay=2_400, ema=0.998)


RECIPES: dict[str, Callable[[], RunConfig]] = {
    recipe.__name__: recipe for recipe in (pico_s, pico_s_gpu, pico_s_eyes, pico_s_natural, hpcm_nano)
}


def configure(recipe: str, settings: list[str]) -> RunConfig:
    """A recipe with `key=value` settings applied; unknown names and keys are errors."""
    if recipe not in RECIPES:
        raise UsageError(f"unknown recipe {recipe!r}; there are {', '.join(RECIPES)}")
    return change(RECIPES[recipe](), settings)
