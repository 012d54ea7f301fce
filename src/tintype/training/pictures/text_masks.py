"""Where the text of training pictures is: found once, kept beside the packed pictures.

Masks of `photos.npy` are `photos.text.npy`, uint8 (N, S, S): 255 inside text, 0 elsewhere. Pages that were drawn here
are recognised by their pixels, and their text is known. In all other pictures a network looks for it.
"""

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tintype.errors import InputError
from tintype.models.rapidocr import TextReader
from tintype.replacing import staged
from tintype.training.outputs import refuse
from tintype.training.pictures import crops, drawn

Masks = NDArray[np.uint8]  # (N, S, S)


def path_of(pictures: Path) -> Path:
    """Where the masks of packed pictures are."""
    return pictures.with_suffix(".text.npy")


def beside(pictures: Path) -> Masks | None:
    """Masks of packed pictures, memory-mapped; None where there are none; errors as for `load`."""
    path = path_of(pictures)
    return load(path, crops.load(pictures)) if pictures.suffix == ".npy" and path.exists() else None


def load(path: Path, pictures: crops.Pictures) -> Masks:
    """Masks of these pictures (N, S, S, 3), memory-mapped.

    Raises
    ------
    InputError
        The file holds no masks, or those of other pictures.
    """
    expected = pictures.shape[:3]
    try:
        masks: Masks = np.load(path, mmap_mode="r", allow_pickle=False)
    except (EOFError, ValueError) as error:
        raise InputError(f"{path}: holds no masks ({error}); `tintype train text-masks` makes them") from error
    if masks.dtype != np.uint8 or masks.shape != expected:
        raise InputError(
            f"{path}: holds {masks.dtype} {masks.shape}, not masks {expected} of uint8; `tintype train text-masks "
            "--force` makes them again"
        )
    return masks


def write(pictures: Path, count: int = 72, seed: int = 0, force: bool = False) -> str:
    """Find text in packed pictures, and write its masks beside them; returns a line about it.

    Parameters
    ----------
    pictures : an .npy file of packed pictures
    count, seed : of the pages drawn by `tintype train draw` that may be among them

    Raises
    ------
    InputError
        Not packed pictures.
    UsageError
        There are masks, and `force` is not set.
    UnsupportedError
        The package of the network is not installed.
    """
    if pictures.suffix != ".npy":
        raise InputError(f"{pictures}: masks need pictures packed in one file, `tintype train pack PICTURES OUT.npy`")
    out = path_of(pictures)
    refuse([out] if out.exists() else [], force)
    packed, reader = crops.load(pictures), TextReader()
    side = packed.shape[1]
    drawings = (drawn.drawing(number, side, seed) for number in range(count))
    pages = {_digest(np.asarray(page.picture)): np.asarray(page.text) for page in drawings}
    known = found = 0
    with staged(out.parent) as part:
        masks = np.lib.format.open_memmap(part / out.name, "w+", np.uint8, packed.shape[:3])
        for number, picture in enumerate(packed):
            mask = pages.get(_digest(picture))
            known += mask is not None
            masks[number] = _found(reader, np.array(picture)) if mask is None else mask
            found += bool(masks[number].any())
        masks.flush()
    return f"{out}: text in {found} of {len(packed)} pictures, {known} of them drawn here"


def _found(reader: TextReader, picture: NDArray[np.uint8]) -> Masks:
    mask = np.zeros(picture.shape[:2], np.uint8)
    for box, _ in reader.lines(picture):
        box.of(mask)[:] = 255
    return mask


def _digest(picture: NDArray[np.uint8]) -> bytes:
    return hashlib.sha256(picture.tobytes()).digest()
