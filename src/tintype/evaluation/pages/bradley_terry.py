"""Scores from pairwise choices: the Bradley-Terry model, on Elo's scale, with confidence intervals.

A codec i is chosen over j with probability 1 / (1 + 10 ** ((s_j - s_i) / 400)). Scores are those that make the answers
most likely; intervals come from resampling raters, who differ more than one rater's answers do among themselves.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tintype.errors import InputError

ELO = 400 / np.log(10)  # Elo points per unit of log-odds
PRIOR = 0.1  # imagined wins of each over each: a codec that always wins gets a finite score
STEPS = 200
CONFIDENCE = 0.95  # of the intervals
TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer."""

    rater: str
    winner: str
    loser: str
    tie: bool = False  # counts half for each


@dataclass(frozen=True, slots=True)
class Score:
    """Of one codec."""

    name: str
    elo: float  # the mean of all codecs is 0
    low: float  # of the interval, Elo points
    high: float
    comparisons: int


def scores(choices: Sequence[Choice], resamples: int = 400) -> list[Score]:
    """Scores, best first.

    Parameters
    ----------
    resamples : of the bootstrap over raters, or over the answers of a single one; its percentiles are the intervals

    Raises
    ------
    InputError
        No answers, or two groups of codecs that were never compared with each other.
    """
    if not choices:
        raise InputError("there are no answers to score")
    names = sorted({name for choice in choices for name in (choice.winner, choice.loser)})
    groups = _groups(choices, names)
    _check_connected(groups.sum(axis=0), names)
    best = fit(groups.sum(axis=0))
    rng = np.random.default_rng(0)
    drawn = rng.multinomial(len(groups), np.full(len(groups), 1 / len(groups)), resamples)  # (resamples, raters)
    draws = fit(np.tensordot(drawn, groups, 1))
    tail = 100 * (1 - CONFIDENCE) / 2
    low, high = np.percentile(draws, [tail, 100 - tail], axis=0)
    counts = [sum(name in (choice.winner, choice.loser) for choice in choices) for name in names]
    found = [Score(*values) for values in zip(names, best.tolist(), low.tolist(), high.tolist(), counts, strict=True)]
    return sorted(found, key=lambda score: -score.elo)


def fit(wins: NDArray[np.float64]) -> NDArray[np.float64]:
    """Elo scores, mean 0, that make the answers most likely.

    Parameters
    ----------
    wins : (..., n, n), how often row was chosen over column; leading axes are fitted apart

    Notes
    -----
    Hunter, "MM algorithms for generalized Bradley-Terry models", 2004: each step raises the likelihood.
    """
    wins = wins + PRIOR * (1 - np.eye(wins.shape[-1]))
    total, games = wins.sum(axis=-1), wins + wins.swapaxes(-1, -2)
    strength = np.ones(total.shape)
    for _ in range(STEPS):
        before = strength
        strength = total / (games / (strength[..., :, None] + strength[..., None, :])).sum(axis=-1)
        strength /= np.exp(np.log(strength).mean(axis=-1, keepdims=True))
        if np.abs(np.log(strength / before)).max() < TOLERANCE:
            break
    return np.asarray(ELO * np.log(strength))


def _groups(choices: Sequence[Choice], names: Sequence[str]) -> NDArray[np.float64]:
    """Wins per rater, (raters, n, n); per answer where there is only one rater."""
    raters = sorted({choice.rater for choice in choices})
    single = len(raters) == 1
    wins = np.zeros((len(choices) if single else len(raters), len(names), len(names)))
    for number, choice in enumerate(choices):
        group = number if single else raters.index(choice.rater)
        winner, loser = names.index(choice.winner), names.index(choice.loser)
        wins[group, winner, loser] += 0.5 if choice.tie else 1
        wins[group, loser, winner] += 0.5 if choice.tie else 0
    return wins


def _check_connected(wins: NDArray[np.float64], names: Sequence[str]) -> None:
    games = wins + wins.T > 0
    reached, frontier = {0}, [0]
    while frontier:
        for other in np.flatnonzero(games[frontier.pop()]).tolist():
            if other not in reached:
                reached.add(other)
                frontier.append(other)
    if len(reached) < len(names):
        apart = [name for number, name in enumerate(names) if number not in reached]
        raise InputError(f"{', '.join(apart)} and {names[0]} were never compared, not even through others")
