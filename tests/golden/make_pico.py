"""Golden files of the shipped weights: `python -m tests.golden.make_pico`. Run it when weights are replaced.

Writes one .tint file per shipped model and level, and in golden.json the SHA-256 of the symbols that a decoder reads
from it. The picture is generated.
"""

import hashlib
import json
from pathlib import Path

import numpy as np

from tests.pictures import picture
from tintype.codec.container.file import parse
from tintype.codec.encoder import Encoder
from tintype.codec.entropy import rans
from tintype.codec.entropy.tables import Symbols
from tintype.codec.steps import walk
from tintype.codec.tile_model import StepRows, TileModel
from tintype.codec.tiling import Tiling, tile_grid
from tintype.models import load
from tintype.weights import store

FOLDER = Path(__file__).parent / "pico"
HEIGHT, WIDTH, CORE, MARGIN = 150, 210, 120, 4
LEVELS = (0, 35, 70)


def symbols_sha256(data: bytes, model: TileModel, coder: rans.Coder) -> str:
    """Hash of all symbols of a file, in coding order, int16 little-endian."""
    container = parse(data)
    header = container.header
    digest = hashlib.sha256()
    for number, tile in enumerate(tile_grid(header.width, header.height, header.tiling, model.identity.stride)):
        decoder = rans.Decoder(container.payload(number), model.tables, coder=coder)
        steps = model.decode(tile.height, tile.width, header.level)

        def read(found: StepRows, decoder: rans.Decoder = decoder) -> Symbols:
            symbols = decoder.decode(found.rows)
            digest.update(symbols.astype("<i2").tobytes())
            return symbols

        walk(steps, read)
        decoder.finish()
    return digest.hexdigest()


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.tint"):
        old.unlink()
    golden = {}
    for name in store.manifest():
        model = load.model(name)
        encoder = Encoder(model, picture(HEIGHT, WIDTH), Tiling.of(WIDTH, HEIGHT, CORE, MARGIN), keep=True)
        for level in LEVELS:
            data = encoder.encode(level)
            file = f"{name}-{level}.tint"
            (FOLDER / file).write_bytes(data)
            golden[file] = {"model": name, "symbols_sha256": symbols_sha256(data, model, "native")}
    (FOLDER / "golden.json").write_text(json.dumps(golden, indent=1) + "\n")


def psnr_of(decoded: np.ndarray) -> float:  # type: ignore[type-arg]
    """Against the picture that the golden files were made from."""
    return float(-10 * np.log10(np.mean((decoded.astype(float) - picture(HEIGHT, WIDTH)) ** 2) / 255**2))


if __name__ == "__main__":
    main()
