"""Whether a file that was just made gives its picture back."""

import numpy as np

from tintype.codec.hidden import fill_hidden, hidden_as
from tintype.errors import VerifyError
from tintype.images import Picture
from tintype.pixels import IntPixels

SQUARE = 64  # pixels: damage of a part is not lost in the mean of a large picture
# Of a square: its mean squared error in 8 bits may be so many times its variance, and so much more. Kodak, 21
# validation crops and noise, at qualities 0, 10 and 75, have at most 1.0 times it and 15 more
VARIANCES, MORE = 1.5, 100.0


def check(name: str, picture: Picture, decoded: Picture, lossless: bool) -> None:
    """Compare a picture with what its file decodes to.

    Size, depth, colour, transparency and metadata have to be equal, and without loss all samples. With loss, every
    square of 64 x 64 pixels, those at the end of rows and columns with what is left there, has to be closer to the
    original than one of nothing but its mean colour would be, or nearly. Colour under full transparency
    does not count.

    Raises
    ------
    VerifyError
        They differ; the message says in what.
    """
    for what in ("width", "height", "grey", "depth", "code_points", "icc", "exif", "xmp", "iptc"):
        if getattr(decoded, what) != getattr(picture, what):
            raise _fault(name, f"{what} differs")
    if not _equal(decoded.alpha, picture.alpha):
        raise _fault(name, "transparency differs")
    if lossless:
        if not _equal(decoded.pixels, picture.pixels):
            raise _fault(name, "it was coded without loss, but pixels differ")
        return
    original, seen = picture.pixels, decoded.pixels
    if picture.alpha is not None:
        original = fill_hidden(original, picture.alpha)
        seen = hidden_as(original, seen, picture.alpha)
    most = (2**picture.depth - 1) / 255  # sample that is one of 8 bits
    for rows in _parts(picture.height):
        for columns in _parts(picture.width):
            here = rows, columns
            shown, meant = (pixels[here].astype(np.float64) / most for pixels in (seen, original))
            error, variance = np.mean(np.square(shown - meant)), meant.var(axis=(0, 1)).mean()
            if error > VARIANCES * variance + MORE:
                raise _fault(name, f"the square at column {columns.start}, row {rows.start} shows something else")


def _parts(length: int) -> list[slice]:
    """Sides of squares. The last is longer: a thin rest may be a frame, whose pixels say nothing of their blur."""
    begins = range(0, max(length // SQUARE, 1) * SQUARE, SQUARE)
    return [slice(begin, length if begin == begins[-1] else begin + SQUARE) for begin in begins]


def _equal(a: IntPixels | None, b: IntPixels | None) -> bool:
    return a is b if a is None or b is None else np.array_equal(a, b)


def _fault(name: str, what: str) -> VerifyError:
    return VerifyError(
        f"{name}: the file that was just made does not give the picture back: {what}. It is not kept. Try again, for "
        "faulty memory may be the cause; if the fault stays, please report it"
    )
