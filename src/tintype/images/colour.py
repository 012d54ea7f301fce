"""Colour that files state in numbers, as code points of H.273 where these fit and as an ICC profile where not."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tintype.images import icc
from tintype.images.icc import Chromaticities
from tintype.images.picture import CodePoints

UNSPECIFIED = 2  # in H.273
SRGB = CodePoints(1, 13)
LINEAR, SRGB_CURVE = 8, 13
HDR = (16, 18)  # transfers: PQ and HLG

PRIMARIES: Mapping[int, Chromaticities] = {
    1: (0.3127, 0.3290, 0.640, 0.330, 0.300, 0.600, 0.150, 0.060),
    4: (0.310, 0.316, 0.67, 0.33, 0.21, 0.71, 0.14, 0.08),
    5: (0.3127, 0.3290, 0.64, 0.33, 0.29, 0.60, 0.15, 0.06),
    6: (0.3127, 0.3290, 0.630, 0.340, 0.310, 0.595, 0.155, 0.070),
    7: (0.3127, 0.3290, 0.630, 0.340, 0.310, 0.595, 0.155, 0.070),
    8: (0.310, 0.316, 0.681, 0.319, 0.243, 0.692, 0.145, 0.049),
    9: (0.3127, 0.3290, 0.708, 0.292, 0.170, 0.797, 0.131, 0.046),
    11: (0.314, 0.351, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060),
    12: (0.3127, 0.3290, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060),
    22: (0.3127, 0.3290, 0.630, 0.340, 0.295, 0.605, 0.155, 0.077),
}
"""H.273's numbers of primaries to x and y of white, red, green, blue."""
KNOWN_PRIMARIES = frozenset({*PRIMARIES, 10})
KNOWN_TRANSFERS = frozenset({1, *range(4, 19)})

ADOBE_RGB: Chromaticities = (0.3127, 0.3290, 0.64, 0.33, 0.21, 0.71, 0.15, 0.06)
ADOBE_GAMMA = 563 / 256
ROMM_RGB: Chromaticities = (0.3457, 0.3585, 0.7347, 0.2653, 0.1596, 0.8404, 0.0366, 0.0001)
ROMM_GAMMA = 1.8


class Colour(NamedTuple):
    """What a file says about its colours apart from an ICC profile; nothing stands for sRGB."""

    code_points: CodePoints | None = None
    icc: bytes | None = None
    notes: tuple[str, ...] = ()


NOT_STATED = Colour()


def of_code_points(primaries: int, transfer: int) -> Colour:
    """Colour of numbers of H.273, as in PNG's cICP and the nclx boxes of AVIF, HEIF and JPEG 2000."""
    primaries = SRGB.primaries if primaries == UNSPECIFIED else primaries
    transfer = SRGB.transfer if transfer == UNSPECIFIED else transfer
    if primaries not in KNOWN_PRIMARIES or transfer not in KNOWN_TRANSFERS:
        return Colour(notes=(f"Its colour has the code points {primaries}/{transfer}, which say nothing.",))
    points = CodePoints(primaries, transfer)
    return Colour(None if points == SRGB else points)


def profile(points: CodePoints, grey: bool) -> bytes | None:
    """An ICC profile that says the same; None where none of primaries and a curve does.

    PQ and HLG are among these: they state light itself, or a screen's, and not a share of white.
    """
    chromaticities, curve = PRIMARIES.get(points.primaries), _curve(points.transfer)
    if chromaticities is None or curve is None:
        return None
    name = f"H.273 {points.primaries}/{points.transfer}"
    return icc.grey_profile(name, curve) if grey else icc.rgb_profile(name, chromaticities, [curve] * 3)


def _curve(transfer: int) -> bytes | None:
    """Light of a sample, by ITU-T H.273, table 3, turned round."""
    if transfer in (1, 6, 14, 15):
        return icc.two_part_curve(1 / 0.45, 0.099, 4.5, 0.081)
    if transfer == 7:
        return icc.two_part_curve(1 / 0.45, 0.1115, 4, 0.0912)
    if transfer == SRGB_CURVE:
        return icc.srgb_curve()
    gamma = {4: 2.2, 5: 2.8, LINEAR: 1.0}.get(transfer)
    return icc.gamma_curve(gamma) if gamma else None


def of_numbers(chromaticities: Chromaticities | None, gamma: float | None, grey: bool) -> Colour:
    """Colour of primaries and a gamma.

    Parameters
    ----------
    chromaticities : None: sRGB's
    gamma : light = sample to the power of gamma. None, and what is close to 2.2: the curve of sRGB, which files with
        a number for it state as 2.2
    """
    primaries = 1 if chromaticities is None or grey else _primaries(chromaticities)
    transfer = _transfer(gamma)
    if primaries and transfer:
        return of_code_points(primaries, transfer)
    curve = icc.srgb_curve() if gamma is None or transfer == SRGB_CURVE else icc.gamma_curve(gamma)
    return of_curves(chromaticities, [curve] * 3, grey, "primaries and gamma of the file")


def of_curves(chromaticities: Chromaticities | None, curves: Sequence[bytes], grey: bool, name: str) -> Colour:
    """Colour of primaries and curves, made with `icc`."""
    if grey:
        return Colour(icc=icc.grey_profile(name, curves[0]))
    profile = icc.rgb_profile(name, chromaticities or PRIMARIES[1], curves)
    if profile is None:
        return Colour(notes=("Its primaries span no colours and were left out.",))
    return Colour(icc=profile)


def adobe_rgb() -> Colour:
    """What cameras mean by EXIF's interoperability index R03."""
    curves = [icc.gamma_curve(ADOBE_GAMMA)] * 3
    return of_curves(ADOBE_RGB, curves, grey=False, name="Compatible with Adobe RGB (1998)")


def _primaries(chromaticities: Chromaticities) -> int | None:
    """H.273's number, within what rounding in files costs."""
    for number, values in PRIMARIES.items():
        if all(abs(a - b) < 0.002 for a, b in zip(values, chromaticities, strict=True)):
            return number
    return None


def _transfer(gamma: float | None) -> int | None:
    """H.273's number."""
    if gamma is None or abs(gamma - 2.2) < 0.03:
        return SRGB_CURVE
    if abs(gamma - 1) < 0.005:
        return LINEAR
    return 5 if abs(gamma - 2.8) < 0.01 else None
