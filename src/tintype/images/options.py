"""How a picture is read, where there is a choice."""

from dataclasses import dataclass

from PIL import ImageColor

from tintype.arguments import flag, kind, whole
from tintype.errors import InputError
from tintype.limits import MAX_PIXELS


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """Choices of the caller."""

    frame: int | None = None  # of an animation, or page; counted from 0. None: a file of several is refused
    background: str | None = None  # what shows through transparent parts, as "white" or "#ff8000"; None: alpha is kept
    convert: bool = False  # CMYK, Lab, floats and the like become RGB or grey with a note; else they are refused
    max_pixels: int = MAX_PIXELS  # larger pictures are refused

    def __post_init__(self) -> None:
        if self.background is not None:
            colour(self.background)
        if self.frame is not None:
            object.__setattr__(self, "frame", whole("frame", self.frame))
            if self.frame < 0:
                raise InputError(f"frame={self.frame}: frames and pages are counted from 0")
        object.__setattr__(self, "convert", flag("convert", self.convert))
        object.__setattr__(self, "max_pixels", whole("max_pixels", self.max_pixels, 0))


def colour(text: str) -> tuple[int, int, int]:
    """Red, green and blue, 0 to 255, of a colour as CSS writes it."""
    kind("background", text, str, "a colour's name, such as 'white', or '#rrggbb'")
    try:
        red, green, blue = ImageColor.getrgb(text)[:3]
    except ValueError as error:
        raise InputError(f"{text!r} is not a colour; give a name, such as white, or #rrggbb") from error
    return red, green, blue
