"""tintype: a learned image codec.

>>> import tintype
>>> data = tintype.encode("photo.jpg", quality=75)  # doctest: +SKIP
>>> picture = tintype.decode(data)  # doctest: +SKIP
"""

from tintype.api import Codec, Info, decode, encode, info, open

__version__ = "0.1.0.dev0"

__all__ = ["Codec", "Info", "decode", "encode", "info", "open"]
