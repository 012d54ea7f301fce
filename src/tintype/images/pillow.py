"""Pillow's errors as ours."""

from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image, UnidentifiedImageError

from tintype.errors import InputError

READABLE = ("PNG", "JPEG", "WEBP", "AVIF", "TIFF", "BMP", "GIF", "PPM", "JPEG2000")
"""Pillow's names. A short list: its other readers see little use, and one of them starts programs."""


@contextmanager
def pillow_errors(name: str, otherwise: str = "damaged, or of a kind that Pillow cannot read") -> Iterator[None]:
    """Pillow's errors as ours. Errors of the system and ours pass."""
    try:
        yield
    except (InputError, MemoryError):
        raise
    except Image.DecompressionBombError as error:
        raise InputError(
            f"{name}: {error}; if you trust the file, open it with Pillow under a higher "
            "PIL.Image.MAX_IMAGE_PIXELS and pass the image"
        ) from error
    except UnidentifiedImageError as error:
        raise InputError(f"{name}: not a picture in a known format ({', '.join(READABLE)})") from error
    # whatever bytes can make Pillow's parsers raise: besides OSError and SyntaxError also struct.error,
    # ValueError, KeyError and more, so no list of them would hold
    except Exception as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise InputError(f"{name}: {otherwise} ({error})") from error
