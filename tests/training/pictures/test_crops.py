"""Training pictures: reading, packing, cropping."""

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tests.pictures import picture
from tests.training.runs import pictures
from tintype.errors import InputError
from tintype.training.__main__ import main
from tintype.training.pictures import shards
from tintype.training.pictures.crops import Crops, load


def folder_of(path: Path, *sizes: tuple[int, int]) -> Path:
    path.mkdir(exist_ok=True)
    for number, (height, width) in enumerate(sizes):
        Image.fromarray(picture(height, width, number)).save(path / f"{number}.png")
    return path


def test_large_pictures_give_their_central_square(tmp_path: Path) -> None:
    found = load(folder_of(tmp_path, (100, 140)), 64)
    assert np.array_equal(found[0], picture(100, 140)[18:82, 38:102])


def test_small_pictures_are_reflected_to_the_square(tmp_path: Path) -> None:
    found = load(folder_of(tmp_path, (20, 30)), 64)[0]
    assert found.shape == (64, 64, 3)
    assert np.array_equal(found[:20, :30], picture(20, 30))
    assert np.array_equal(found[20:40, :30], picture(20, 30)[::-1])


def test_decoded_pictures_are_kept_and_memory_mapped(tmp_path: Path) -> None:
    source, cache = folder_of(tmp_path / "in", (64, 64), (80, 80)), tmp_path / "run"
    first = load(source, 64, cache)
    kept = list(cache.glob("*.npy"))
    assert len(kept) == 1 and isinstance(first, np.memmap)
    assert np.array_equal(load(source, 64, cache), load(source, 64))
    assert list(cache.glob("*")) == kept


def test_a_changed_folder_is_decoded_again(tmp_path: Path) -> None:
    source, cache = folder_of(tmp_path / "in", (64, 64)), tmp_path / "run"
    assert len(load(source, 64, cache)) == 1
    assert len(load(folder_of(source, (64, 64), (64, 64)), 64, cache)) == 2


def test_a_manifest_names_pictures_by_hash(tmp_path: Path) -> None:
    folder_of(tmp_path, (64, 64), (64, 64))
    manifest = tmp_path / "train.sha256"
    manifest.write_text(f"{hashlib.sha256((tmp_path / '1.png').read_bytes()).hexdigest()}  1.png\n")
    assert np.array_equal(load(manifest, 64), picture(64, 64, 1)[None])


def test_names_in_a_manifest_may_be_any_bytes(tmp_path: Path) -> None:
    source = folder_of(tmp_path / "in", (64, 64)) / "0.png"
    for name in ("\u00fc.png", "\udcff.png"):  # as `sha256sum` writes them, whatever the locale
        path = source.replace(tmp_path / name)
        hashed = hashlib.sha256(path.read_bytes()).hexdigest().encode()
        (tmp_path / "train.sha256").write_bytes(hashed + b"  " + os.fsencode(name) + b"\n")
        assert len(load(tmp_path / "train.sha256", 64)) == 1
        source = path


def test_a_picture_that_is_not_the_manifests_is_refused(tmp_path: Path) -> None:
    folder_of(tmp_path, (64, 64))
    (tmp_path / "train.sha256").write_text(f"{'0' * 64}  0.png\n")
    with pytest.raises(InputError, match=r"line 1.*has the hash"):
        load(tmp_path / "train.sha256", 64)


def test_what_is_no_picture_and_a_folder_without_pictures_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no pictures"):
        load(tmp_path)
    (tmp_path / "a.png").write_bytes(b"no picture")
    with pytest.raises(InputError, match=r"none of the 1 pictures can be read; .*a\.png: not a picture"):
        load(tmp_path)
    np.save(tmp_path / "a.npy", np.zeros(3))
    with pytest.raises(InputError, match="not pictures"):
        load(tmp_path / "a.npy")


def test_pictures_are_trained_on_as_they_look(tmp_path: Path) -> None:
    ramp = np.tile(np.linspace(10, 240, 64).astype(np.uint8), (64, 1))
    Image.fromarray(ramp.astype(np.uint16) * 257 + 3).save(tmp_path / "a_16bit.png")
    Image.fromarray(ramp).save(tmp_path / "b_8bit.png")
    clear = np.zeros((64, 64, 4), np.uint8)
    clear[..., :3] = picture(64, 64)
    Image.fromarray(clear).save(tmp_path / "c_clear.png")
    Image.fromarray(np.dstack([ramp] * 4), "CMYK").save(tmp_path / "d_cmyk.jpg")
    deep, grey, under_alpha, cmyk = load(tmp_path, 64)
    assert np.array_equal(deep, np.dstack([ramp] * 3))
    assert np.array_equal(grey, deep)
    assert (under_alpha == 255).all()
    assert cmyk.shape == (64, 64, 3)


@pytest.mark.parametrize("cached", [False, True])
def test_hidden_files_are_left_out_and_unreadable_ones_skipped_by_name(tmp_path: Path, cached: bool) -> None:
    source = folder_of(tmp_path / "in", (64, 64), (64, 64), (64, 64))
    (source / "._0.png").write_bytes(b"\0\5\x16\7" + bytes(116))
    (source / "1.png").write_bytes(b"no picture")
    (source / "page.svg").write_bytes(b"<svg/>")
    (source / "notes.txt").write_bytes(b"Dear diary")
    with pytest.warns(UserWarning, match=r"2 of 4 pictures cannot be read and are skipped: .*1\.png.*page\.svg"):
        found = load(source, 64, tmp_path / "run" if cached else None)
    assert np.array_equal(found, np.stack([picture(64, 64, 0), picture(64, 64, 2)]))


@pytest.mark.parametrize(("kind", "quality", "limit"), [("raw", 95, 120_000), ("webp", 100, 8_000)])
def test_shards_are_small_and_give_the_pictures_back(
    kind: shards.Format, quality: int, limit: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "FILE_BYTES", limit)
    written = shards.write(pictures(), tmp_path, kind, quality)
    assert len(written) > 1
    assert all(path.stat().st_size <= limit for path in written)
    assert np.array_equal(load(tmp_path), pictures())


def test_lossy_shards_are_near_the_pictures(tmp_path: Path) -> None:
    main(["pack", str(folder_of(tmp_path / "in", (128, 128))), str(tmp_path / "out"), "--side", "128"])
    found = load(tmp_path / "out").astype(float)
    assert 0 < np.abs(found - picture(128, 128)).mean() < 4


def test_packing_to_one_array_keeps_the_pictures(tmp_path: Path) -> None:
    main(["pack", str(folder_of(tmp_path, (128, 128))), str(tmp_path / "all.npy"), "--side", "128"])
    assert np.array_equal(load(tmp_path / "all.npy"), picture(128, 128)[None])


def test_batches_depend_on_seed_and_step_alone() -> None:
    crops = [Crops(pictures(), seed, torch.device("cpu")) for seed in (0, 0, 1)]
    batches = [crop.batch(7, 4, 64) for crop in crops]
    assert torch.equal(batches[0], batches[1])
    assert not torch.equal(batches[0], batches[2])
    assert not torch.equal(batches[0], crops[0].batch(8, 4, 64))


def test_a_part_of_a_batch_is_that_part_of_the_whole() -> None:
    crops = Crops(pictures(), 0, torch.device("cpu"))
    for step in range(4):  # with and without rescaling
        whole = crops.batch(step, 4, 64)
        assert torch.equal(crops.batch(step, 4, 64, [2, 3]), whole[2:])


def test_pictures_on_the_device_are_cropped_as_those_on_the_host() -> None:
    host = Crops(pictures(), 0, torch.device("cpu")).batch(3, 4, 64)
    assert torch.equal(Crops(torch.as_tensor(pictures()), 0, torch.device("cpu")).batch(3, 4, 64), host)


def test_a_crop_larger_than_the_pictures_is_refused() -> None:
    with pytest.raises(InputError, match="packed as 128 x 128"):
        Crops(pictures(), 0, torch.device("cpu")).batch(0, 1, 192)


@pytest.mark.parametrize("data", [b"", b"nothing", b"\x93NUMPY\x01\x00"])
def test_a_damaged_array_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x.npy"
    path.write_bytes(data)
    with pytest.raises(InputError, match="holds no pictures"):
        load(path)
