"""Settings and recipes."""

import pytest

from tintype.errors import InputError
from tintype.training.config import HPCMRun, PicoRun
from tintype.training.objectives import objective
from tintype.training.recipes import RECIPES, configure


def test_settings_change_a_recipe() -> None:
    config = configure("pico_s", ["batch=3", "learning_rate=2e-4", "bf16=no", "start=random"])
    assert isinstance(config, PicoRun)
    assert (config.batch, config.learning_rate, config.bf16, config.start) == (3, 2e-4, False, "random")


@pytest.mark.parametrize(
    ("setting", "part"),
    [
        ("bach=3", "bach=3"),
        ("batch", "key=value"),
        ("batch=many", "not a number of type int"),
        ("bf16=perhaps", "not true or false"),
        ("start=warm", "not one of structured, random"),
        ("lambda_=0.013", "lambda_"),  # of the other family
    ],
)
def test_unknown_keys_and_wrong_values_are_errors(setting: str, part: str) -> None:
    with pytest.raises(InputError, match=part):
        configure("pico_s", [setting])


def test_an_unknown_recipe_is_an_error_that_lists_the_known_ones() -> None:
    with pytest.raises(InputError, match="pico_s, pico_s_gpu, pico_s_eyes, pico_s_natural, hpcm_nano"):
        configure("pico_xl", [])


@pytest.mark.parametrize("recipe", RECIPES.values())
def test_every_recipe_says_what_it_needs_and_what_to_expect(recipe: object) -> None:
    text = recipe.__doc__ or ""
    for part in ("Hardware:", "Time:", "Expect:", f"tintype train run {recipe.__name__}"):  # type: ignore[attr-defined]
        assert part in text


@pytest.mark.parametrize(("config", "part"), [(PicoRun(crop=100), "multiple of 64"), (HPCMRun(crop=192), "256")])
def test_crops_that_do_not_fit_a_model_are_refused(config: PicoRun | HPCMRun, part: str) -> None:
    with pytest.raises(InputError, match=part):
        objective(config)


@pytest.mark.parametrize("config", [PicoRun(model="pico-xl"), HPCMRun(model="hpcm-2b")])
def test_models_that_do_not_exist_are_refused(config: PicoRun | HPCMRun) -> None:
    with pytest.raises(InputError, match=r"there are (pico|hpcm)-"):
        objective(config)


def test_the_learning_rate_warms_up_stays_and_falls() -> None:
    config = PicoRun(learning_rate=1.0, warmup=10, steps=100, decay=40)
    rates = [config.learning_rate_at(step, step) for step in (0, 9, 10, 60, 80, 99)]
    assert rates == pytest.approx([0.1, 1, 1, 1, 0.5, 0.025])


def test_a_run_shorter_than_its_decay_begins_at_the_full_rate() -> None:
    config = PicoRun(learning_rate=1.0, warmup=1, steps=100, decay=33_000)
    assert [config.learning_rate_at(step, step) for step in (0, 50)] == pytest.approx([1, 0.5])


def test_a_run_without_optimiser_state_warms_up_again() -> None:
    assert PicoRun(learning_rate=1.0, warmup=10).learning_rate_at(50, 0) == pytest.approx(0.1)
