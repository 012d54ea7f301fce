"""Code one photo with the installed `tintype` command, and compare it with JPEG, WebP and AVIF at about its size.

    python examples/demo.py [PHOTO]

Without an argument it takes a photo that comes with scikit-image. Results stay in .demo/ to be looked at.
"""

import importlib.util
import io
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

OUT = Path(".demo")
QUALITY = "50"


def main() -> None:
    photo = Path(sys.argv[1]) if len(sys.argv) > 1 else sample()
    try:
        with Image.open(photo) as image:
            original = image.convert("RGB")
    except (OSError, Image.DecompressionBombError) as error:
        reason = getattr(error, "strerror", None) or "no picture that Pillow reads"
        sys.exit(f"{photo}: {reason}; give another photo")
    OUT.mkdir(exist_ok=True)
    coded, decoded = OUT / f"{photo.stem}.tint", OUT / f"{photo.stem}.tint.png"
    encode_s = timed("encode", str(photo), "-o", str(coded), "-q", QUALITY, "--force")
    decode_s = timed("decode", str(coded), "-o", str(decoded), "--force")

    size = coded.stat().st_size
    rows = [("tintype", QUALITY, size, psnr(original, Image.open(decoded)), encode_s, decode_s)]
    rows += [at_size(original, size, name, options) for name, options in PEERS.items()]

    pixels = original.width * original.height
    torch = "installed, not used" if importlib.util.find_spec("torch") else "not installed"
    print(f"{photo.name}: {original.width} x {original.height}, {photo.stat().st_size} bytes. PyTorch: {torch}.")
    print(f"{'codec':9}{'quality':>8}{'bytes':>9}{'bpp':>8}{'PSNR dB':>9}{'encode s':>10}{'decode s':>10}")
    for name, quality, size_bytes, decibel, encode, decode in rows:
        bpp = 8 * size_bytes / pixels
        print(f"{name:9}{quality:>8}{size_bytes:>9}{bpp:>8.3f}{decibel:>9.2f}{encode:>10.3f}{decode:>10.3f}")
    print("tintype's times are whole processes, start-up included; the others are calls of a warm library.")
    print(f"Look at them: {OUT}/")


def sample() -> Path:
    """A photo inside scikit-image, found without importing it."""
    spec = importlib.util.find_spec("skimage")
    if spec is None or spec.origin is None:
        sys.exit("scikit-image is not installed; pass a photo: python examples/demo.py PHOTO")
    return Path(spec.origin).parent / "data" / "coffee.png"


def timed(*arguments: str) -> float:
    start = time.perf_counter()
    status = subprocess.run([Path(sys.executable).parent / "tintype", *arguments], check=False).returncode
    if status:
        sys.exit(status)  # the command has said why
    return time.perf_counter() - start


def psnr(a: Image.Image, b: Image.Image) -> float:
    difference = np.asarray(a, np.float64) - np.asarray(b.convert("RGB"), np.float64)
    return float(-10 * np.log10(np.mean(difference**2) / 255**2))


PEERS: dict[str, Callable[[int], dict[str, object]]] = {
    "JPEG": lambda quality: {"quality": quality, "optimize": True, "progressive": True},
    "WebP": lambda quality: {"quality": quality, "method": 6},
    "AVIF": lambda quality: {"quality": quality, "speed": 6, "max_threads": 1},
}


def at_size(
    image: Image.Image, size: int, name: str, options: Callable[[int], dict[str, object]]
) -> tuple[str, str, int, float, float, float]:
    """The quality whose file is nearest to `size`: bisection, as size grows with quality."""

    def encode(quality: int) -> tuple[bytes, float]:
        buffer, start = io.BytesIO(), time.perf_counter()
        image.save(buffer, name, **options(quality))
        return buffer.getvalue(), time.perf_counter() - start

    low, high = 1, 95
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if len(encode(middle)[0]) <= size else (low, middle)
    quality = min((low, high), key=lambda q: abs(len(encode(q)[0]) - size))
    data, encode_s = encode(quality)
    (OUT / f"peer.{name.lower()}").write_bytes(data)
    start = time.perf_counter()
    decoded = Image.open(io.BytesIO(data))
    decoded.load()
    return name, str(quality), len(data), psnr(image, decoded), encode_s, time.perf_counter() - start


if __name__ == "__main__":
    main()
