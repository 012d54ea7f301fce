"""Sizes and costs of all models against the published tables."""

import subprocess
import sys

import pytest

from tintype.models.hpcm.config import CONFIGS, SMALL
from tintype.models.hpcm.costs import PUBLISHED, cost


@pytest.mark.parametrize(
    ("name", "parameters", "gains", "kmac"),
    [
        ("hpcm-base", 68_505_299, 9_600, 918.56),
        ("hpcm-large", 89_718_803, 9_600, 1261.32),
        ("hpcm-phi", 63_582_419, 9_600, 872.80),
        ("hpcm-1b", 1_000_328_003, 15_360, 7670.8),
    ],
)
def test_official_models_have_the_measured_size_and_cost(name: str, parameters: int, gains: int, kmac: float) -> None:
    its = cost(CONFIGS[name])
    assert (its.parameters, its.gains) == (parameters, gains)
    assert its.kmac_published == pytest.approx(kmac, abs=0.03)


REPRODUCIBLE = sorted(set(PUBLISHED) - {"hpcm-1b", "hpcm-base-flat"})


@pytest.mark.parametrize("name", REPRODUCIBLE)
def test_costs_meet_the_published_ones_within_a_thousandth(name: str) -> None:
    its, published = cost(CONFIGS[name]), PUBLISHED[name]
    assert its.kmac_published == pytest.approx(published.kmac, rel=1e-3)
    if published.parameters_m:
        assert (its.parameters - its.gains) / 1e6 == pytest.approx(published.parameters_m, abs=0.01)


def test_cost_without_hierarchical_extraction_is_that_of_the_plainest_reading() -> None:
    assert cost(CONFIGS["hpcm-base-flat"]).kmac_published == pytest.approx(1098.3, abs=0.1)  # published: 1107.48


@pytest.mark.parametrize(
    ("name", "parameters_m", "kmac"), [("hpcm-nano", 2, 30), ("hpcm-tiny", 6, 95), ("hpcm-small", 20, 295)]
)
def test_small_models_have_the_size_their_guide_tells(name: str, parameters_m: float, kmac: float) -> None:
    its = cost(SMALL[name])
    assert its.parameters / 1e6 == pytest.approx(parameters_m, rel=0.12)
    assert its.kmac == pytest.approx(kmac, rel=0.1)


def test_the_command_prints_a_line_for_every_model() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "tintype.models.hpcm.costs"], capture_output=True, text=True, check=True
    )
    lines = {line.split()[0]: line for line in run.stdout.splitlines()}
    assert set(CONFIGS) < set(lines)
    assert "918.56" in lines["hpcm-base"] and "918.57" in lines["hpcm-base"]
