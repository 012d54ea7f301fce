"""tintype: a learned image codec.

>>> import tintype
>>> data = tintype.encode("photo.jpg", quality=75)  # doctest: +SKIP
>>> picture = tintype.decode(data)  # doctest: +SKIP
"""

import logging
from typing import TYPE_CHECKING, Any

from tintype import errors

if TYPE_CHECKING:
    from tintype.api import Codec, decode, encode, open
    from tintype.budgets import EncodedFile
    from tintype.describing import Info, info
    from tintype.limits import Limits
    from tintype.targets import Target

__version__ = "0.2.0"

logging.getLogger("tintype").addHandler(logging.NullHandler())  # silent, unless a program asks for its records

__all__ = ["Codec", "EncodedFile", "Info", "Limits", "Target", "decode", "encode", "errors", "info", "open"]


def __getattr__(name: str) -> Any:
    # the calls import numpy and Pillow, which `tintype --help` does not need
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from tintype import api, describing

    globals()[name] = value = getattr(describing if name in ("Info", "info") else api, name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
