"""A file that was just made is compared with its picture."""

from dataclasses import replace

import numpy as np
import pytest

import tintype
from tests.codec.graphics.drawings import page
from tests.pictures import deep_picture, picture
from tintype import verifying
from tintype.codec.encoder import Encoder
from tintype.errors import VerifyError
from tintype.images import CodePoints, Picture

CODEC = tintype.Codec(threads=1)
# white text on nothing: graphics code it as it is, with the black that nobody sees
CUT_OUT = np.dstack([255 - page(128, 192), np.where(page(128, 192).min(axis=2) < 255, 255, 0).astype(np.uint8)])
ALPHA = np.add.outer(np.arange(150), np.arange(140)).clip(0, 255).astype(np.uint8)
WHOLE = Picture(picture(150, 140), b"icc", b"exif", b"xmp", b"iptc", alpha=ALPHA, code_points=CodePoints(9, 16))


@pytest.mark.parametrize("lossless", [True, False])
def test_equal_pictures_pass(lossless: bool) -> None:
    verifying.check("a", WHOLE, replace(WHOLE, pixels=WHOLE.pixels.copy()), lossless)
    deep = Picture(deep_picture(70, 70, 16), depth=16)
    verifying.check("a", deep, deep, lossless)


@pytest.mark.parametrize(
    "change, what",
    [
        ({"pixels": WHOLE.pixels[:-1]}, "height differs"),
        ({"pixels": WHOLE.pixels[..., 0]}, "grey differs"),
        ({"depth": 10}, "depth differs"),
        ({"code_points": None}, "code_points differs"),
        *(({name: None}, f"{name} differs") for name in ("icc", "exif", "xmp", "iptc")),
        ({"alpha": None}, "transparency differs"),
        ({"alpha": ALPHA ^ np.eye(150, 140, dtype=np.uint8)}, "transparency differs"),
    ],
)
def test_whatever_is_lost_is_named(change: dict[str, object], what: str) -> None:
    with pytest.raises(VerifyError, match=f"a: the file that was just made does not give the picture back: {what}"):
        verifying.check("a", WHOLE, replace(WHOLE, **change), False)  # type: ignore[arg-type]


def test_without_loss_one_level_in_one_sample_is_a_fault() -> None:
    pixels = WHOLE.pixels.copy()
    pixels[77, 33, 1] ^= 1
    near = replace(WHOLE, pixels=pixels)
    verifying.check("a", WHOLE, near, False)
    with pytest.raises(VerifyError, match="coded without loss, but pixels differ"):
        verifying.check("a", WHOLE, near, True)


@pytest.mark.parametrize("depth", [8, 16])
def test_a_square_that_shows_something_else_is_a_fault_in_a_picture_that_is_sound_besides(depth: int) -> None:
    meant = picture(192, 140).astype(np.uint16 if depth == 16 else np.uint8) * ((2**depth - 1) // 255)
    pixels = meant.copy()
    pixels[128:, 64:128] = 2**depth - 1 - pixels[128:, 64:128]
    with pytest.raises(VerifyError, match="the square at column 64, row 128 shows something else"):
        verifying.check("a", Picture(meant, depth=depth), Picture(pixels, depth=depth), False)


@pytest.mark.parametrize("kind", ["noise", "flat", "photo", "grey", "clear", "framed", "cut out"])
def test_the_worst_that_the_encoder_makes_passes(kind: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (100, 100, 3), np.uint8)
    clear = np.dstack([noise, np.where(noise[..., 0] > 128, 0, 255).astype(np.uint8)])
    framed = np.pad(picture(127, 128), ((1, 1), (1, 1), (0, 0)))  # a line that stands alone beyond whole squares
    sources = {
        "noise": noise,
        "flat": noise // 85,
        "photo": picture(100, 100),
        "grey": noise[..., 0],
        "clear": clear,
        "framed": framed,
        "cut out": CUT_OUT,
    }
    for content in ("photo", "auto"):
        assert CODEC.encode(sources[kind], 0, content=content, verify=True) == CODEC.encode(
            sources[kind], 0, content=content
        )
    CODEC.encode(sources[kind], lossless=True, verify=True)


def test_a_target_and_its_check_go_together() -> None:
    seen: list[tuple[int, int]] = []
    target = tintype.Target("bpp", 1)
    found = CODEC.encode(picture(96, 130), target=target, verify=True, progress=lambda *each: seen.append(each))
    assert found == CODEC.encode(picture(96, 130), target=target)
    assert seen[-1][0] == seen[-1][1] >= 3


def test_the_file_of_another_picture_is_not_handed_out(monkeypatch: pytest.MonkeyPatch) -> None:
    other = CODEC.encode(picture(80, 80, seed=5), content="photo")
    monkeypatch.setattr(Encoder, "encode", lambda *_: bytes(other))
    assert CODEC.encode(picture(80, 80)) == other
    with pytest.raises(VerifyError, match="shows something else"):
        CODEC.encode(picture(80, 80), verify=True)
