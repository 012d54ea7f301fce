"""The gate keeps drawn pages faithful, and leaves photographs to be drawn."""

from pathlib import Path

import numpy as np
import pytest

from tests.pictures import picture
from tintype.errors import InputError
from tintype.models import load
from tintype.models.pico.gate import Gate
from tintype.training.export import gate
from tintype.training.export.gate import FLAT, TALLEST, Kept, Labels, kept, labels_of
from tintype.training.pictures.drawn import draw
from tintype.weights import store

SIDE = 128


def test_squares_that_a_mask_covers_are_text_and_those_that_it_touches_are_unknown() -> None:
    mask = np.zeros((64, 64), np.uint8)
    mask[0:16, 8:32] = 255  # half a square, and one
    mask[20:22, 0:8] = 255  # a corner
    found = labels_of(np.zeros((64, 64, 3), np.uint8), mask, drawn=False)
    assert np.argwhere(found.text).tolist() == [[0, 0], [0, 1]]
    assert np.argwhere(~found.known).tolist() == [[1, 0]]


def test_what_is_too_tall_for_a_line_of_text_is_unknown() -> None:
    for height, is_text in ((TALLEST, True), (TALLEST + 1, False)):
        mask = np.zeros((128, 64), np.uint8)
        mask[3 : 3 + height, 16:32] = 255
        found = labels_of(np.zeros((128, 64, 3), np.uint8), mask, drawn=False)
        assert found.text[1, 1] == is_text
        assert found.known[1].tolist() == [True, is_text, True, True]


def test_of_drawings_all_that_is_not_flat_is_text() -> None:
    page = np.full((32, 32, 3), 200, np.uint8)
    page[:16, :16:2] -= round(2 * FLAT) + 2
    page[16:, 16::2] -= round(2 * FLAT) - 2
    found = labels_of(page, np.zeros((32, 32), np.uint8), drawn=True)
    assert found.text.tolist() == found.known.tolist() == [[True, False], [False, False]]


def test_what_a_gate_keeps_is_counted_where_labels_are_known() -> None:
    latents = np.zeros((1, 2, 2), np.float32)
    latents[0, 0] = 9  # 48 steps
    alone = np.zeros((9, 1))
    alone[4] = -1000
    labels = Labels(np.array([[True, False], [True, False]]), np.array([[True, True], [True, False]]))
    assert kept(Gate(alone, 2**15 + 1), [(latents, labels)]) == Kept(text=0.5, other=1.0, precision=0.5)


def test_a_gate_that_is_fitted_keeps_pages_and_not_photographs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pages = [np.asarray(draw(number, SIDE, seed=3)) for number in range(0, 24, 2)]
    photographs = [picture(SIDE, SIDE, seed) for seed in range(8)]
    np.save(tmp_path / "a.npy", np.stack([*pages, *photographs]))
    np.save(tmp_path / "a.text.npy", np.zeros((20, SIDE, SIDE), np.uint8))
    out = tmp_path / "gate.npz"
    gate.main(store.DEFAULT, str(tmp_path / "a.npy"), str(tmp_path / "a.text.npy"), str(out))
    assert "held-out drawings: " in capsys.readouterr().out
    arrays = dict(np.load(out))
    model = load.model(store.DEFAULT)
    assert arrays["weights_hash"].tobytes() == model.identity.weights_hash
    fitted = Gate.of(arrays)
    page, photograph = (
        fitted(gate.latents(model, pixels.transpose(2, 0, 1).astype(np.float32) / 255, 20)).mean()
        for pixels in (np.asarray(draw(30, SIDE, seed=3)), picture(SIDE, SIDE, 9))
    )
    assert page < 0.2 and photograph > 0.8


def test_masks_of_other_pictures_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros((2, 64, 64, 3), np.uint8))
    np.save(tmp_path / "b.npy", np.zeros((3, 64, 64), np.uint8))
    with pytest.raises(InputError, match=r"b\.npy: holds uint8 \(3, 64, 64\), not masks \(2, 64, 64\)"):
        gate.main(store.DEFAULT, str(tmp_path / "a.npy"), str(tmp_path / "b.npy"), str(tmp_path / "c.npz"))


def test_a_result_of_another_suffix_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros((2, 64, 64, 3), np.uint8))
    np.save(tmp_path / "b.npy", np.zeros((2, 64, 64), np.uint8))
    with pytest.raises(InputError, match=r"OUT\.npz"):
        gate.main(store.DEFAULT, str(tmp_path / "a.npy"), str(tmp_path / "b.npy"), str(tmp_path / "gate"))
