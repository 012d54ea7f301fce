"""Training pictures: decoded once, cropped deterministically from (seed, step)."""

import hashlib
import os
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from tintype import images
from tintype.errors import InputError, TintypeError
from tintype.replacing import staged
from tintype.training.pictures import shards

MANIFEST = ".sha256"
SMALLEST_SCALE = 0.5
NAMED = 5  # skipped pictures, by their names; more are counted

Pictures = NDArray[np.uint8]  # (N, S, S, 3)


def load(source: Path, side: int = 512, cache: Path | None = None, max_pixels: int = images.MAX_PIXELS) -> Pictures:
    """Pictures (N, S, S, 3), decoded as `images.load_8bit` shows them: upright, on white where they are transparent.

    Those that cannot be read are skipped with a warning that names them. Hidden files are not looked at.

    Parameters
    ----------
    source : a folder of pictures; a manifest, lines `HASH  PATH` as `sha256sum` writes them, paths relative to it; a
        folder of shards (`tintype train pack`); an .npy file of such an array, which is memory-mapped
    side : S, pixels, where pictures are decoded here: central squares, reflected where smaller
    cache : folder where decoded pictures are kept, for the next time and to be memory-mapped
    max_pixels : larger pictures are skipped

    Raises
    ------
    InputError
        There are no pictures, none can be read, or the hash of one is not the manifest's.
    """
    if source.suffix == ".npy":
        try:
            array: Pictures = np.load(source, mmap_mode="r", allow_pickle=False)
        except (EOFError, ValueError) as error:
            raise InputError(f"{source}: holds no pictures ({error}); `tintype train pack` makes them") from error
        if array.dtype != np.uint8 or array.ndim != 4 or array.shape[3] != 3:
            raise InputError(f"{source}: holds {array.dtype} {array.shape}, not pictures (N, S, S, 3) of uint8")
        return array
    if source.is_dir() and (found := shards.shards_in(source)):
        return shards.read(found)
    paths = find(source)
    if cache is None:
        return pack(paths, side, None, max_pixels)
    kept = cache / f"pictures-{side}-{_fingerprint(paths, max_pixels)}.npy"
    if not kept.exists():
        cache.mkdir(parents=True, exist_ok=True)
        pack(paths, side, kept, max_pixels)
    decoded: Pictures = np.load(kept, mmap_mode="r")
    return decoded


def find(source: Path) -> list[Path]:
    """Picture files of a folder or of a manifest; raises InputError if there are none."""
    if not source.exists():
        raise InputError(f"{source}: there is no such folder or file")
    paths = _checked(source) if source.suffix == MANIFEST else pictures_in(source)
    if not paths:
        raise InputError(f"{source}: no pictures to train on")
    return paths


def pictures_in(folder: Path) -> list[Path]:
    """Picture files under a folder, sorted by path, without hidden files and folders."""
    return sorted(
        path
        for path in folder.rglob("*")
        if not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and path.is_file()
        and images.is_picture(path)
    )


def pack(paths: Sequence[Path], side: int, out: Path | None, max_pixels: int = images.MAX_PIXELS) -> Pictures:
    """Decode pictures to (N, side, side, 3), in memory or in an .npy file, on all available CPUs."""
    shape = (len(paths), side, side, 3)
    if out is None:
        target: Pictures = np.empty(shape, np.uint8)
        read = _decode(paths, target, max_pixels)
        return target if len(read) == len(paths) else target[read]
    with staged(out.parent) as part:
        packed = np.lib.format.open_memmap(part / out.name, "w+", np.uint8, shape)
        read = _decode(paths, packed, max_pixels)
        if len(read) < len(paths):
            everything = packed
            packed = np.lib.format.open_memmap(part / f"read-{out.name}", "w+", np.uint8, (len(read), *shape[1:]))
            for place, number in enumerate(read):
                packed[place] = everything[number]
            os.replace(part / f"read-{out.name}", part / out.name)
        packed.flush()
    return packed


def _decode(paths: Sequence[Path], target: Pictures, max_pixels: int) -> list[int]:
    """Fill (N, side, side, 3) with central squares; returns the numbers of those that could be read."""

    def decode(number: int) -> str | None:
        try:
            target[number] = _square(paths[number], target.shape[1], max_pixels)
        except (TintypeError, OSError) as error:
            return str(error)
        return None

    with ThreadPoolExecutor() as pool:
        errors = list(pool.map(decode, range(len(paths))))
    skipped = [error for error in errors if error is not None]
    if len(skipped) == len(paths):
        raise InputError(f"none of the {len(paths)} pictures can be read; {skipped[0]}")
    if skipped:
        more = f"; and {len(skipped) - NAMED} more" if len(skipped) > NAMED else ""
        warnings.warn(
            f"{len(skipped)} of {len(paths)} pictures cannot be read and are skipped: "
            + "; ".join(skipped[:NAMED]) + more,
            stacklevel=2,
        )  # fmt: skip
    return [number for number, error in enumerate(errors) if error is None]


def _square(path: Path, side: int, max_pixels: int) -> NDArray[np.uint8]:
    """The central square of a picture, reflected where it is smaller."""
    pixels = images.load_8bit(path, images.ReadOptions(max_pixels=max_pixels))
    if pixels.ndim == 2:
        pixels = np.repeat(pixels[:, :, None], 3, axis=2)
    height, width = pixels.shape[:2]
    pixels = np.pad(pixels, [(0, max(0, side - height)), (0, max(0, side - width)), (0, 0)], "symmetric")
    top, left = (pixels.shape[0] - side) // 2, (pixels.shape[1] - side) // 2
    return pixels[top : top + side, left : left + side]


def _checked(manifest: Path) -> list[Path]:
    """Pictures of a manifest, each with the hash it should have."""
    paths = []
    for number, line in enumerate(os.fsdecode(manifest.read_bytes()).splitlines(), 1):
        if not line.strip():
            continue
        expected, _, name = line.partition(" ")
        path = manifest.parent / name.lstrip(" *")
        if not path.is_file():
            raise InputError(f"{manifest}: line {number}: there is no file {path}")
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        if found != expected.lower():
            raise InputError(f"{manifest}: line {number}: {path} has the hash {found}, not {expected}")
        paths.append(path)
    return paths


def _fingerprint(paths: Sequence[Path], max_pixels: int) -> str:
    """Changes when a file is added, removed, renamed or written, or when other files are too large."""
    facts = [(str(path.resolve()), path.stat().st_size, path.stat().st_mtime_ns) for path in paths]
    return hashlib.sha256(repr((facts, max_pixels)).encode()).hexdigest()[:16]


class Crops:
    """Random crops, flips and downscaling by 0.5 to 1; every batch depends on (seed, step) alone.

    Parameters
    ----------
    pictures : uint8, (N, S, S, 3); a torch tensor on the device, or an array on the host
    masks : uint8, (N, S, S), likewise: a fourth channel that is cut as the pictures are
    """

    def __init__(
        self, pictures: Pictures | Tensor, seed: int, device: torch.device, masks: Pictures | Tensor | None = None
    ) -> None:
        self.pictures, self.seed, self.device, self.masks = pictures, seed, device, masks

    def batch(self, step: int, size: int, side: int, samples: Sequence[int] | None = None) -> Tensor:
        """Crops of a step.

        One scale per batch; half of the batches keep scale 1.

        Parameters
        ----------
        size : pictures of the batch
        side : pixels, at most those of the pictures
        samples : positions in the batch that are wanted; None: all. What is at a position does not depend on it.

        Returns
        -------
        float32, (len(samples), 3, side, side) in [0, 1]; four channels with masks
        """
        rng = np.random.default_rng((self.seed, step))
        n, height, width = self.pictures.shape[:3]
        if side > min(height, width):
            raise InputError(f"crop {side}: the pictures are packed as {height} x {width}; pack them larger")
        scale = 1.0 if rng.random() < 0.5 else rng.uniform(SMALLEST_SCALE, 1.0)
        cut = min(round(side / scale), height, width)
        wanted = set(range(size) if samples is None else samples)
        crops = []
        for position in range(size):
            i = int(rng.integers(n))
            top, left = int(rng.integers(height - cut + 1)), int(rng.integers(width - cut + 1))
            flips = [axis for axis in (0, 1) if rng.random() < 0.5]
            if position not in wanted:
                continue
            place = i, slice(top, top + cut), slice(left, left + cut)
            crop = _tensor(self.pictures[place])
            if self.masks is not None:
                crop = torch.cat((crop, _tensor(self.masks[place])[..., None]), 2)
            crops.append(crop.flip(flips).movedim(-1, 0))
        x = torch.stack(crops).to(self.device).float() / 255
        if cut != side:
            x = F.interpolate(x, (side, side), mode="bilinear", antialias=True, align_corners=False)
        return x.clamp(0, 1)


def _tensor(crop: Pictures | Tensor) -> Tensor:
    return torch.from_numpy(np.array(crop)) if isinstance(crop, np.ndarray) else crop  # a copy
