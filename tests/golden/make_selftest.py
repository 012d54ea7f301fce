"""Write the file of `tintype.selftest`, and print the PSNR that belongs there.

    python -m tests.golden.make_selftest

It changes with the default weights, when those of the old file no longer ship.
"""

from tintype import metrics, selftest
from tintype.api import Codec

QUALITY = 20


def main() -> None:
    """Write the file."""
    codec, picture = Codec(threads=1), selftest.picture()
    data = codec.encode(picture, QUALITY, content="photo")
    selftest.GOLDEN.write_bytes(data)
    print(f"{len(data)} bytes, {metrics.psnr(picture, codec.decode_picture(data).pixels):.2f} dB")


if __name__ == "__main__":
    main()
