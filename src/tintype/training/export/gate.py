"""Fits a pico's gate (`tintype.models.pico.gate`), which keeps drawn texture away from text.

    python -m tintype.training.export.gate BUNDLE PICTURES MASKS OUT.npz

PICTURES are packed (.npy), MASKS those of `tintype train text-masks`, or other uint8 (N, S, S), not 0 where there is
text. Of pictures that are mostly drawn, all that is not flat counts as text. `tintype train export --gate OUT.npz`
takes the result.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tintype.codec.graphics.detect import mostly_drawn
from tintype.codec.tiling import extract
from tintype.errors import InputError, WeightsError
from tintype.models import load
from tintype.models.pico.gate import OPEN, PADDING, REACH, TAPS, Gate, features
from tintype.models.pico.natural import NONE
from tintype.models.pico.schedule import Y_STRIDE
from tintype.models.pico.tile_model import Floats, PicoModel
from tintype.replacing import staged
from tintype.training.export.pico_fit import whole_tile
from tintype.training.export.readout import LEVELS_BETWEEN, latents, neighbourhoods
from tintype.training.pictures import crops, text_masks

PHOTOGRAPHS = 400  # besides all that is mostly drawn
HELD_OUT = 5  # each fifth picture is not fitted to
TEXT_PLACES, OTHER_PLACES = 80, 120  # at most so many of a picture: a page would count as much as ten photographs
FLAT = 6.0  # 8-bit levels, standard deviation of a flat square
LEAST_TEXT = 0.2  # share of a square that text covers; squares with less are not counted
TALLEST = 64  # pixels: detectors take mountains and dishes for one huge line; such masks are not counted
RIDGE = 0.02  # of each feature's variance
CLOSED_FROM, OPEN_UNTIL = -0.2, -0.6  # where texts are 1 and all else is -1: more photographs are lost than texts drawn


class Labels(NamedTuple):
    """What the places (h, w) of a picture are."""

    text: NDArray[np.bool_]
    known: NDArray[np.bool_]


class Kept(NamedTuple):
    """How much a gate keeps from being drawn, in shares."""

    text: float  # recall
    other: float  # false alarms; NaN where there is nothing but text
    precision: float

    def __str__(self) -> str:
        rest = "" if np.isnan(self.other) else f", and {self.other:.1%} of the rest (precision {self.precision:.1%})"
        return f"{self.text:.1%} of text stays faithful{rest}"


def labels_of(picture: NDArray[np.uint8], mask: NDArray[np.uint8], drawn: bool) -> Labels:
    """Labels of a picture (H, W, 3) with its mask (H, W)."""
    if drawn:
        text = _squares(picture.mean(2)).std((1, 3)) > FLAT
        return Labels(text, text)
    covered = _squares(mask > 0).mean((1, 3))
    tall = _squares(_heights(mask > 0) > TALLEST).any((1, 3))
    text = (covered > LEAST_TEXT) & ~tall
    return Labels(text, text | (covered == 0))


def fit(model: PicoModel, pictures: NDArray[np.uint8], masks: NDArray[np.uint8]) -> tuple[Gate, str]:
    """A gate by least squares, and lines about pictures that it was not fitted to.

    Parameters
    ----------
    pictures, masks : (N, S, S, 3) and (N, S, S), S a multiple of 64
    """
    rng = np.random.default_rng(0)
    size = TAPS * model.gain.shape[1] + 1
    products, targets, count = np.zeros((size, size)), np.zeros(size), 0
    held_out: list[tuple[Floats, Labels, bool]] = []
    for number, (y_hat, labels, drawn) in enumerate(_samples(model, pictures, masks)):
        if number % HELD_OUT == 0:
            held_out.append((y_hat.astype(np.float16), labels, drawn))
            continue
        is_text = (labels.text & labels.known).reshape(-1)
        is_other = (~labels.text & labels.known).reshape(-1)
        kinds = ((is_text, TEXT_PLACES), (is_other, OTHER_PLACES))
        chosen = np.concatenate([rng.permutation(np.flatnonzero(kind))[:most] for kind, most in kinds])
        seen = neighbourhoods(np.pad(features(y_hat), PADDING, "edge"), REACH)[chosen]  # (n, TAPS N + 1)
        products += seen.T @ seen
        targets += seen.T @ (2.0 * is_text[chosen] - 1)
        count += len(chosen)
    means = products[-1] / count  # the last feature is 1
    ridge = RIDGE * (products.diagonal() - count * means**2)
    found = np.linalg.solve(products + np.diag(ridge), targets)
    gate = _gate(found[:-1].reshape(TAPS, -1), float(found[-1]))
    lines = []
    for what, drawn in (("photographs", False), ("drawings", True)):
        samples = [(y_hat, labels) for y_hat, labels, is_drawn in held_out if is_drawn == drawn]
        if samples:
            lines.append(f"{len(samples)} held-out {what}: {kept(gate, samples)}")
    return gate, "\n".join(lines)


def kept(gate: Gate, samples: list[tuple[Floats, Labels]]) -> Kept:
    """What a gate does with labelled latents; a place is kept where less than half is drawn."""
    held = np.concatenate([(gate(y_hat.astype(np.float32)) < 0.5)[labels.known] for y_hat, labels in samples])
    text = np.concatenate([labels.text[labels.known] for _, labels in samples])
    share = [float(each.mean()) if each.size else float("nan") for each in (held[text], held[~text], text[held])]
    return Kept(*share)


def _samples(
    model: PicoModel, pictures: NDArray[np.uint8], masks: NDArray[np.uint8]
) -> Iterator[tuple[Floats, Labels, bool]]:
    """Latents at levels that are drawn, labels, and whether the picture is mostly drawn."""
    is_drawn = np.array([mostly_drawn(np.array(picture), 8) for picture in pictures])
    photographs = np.flatnonzero(~is_drawn)
    photographs = photographs[:: max(1, len(photographs) // PHOTOGRAPHS)][:PHOTOGRAPHS]
    for order, number in enumerate(sorted([*photographs, *np.flatnonzero(is_drawn)])):
        picture, drawn = np.array(pictures[number]), bool(is_drawn[number])
        pixels = extract(picture, whole_tile(picture[None]))
        level = order * LEVELS_BETWEEN % min(NONE, model.identity.levels)
        yield latents(model, pixels, level), labels_of(picture, np.array(masks[number]), drawn), drawn


def _gate(weight: NDArray[np.float64], bias: float) -> Gate:
    """From the map that is 1 for text, in the integers of files."""
    scale = OPEN / (CLOSED_FROM - OPEN_UNTIL)
    rounded = np.rint(-scale * weight)
    if np.abs(rounded).max() >= 2**15:
        raise WeightsError(
            f"the gate has a weight of {np.abs(rounded).max():.0f}, above 16 bits; fit it to more pictures"
        )
    return Gate(rounded, round(scale * (CLOSED_FROM - bias)))


def _squares(plane: NDArray[np.generic]) -> NDArray[np.generic]:
    """(H, W) as (h, 16, w, 16)."""
    height, width = plane.shape
    return plane.reshape(height // Y_STRIDE, Y_STRIDE, width // Y_STRIDE, Y_STRIDE)


def _heights(inside: NDArray[np.bool_]) -> NDArray[np.int_]:
    """Length of the vertical run that each pixel is in."""
    down = np.zeros(inside.shape, np.int_)
    run = np.zeros(inside.shape[1], np.int_)
    for row, line in enumerate(inside):
        run = (run + 1) * line
        down[row] = run
    for row in range(len(down) - 2, -1, -1):
        np.copyto(down[row], down[row + 1], where=inside[row] & inside[row + 1])
    return down


def main(name: str, pictures: str, masks: str, out: str) -> None:
    """Write the gate of a bundle."""
    model = load.model(name)
    assert isinstance(model, PicoModel)
    path, packed = Path(out), crops.load(Path(pictures))
    if path.suffix != ".npz":
        raise InputError(f"{out}: a gate is an .npz file; give OUT.npz")
    gate, lines = fit(model, packed, text_masks.load(Path(masks), packed))
    with staged(path.parent) as part:
        weights_hash, arrays = np.frombuffer(model.identity.weights_hash, np.uint8), gate.to_arrays()
        np.savez(part / path.name, weights_hash=weights_hash, weight=arrays["weight"], bias=arrays["bias"])
    print(f"{lines}\n{path}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main(*sys.argv[1:])
