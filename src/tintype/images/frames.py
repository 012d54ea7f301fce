"""Files of several pictures: animations, pages, sizes of icons, pictures beside the main one."""

from PIL import Image

from tintype.errors import InputError

FIRST_COUNTS = frozenset({"MPO", "HEIF"})
"""Formats whose first picture is the photo: phones put previews, depths and bursts beside it."""
COMPOSED = frozenset({"PSD"})
"""Formats whose further frames are layers of the first."""


def choose(image: Image.Image, name: str, frame: int | None) -> tuple[str, ...]:
    """Go to the frame that is wanted; returns notes on those that are not.

    Raises
    ------
    InputError
        There are several and none is chosen, or there is no such frame.
    """
    count = getattr(image, "n_frames", 1)
    if frame is not None:
        if frame >= count:
            raise InputError(f"{name}: has no frame {frame}; its frames are 0 to {count - 1}")
        if frame or count > 1:
            image.seek(frame)
        return ()
    if count > 1 and image.format in COMPOSED:
        return (f"Only the picture that its {count} layers make is kept.",)
    if count > 1 and image.format in FIRST_COUNTS:
        return (f"Only the first of its {count} pictures is kept.",)
    if count > 1:
        raise InputError(
            f"{name}: {count} frames or pages; encode --frame N (frame=N) takes one of them, from 0 to {count - 1}"
        )
    sizes = image.info.get("sizes")  # of icons
    if sizes and len(sizes) > 1:
        return (f"Only the largest of its {len(sizes)} sizes is kept.",)
    return ()
