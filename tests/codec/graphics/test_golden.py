import numpy as np
import pytest

from tests.golden.make_graphics import FOLDER, painting_of
from tintype.api import decode
from tintype.describing import info

NAMES = [path.stem for path in sorted(FOLDER.glob("*.tint"))]


@pytest.mark.parametrize("name", NAMES)
def test_golden_files_show_what_they_showed(name: str) -> None:
    data = (FOLDER / f"{name}.tint").read_bytes()
    painting, golden = painting_of(data), np.load(FOLDER / f"{name}.npz")
    if painting.covered is not None:
        np.testing.assert_array_equal(painting.covered, golden["covered"])
    # builds of the AVIF library convert to RGB with an error of one level
    most = 0 if info(data).exact else 1
    assert painting.image.shape == golden["image"].shape
    assert np.abs(painting.image.astype(int) - golden["image"]).max() <= most


def test_there_is_one_of_every_kind() -> None:
    found = {name: info((FOLDER / f"{name}.tint").read_bytes()) for name in NAMES}
    whole = {name: about.graphics == 1 for name, about in found.items()}
    exact = {name: about.exact > 0 for name, about in found.items()}
    assert {(whole[name], exact[name]) for name in NAMES} == {(a, b) for a in (True, False) for b in (True, False)}
    assert {about.depth for about in found.values()} == {8, 16}


def test_a_golden_file_is_decoded_whole() -> None:
    data = (FOLDER / "webp-blocks.tint").read_bytes()
    painting, pixels = painting_of(data), np.asarray(decode(data))
    assert painting.covered is not None
    inside = pixels[painting.box.slices]
    np.testing.assert_array_equal(inside[painting.covered], painting.image[painting.covered])
