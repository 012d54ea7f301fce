"""The natural look: where it counts, that it is the same bits everywhere, and what is refused."""

from pathlib import Path

import numpy as np
import pytest

from tests.images.metadata.made import XMP, camera_exif
from tests.natural import LATENTS, OPENED, changed, model_with_natural_look, natural_of
from tests.pictures import picture
from tintype import images
from tintype.api import Codec
from tintype.errors import InputError, UnsupportedError, WeightsError
from tintype.images import Picture
from tintype.images.metadata import xmp
from tintype.models import load
from tintype.models.pico import native_engine, onnx_engine
from tintype.models.pico.check import check_natural
from tintype.models.pico.gate import OPEN, TAPS, Gate, enlarged, features
from tintype.models.pico.native_engine import NativeNetworks, NativeSynthesis
from tintype.models.pico.natural import NaturalModel, strength
from tintype.models.pico.tile_model import Floats, PicoModel
from tintype.native._engine import instruction_sets
from tintype.weights import store
from tintype.weights.bundle import Bundle

CLOSED = Gate(np.zeros((TAPS, LATENTS)), 0)
GREY_LEVEL = 1 / 255


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return store.load(store.DEFAULT)


def latents(height: int = 4, width: int = 6) -> Floats:
    return np.random.default_rng(251).normal(0, 6, (LATENTS, height, width)).astype(np.float32)


def looks(bundle: Bundle, gate: Gate = OPENED) -> tuple[PicoModel, NaturalModel]:
    faithful = native_engine.load(bundle)
    return faithful, native_engine.load_natural(faithful, bundle, natural_of(bundle, gate))


def test_the_natural_look_fades_between_two_levels() -> None:
    assert [strength(level) for level in (0, 29, 30, 31, 35, 39, 40, 41, 70)] == [1, 1, 1, 0.9, 0.5, 0.1, 0, 0, 0]


def test_an_open_gate_gives_the_second_synthesis_and_a_closed_one_the_first(bundle: Bundle) -> None:
    y_hat = latents()
    faithful, natural = looks(bundle)
    drawn = NativeSynthesis({"synthesis": changed(bundle.graphs["synthesis"])}).synthesis(y_hat)
    plain = faithful.synthesise(y_hat, 30)
    assert np.abs(drawn - plain).max() > 10 * GREY_LEVEL
    np.testing.assert_allclose(natural.synthesise(y_hat, 30), drawn, atol=1e-5)
    np.testing.assert_allclose(natural.synthesise(y_hat, 35), (drawn + plain) / 2, atol=1e-5)
    np.testing.assert_array_equal(natural.synthesise(y_hat, 40), plain)
    np.testing.assert_array_equal(looks(bundle, CLOSED)[1].synthesise(y_hat, 0), plain)


def test_the_gate_adds_what_the_neighbours_say_and_the_last_go_on_beyond_the_tile() -> None:
    random, y_hat = np.random.default_rng(5), latents(3, 4)
    gate = Gate(random.integers(-9, 10, (TAPS, LATENTS)).astype(np.float64), OPEN // 2)
    wide = np.pad(np.minimum(np.floor(16 * np.sqrt(np.abs(y_hat))), 255), ((0, 0), (1, 1), (1, 1)), "edge")
    for row in range(3):
        for column in range(4):
            near = wide[:, row : row + 3, column : column + 3].reshape(LATENTS, TAPS)
            total = float(np.einsum("tn,nt->", gate.weight, near)) + gate.bias
            assert gate(y_hat)[row, column] == np.float32(min(1, max(0, total / OPEN)))
    assert 0 < gate(y_hat).mean() < 1


def test_features_stay_in_range_whatever_the_latents() -> None:
    y_hat = np.array([0, -1, 1, 254, 1e18, -1e18], np.float32)
    assert features(y_hat).tolist() == [0, 16, 16, 254, 255, 255]


def test_a_mask_is_enlarged_evenly_between_the_middles_of_squares() -> None:
    found = enlarged(np.array([[0, 1], [1, 1]], np.float32))
    assert found.shape == (32, 32)
    assert (found[:8, :8] == 0).all() and (found[24:] == 1).all()
    np.testing.assert_array_equal(np.diff(found[0, 8:24]), np.float32(1 / 16))


@pytest.mark.parametrize("level", [0, 35])
def test_all_instruction_sets_give_the_same_bits(bundle: Bundle, level: int) -> None:
    y_hat, natural = latents(), natural_of(bundle, Gate(np.full((TAPS, LATENTS), 1.0), 0))
    found = [
        NaturalModel(
            PicoModel(bundle, NativeNetworks(bundle, name)), bundle, natural, NativeSynthesis(natural.graphs, name)
        ).synthesise(y_hat, level)
        for name in instruction_sets()
    ]
    for other in found[1:]:
        np.testing.assert_array_equal(found[0].view(np.int32), other.view(np.int32))


def test_both_engines_draw_the_same_picture(bundle: Bundle) -> None:
    codec = Codec(threads=1)
    pixels = codec.load().analyse(picture(128, 192).transpose(2, 0, 1).astype(np.float32) / 255).y.round()
    models = [
        engine.load_natural(engine.load(bundle), bundle, natural_of(bundle)) for engine in (native_engine, onnx_engine)
    ]
    one, other = (model.synthesise(pixels, 10) for model in models)
    assert np.abs(one - other).max() < GREY_LEVEL


def test_a_file_has_two_looks_by_the_same_symbols(tmp_path: Path) -> None:
    path = model_with_natural_look(tmp_path)
    data = Codec(threads=1).encode(picture(96, 200), 20, content="photo")
    plain, drawn = (np.asarray(Codec(path, look=look, threads=1).decode(data)).astype(int) for look in store.LOOKS)
    np.testing.assert_array_equal(plain, np.asarray(Codec(threads=1).decode(data)))
    assert np.abs(plain - drawn).max() > 5
    assert Codec(path, threads=1).encode(picture(96, 200), 20, content="photo") == data
    part = Codec(path, look="natural", threads=1).decode(data, region=(40, 8, 100, 80))
    np.testing.assert_array_equal(np.asarray(part), drawn[8:88, 40:140])
    small = np.asarray(Codec(path, look="natural", threads=1).decode(data, reduce=8)).astype(int)
    boxes = drawn.reshape(12, 8, 25, 8, 3).mean((1, 3))
    assert np.abs(small - boxes).max() <= 0.5


def test_a_natural_picture_says_so_in_its_metadata_and_keeps_the_others(tmp_path: Path) -> None:
    codec = Codec(model_with_natural_look(tmp_path), look="natural", threads=1)
    source = Picture(picture(64, 80), xmp=XMP, exif=camera_exif())
    for quality, look in ((20, "natural"), (80, None)):
        found = codec.decode_picture(Codec(threads=1).encode(source, quality))
        assert found.xmp is not None and xmp.value(found.xmp, "tintype:Look") == look
        assert xmp.value(found.xmp, "dc:creator") == xmp.value(XMP, "dc:creator") and found.exif == source.exif
    data = codec.encode(picture(64, 80), 20)
    for suffix in ("png", "jpg", "webp", "avif", "tif"):
        codec.decode_to(data, tmp_path / f"a.{suffix}")
        stated = images.load(tmp_path / f"a.{suffix}").xmp
        assert stated is not None and xmp.value(stated, "tintype:Look") == "natural"
    assert codec.decode_to(data, tmp_path / "a.bmp") == ("XMP left out: BMP has no place for it.",)


def test_exact_layers_and_high_qualities_have_one_look(tmp_path: Path) -> None:
    path = model_with_natural_look(tmp_path)
    for options in ({"lossless": True}, {"quality": 80}):
        data = Codec(threads=1).encode(picture(64, 80), **options)
        plain, drawn = (np.asarray(Codec(path, look=look, threads=1).decode(data)) for look in store.LOOKS)
        np.testing.assert_array_equal(plain, drawn)


def test_weights_without_a_natural_look_say_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "plain.tintmodel"
    store.load(store.DEFAULT).write(path)
    data = Codec(threads=1).encode(picture(16, 16))
    with pytest.raises(UnsupportedError, match=r"plain\.natural\.tintmodel; decode with the faithful look \(--look"):
        Codec(str(path), look="natural", threads=1).decode(data)
    with pytest.raises(InputError, match="look='pretty': possible are faithful, natural"):
        Codec(look="pretty")  # type: ignore[arg-type]


def test_the_natural_look_of_other_weights_is_refused(tmp_path: Path) -> None:
    path = model_with_natural_look(tmp_path)
    other = next(name for name in store.manifest() if name != store.DEFAULT)
    natural_of(store.load(other)).write(store.natural_path(Path(path)))
    with pytest.raises(
        WeightsError, match=f"is the natural look of the weights {store.manifest()[other]['weights_hash']}"
    ):
        load.natural(path)


@pytest.mark.parametrize(
    ("group", "array", "value", "why"),
    [
        ("gate", "weight", np.zeros((TAPS, 7), np.int16), r"weight is <i2 \(9, 7\), not <i2 \(9, 320\)"),
        ("gate", "bias", np.zeros(1, np.float32), "bias is <f4"),
        ("gate", "more", np.zeros(1, np.int32), "has the unknown more"),
        ("base", "weights_hash", np.zeros(4, np.uint8), "weights_hash is"),
        ("more", "bias", np.zeros(1, np.int32), "has the unknown more"),
    ],
)
def test_hostile_arrays_are_refused(bundle: Bundle, group: str, array: str, value: Floats, why: str) -> None:
    natural = natural_of(bundle)
    arrays = {name: dict(each) for name, each in natural.arrays.items()}
    arrays.setdefault(group, {})[array] = value
    with pytest.raises(WeightsError, match=why):
        check_natural(Bundle(natural.card, natural.graphs, arrays), bundle.weights_hash(), LATENTS)


def test_hostile_graphs_are_refused(bundle: Bundle) -> None:
    natural = natural_of(bundle)
    check_natural(natural, bundle.weights_hash(), LATENTS)
    for graphs in ({}, {**natural.graphs, "more": b""}, {"synthesis": bundle.graphs["analysis"]}, {"synthesis": b"no"}):
        with pytest.raises(WeightsError):
            check_natural(Bundle(natural.card, graphs, natural.arrays), bundle.weights_hash(), LATENTS)


@pytest.mark.parametrize("name", [name for name, entry in store.manifest().items() if "natural_sha256" in entry])
def test_what_ships_is_accepted_also_as_a_strangers(name: str) -> None:
    base, natural = store.load(name), Bundle.read(store.FOLDER / f"{name}{store.NATURAL}")
    check_natural(natural, base.weights_hash(), LATENTS)
    load.natural(name)
