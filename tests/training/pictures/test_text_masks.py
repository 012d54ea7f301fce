"""Masks of the text of packed pictures."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from tests.pictures import picture
from tintype.errors import InputError, UsageError
from tintype.training.__main__ import main
from tintype.training.pictures import drawn, text_masks

INSTALLED = pytest.mark.skipif(find_spec("rapidocr") is None, reason="the package rapidocr is not installed")


def test_masks_are_found_beside_packed_pictures_by_name(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros((2, 64, 64, 3), np.uint8))
    assert text_masks.beside(tmp_path / "a.npy") is None
    assert text_masks.beside(tmp_path) is None
    masks = np.arange(2 * 64 * 64).reshape(2, 64, 64).astype(np.uint8)
    np.save(tmp_path / "a.text.npy", masks)
    found = text_masks.beside(tmp_path / "a.npy")
    assert isinstance(found, np.memmap) and np.array_equal(found, masks)


def test_masks_of_other_pictures_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros((2, 64, 64, 3), np.uint8))
    np.save(tmp_path / "a.text.npy", np.zeros((3, 64, 64), np.uint8))
    with pytest.raises(InputError, match=r"a\.text\.npy: holds uint8 \(3, 64, 64\), not masks \(2, 64, 64\)"):
        text_masks.beside(tmp_path / "a.npy")


@pytest.mark.parametrize("content", [b"", b"text"])
def test_a_file_without_an_array_is_refused(tmp_path: Path, content: bytes) -> None:
    np.save(tmp_path / "a.npy", np.zeros((2, 64, 64, 3), np.uint8))
    (tmp_path / "a.text.npy").write_bytes(content)
    with pytest.raises(InputError, match=r"a\.text\.npy: holds no masks .*text-masks"):
        text_masks.beside(tmp_path / "a.npy")


def test_masks_need_packed_pictures(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="tintype train pack"):
        text_masks.write(tmp_path)


def test_drawn_text_is_inside_its_mask_and_hidden_text_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page without letters differs from the page inside the mask alone."""
    for number in range(4):
        made = drawn.drawing(number, 256, 7)
        with monkeypatch.context() as patched:
            patched.setattr("PIL.ImageDraw.ImageDraw.text", lambda *_, **__: None)
            bare = drawn.drawing(number, 256, 7)
        letters = (np.asarray(made.picture) != np.asarray(bare.picture)).any(-1)
        mask = np.asarray(made.text) > 0
        assert letters.any()
        # bars, lines and discs of charts may be drawn over a number's corner
        assert (letters & ~mask).sum() <= 0.002 * letters.sum()
        assert mask.mean() < 0.8


@INSTALLED
def test_the_command_knows_drawn_pages_and_finds_other_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = np.asarray(drawn.drawing(0, 256, 1).picture)
    shifted = np.roll(page, 8, 1)  # no longer the page that was drawn
    np.save(tmp_path / "a.npy", np.stack([picture(256, 256), page, shifted]))
    main(["text-masks", str(tmp_path / "a.npy"), "--count", "4", "--seed", "1"])
    assert "text in 2 of 3 pictures, 1 of them drawn here" in capsys.readouterr().out
    masks = text_masks.beside(tmp_path / "a.npy")
    assert masks is not None and not masks[0].any()
    known = np.asarray(drawn.drawing(0, 256, 1).text)
    assert np.array_equal(masks[1], known)
    moved, found = np.roll(known, 8, 1) > 0, masks[2] > 0
    assert (moved & found).sum() > 0.8 * moved.sum()
    with pytest.raises(UsageError, match="--force"):
        text_masks.write(tmp_path / "a.npy")
