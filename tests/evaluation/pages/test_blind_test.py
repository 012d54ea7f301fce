"""The blind study: what the page hides, and scores that find the truth."""

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.pictures import picture
from tintype.errors import InputError
from tintype.evaluation.measuring.measure import Subject
from tintype.evaluation.pages import blind_test
from tintype.evaluation.pages.blind_test import Trial
from tintype.evaluation.pages.bradley_terry import Choice, fit, scores

TRUTH = {"good": 150.0, "fair": 20.0, "poor": -170.0}
CODECS = ("jpeg444", "webp_m0", "jpeg420")

Site = tuple[Path, list[Trial]]


def chance(a: str, b: str) -> float:
    return 1 / (1 + 10 ** ((TRUTH[b] - TRUTH[a]) / 400))


def simulated(raters: int, trials: int, seed: int = 0) -> list[Choice]:
    rng = np.random.default_rng(seed)
    choices = []
    for rater in range(raters):
        for _ in range(trials):
            a, b = rng.permutation(list(TRUTH))[:2].tolist()
            winner, loser = (a, b) if rng.random() < chance(a, b) else (b, a)
            choices.append(Choice(str(rater), winner, loser))
    return choices


def test_simulated_raters_true_ranking_and_scores_are_recovered() -> None:
    found = scores(simulated(30, 60), resamples=100)
    assert [score.name for score in found] == ["good", "fair", "poor"]
    for score in found:
        assert score.elo == pytest.approx(TRUTH[score.name], abs=25)
        assert score.low < score.elo < score.high
        assert score.high - score.low < 100
    assert sum(score.elo for score in found) == pytest.approx(0, abs=1e-6)


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    inside = []
    for seed in range(25):
        for score in scores(simulated(12, 25, seed), resamples=80):
            inside.append(score.low <= TRUTH[score.name] <= score.high)
    assert 0.85 <= np.mean(inside) <= 1


def test_more_answers_give_narrower_intervals() -> None:
    few, many = (scores(simulated(raters, 20), resamples=100)[0] for raters in (5, 60))
    assert many.high - many.low < 0.6 * (few.high - few.low)


def test_two_codecs_have_the_scores_of_their_share() -> None:
    wins = np.array([[0, 3000.0], [1000.0, 0]])
    difference = fit(wins)[0] - fit(wins)[1]
    assert difference == pytest.approx(400 * np.log10(3), abs=0.1)


def test_ties_count_half_for_each() -> None:
    a, b = scores([Choice("r", "a", "b", tie=True)] * 10, resamples=10)
    assert a.elo == pytest.approx(0, abs=1e-6) and b.elo == pytest.approx(0, abs=1e-6)


def test_a_codec_that_always_wins_has_a_finite_score() -> None:
    found = scores([Choice("r", "a", "b")] * 20, resamples=10)
    assert 200 < found[0].elo < 2000


def test_codecs_that_were_never_compared_are_refused() -> None:
    with pytest.raises(InputError, match="c, d and a were never compared"):
        scores([Choice("r", "a", "b"), Choice("r", "c", "d")])
    with pytest.raises(InputError, match="no answers"):
        scores([])


@pytest.fixture
def site(tmp_path: Path) -> Site:
    pictures = []
    for number in range(2):
        path = tmp_path / f"p{number}.png"
        Image.fromarray(picture(96, 128, seed=40 * number)).save(path)
        pictures.append(Subject(path.stem, path))
    trials, left_out = blind_test.build(
        [*pictures, Subject("gone", tmp_path / "gone.png")], CODECS, (1.0, 2.0), tmp_path / "site"
    )
    assert len(left_out) == 1 and "gone.png" in left_out[0]
    return tmp_path / "site", trials


def page_data(folder: Path) -> tuple[str, dict[str, Any]]:
    text = (folder / blind_test.PAGE).read_text()
    return text, json.loads(re.findall(r'id="data">(.*?)</script>', text, re.DOTALL)[0])


def test_every_pair_is_asked_about_on_every_picture_at_every_rate(site: Site) -> None:
    _, trials = site
    asked = sorted((t.image, t.rate, *sorted((t.left, t.right))) for t in trials if not t.catch)
    pairs = [("jpeg420", "jpeg444"), ("jpeg420", "webp_m0"), ("jpeg444", "webp_m0")]
    assert asked == sorted((p, r, *pair) for p in ("p0", "p1") for r in (1.0, 2.0) for pair in pairs)
    assert sum(t.catch for t in trials) >= 1


def test_the_key_has_the_sizes_of_the_files(site: Site) -> None:
    files = json.loads((site[0] / blind_test.KEY).read_text())["files"]
    assert len(files) == 2 * 2 * len(CODECS)
    for file in files:
        assert file["codec"] in CODECS
        assert file["size_bytes"] == pytest.approx(file["rate"] * 96 * 128 / 8, rel=0.1)


def test_the_page_does_not_tell_whose_a_picture_is(site: Site) -> None:
    folder, trials = site
    text, data = page_data(folder)
    for name in (*CODECS, blind_test.WORSE, "catch"):
        assert name not in json.dumps(data)
        assert name not in text.partition("<script")[0]
    assert all(uri.startswith("data:image/webp;base64,") for uri in data["images"].values())  # all stored alike
    assert {entry["id"] for entry in data["trials"]} == {trial.id for trial in trials}
    assert [entry["id"] for entry in data["trials"]] != [trial.id for trial in trials]
    assert list(data["images"]) == sorted(data["images"])  # not in the order of the codecs
    assert not re.search(r'(?:src|href)="(?!data:)', text)  # nothing from elsewhere


def test_versions_that_are_equal_are_not_compared(tmp_path: Path) -> None:
    path = tmp_path / "p.png"
    Image.fromarray(picture(96, 128)).save(path)
    same = "same=jpeg420"
    trials, _ = blind_test.build([Subject("p", path)], ["jpeg420", same, "webp_m0"], [1.0], tmp_path / "site")
    asked = {frozenset((t.left, t.right)) for t in trials if not t.catch}
    assert asked == {frozenset(("jpeg420", "webp_m0")), frozenset(("same", "webp_m0"))}


def test_a_picture_is_excluded_at_a_rate_that_a_codec_cannot_reach(tmp_path: Path) -> None:
    path = tmp_path / "p.png"
    Image.fromarray(picture(96, 128)).save(path)
    trials, left_out = blind_test.build([Subject("p", path)], CODECS, [0.1, 1.0], tmp_path / "site")
    assert {t.rate for t in trials} == {1.0}
    assert len(left_out) == 1 and re.match(r"p at 0\.1 bpp: no file of that size \(jpeg444 \+\d+%, ", left_out[0])
    with pytest.raises(InputError, match=r"no picture can be used: p at 0\.1 bpp"):
        blind_test.build([Subject("p", path)], CODECS, [0.1], tmp_path / "site")


def test_no_side_belongs_to_one_codec(site: Site) -> None:
    _, trials = site
    assert {t.left for t in trials} >= set(CODECS) <= {t.right for t in trials}


def answers(folder: Path, trials: Sequence[Trial], rater: str, choose: Callable[[Trial], str]) -> Path:
    key = json.loads((folder / blind_test.KEY).read_text())
    path = folder / f"{rater}.json"
    given = [{"trial": t.id, "chosen": choose(t), "flipped": False, "seconds": 1} for t in trials]
    path.write_text(json.dumps({"study": key["study"], "rater": rater, "answers": given}))
    return path


def prefer(name: str) -> Callable[[Trial], str]:
    def choose(t: Trial) -> str:
        if t.catch:
            return "left" if t.right == blind_test.WORSE else "right"
        return {t.left: "left", t.right: "right"}.get(name, "same")

    return choose


def test_answers_become_scores_per_rate_and_careless_raters_are_left_out(site: Site) -> None:
    folder, trials = site
    files = [answers(folder, trials, f"r{n}", prefer("webp_m0")) for n in range(4)]
    careless = answers(folder, trials, "careless", lambda t: "left" if t.left == blind_test.WORSE else "right")
    outcome = blind_test.score(folder / blind_test.KEY, [*files, careless])
    assert outcome.raters == 4
    assert "missed" in outcome.left_out["careless"]
    assert set(outcome.by_rate) == {1.0, 2.0}
    assert outcome.overall[0].name == "webp_m0"
    assert {score.name for score in outcome.overall} == set(CODECS)


def test_a_rater_who_sends_two_files_counts_once(site: Site) -> None:
    folder, trials = site
    path = answers(folder, trials, "r", prefer("webp_m0"))
    outcome = blind_test.score(folder / blind_test.KEY, [path, path])
    assert outcome.raters == 1 and "more than one" in outcome.left_out["r"]


def test_answers_to_another_study_are_refused(site: Site) -> None:
    folder, trials = site
    path = answers(folder, trials, "r", prefer("webp_m0"))
    content = json.loads(path.read_text())
    path.write_text(json.dumps(content | {"study": "other"}))
    with pytest.raises(InputError, match="answers to study other"):
        blind_test.score(folder / blind_test.KEY, [path])
    path.write_text("[]")
    with pytest.raises(InputError, match="neither a study's key nor"):
        blind_test.score(folder / blind_test.KEY, [path])


def test_damaged_answers_and_keys_are_refused(site: Site) -> None:
    folder, trials = site
    key, path = folder / blind_test.KEY, answers(folder, trials, "r", prefer("webp_m0"))
    sound = json.loads(path.read_text())
    one = sound["answers"][0]
    for given in (7, [7], [{}], [one | {"trial": []}]):
        path.write_text(json.dumps(sound | {"answers": given}))
        with pytest.raises(InputError, match=r"r\.json: not a rater's answers"):
            blind_test.score(key, [path])
    for given in ([one, one], [one | {"chosen": "both"}], [one | {"chosen": []}]):
        path.write_text(json.dumps(sound | {"answers": given}))
        with pytest.raises(InputError, match="a trial twice, or with none of left, right, same"):
            blind_test.score(key, [path])
    path.write_text("[" * 100000)
    with pytest.raises(InputError, match="not JSON"):
        blind_test.score(key, [path])
    for content in ({"trials": []}, {"study": 1, "trials": [{"id": 1}]}, {"study": 1, "trials": 7}, sound):
        key.write_text(json.dumps(content))
        with pytest.raises(InputError, match=r"key\.json: not a study's key"):
            blind_test.score(key, [path])


def test_a_study_of_one_codec_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="at least two codecs"):
        blind_test.build([Subject("a", tmp_path)], ["jpeg444"], [1.0], tmp_path)
    with pytest.raises(InputError, match="no picture can be used"):
        blind_test.build([Subject("gone", tmp_path / "gone.png")], CODECS, [1.0], tmp_path)
