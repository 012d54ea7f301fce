"""What a reader is handed."""

from dataclasses import dataclass

from PIL import Image

from tintype.errors import InputError
from tintype.images.options import ReadOptions


@dataclass(frozen=True, slots=True)
class Opened:
    """A picture that Pillow has opened and not loaded yet, at the frame that is wanted."""

    image: Image.Image
    data: bytes  # the whole file; empty where the image is all there is
    name: str  # for messages
    options: ReadOptions

    def refusal(self, reason: str) -> InputError:
        """An error that begins with the name."""
        return InputError(f"{self.name}: {reason}")
