"""HPCM through real .tint files: sizes beside estimates, and decoding under other numbers of threads.

    python benchmarks/hpcm_files.py PICTURE_OR_FOLDER... --weights FILE [--no-estimate]

Each picture is encoded under one compute thread and decoded by a process set to two, and the reverse; both files are
also decoded under the number they were written with. All symbols are compared with the encoder's, all pixels with each
other. The estimate is the sum of -log2 of the likelihoods of `model(x)`, for pictures that need no padding.
"""

import argparse
from pathlib import Path

import numpy as np
import torch

from tintype import images, metrics
from tintype.api import Codec
from tintype.codec import decoder
from tintype.codec.container.file import parse
from tintype.codec.entropy import rans
from tintype.codec.tiling import WHOLE_PICTURE, extract, tile_grid
from tintype.evaluation.results.markdown import table
from tintype.models import hpcm
from tintype.models.hpcm import coding, entropy, weights
from tintype.models.hpcm.network import HPCM
from tintype.models.hpcm.schedule import Y_STRIDE

PAIRS = ((1, 2), (2, 1))  # threads of the encoder, threads of the process that decodes


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", metavar="PICTURE", nargs="+", type=Path)
    parser.add_argument("--weights", metavar="FILE", type=Path, required=True)
    parser.add_argument("--no-estimate", action="store_true", help="spare the time of `model(x)`")
    options = parser.parse_args()
    paths = [path for given in options.pictures for path in (sorted(given.iterdir()) if given.is_dir() else [given])]
    network = weights.load(options.weights)
    columns = ["picture", "bytes", "bpp", "PSNR", "estimated bytes", "file is", *(f"{a} to {b}" for a, b in PAIRS)]
    print(table(columns, []))
    exact = 0
    for path in paths:
        pixels = images.load_8bit(path)
        outcomes = [there_and_back(pixels, options.weights, *pair) for pair in PAIRS]
        data, decoded = outcomes[0][0], outcomes[0][1]
        estimate = None if options.no_estimate else estimated_bytes(network, pixels)
        told = ["same symbols and pixels" if same else "DIFFERENT" for *_, same in outcomes]
        exact += all(same for *_, same in outcomes)
        cells = [path.name, str(len(data)), f"{8 * len(data) / pixels[..., 0].size:.4f}"]
        cells += [f"{metrics.psnr(pixels, decoded):.2f}"]
        cells += ["", ""] if estimate is None else [f"{estimate:.0f}", f"{len(data) - estimate:+.0f} bytes"]
        print(f"| {' | '.join(cells + told)} |", flush=True)
    print(f"\n{exact} of {len(paths)} pictures exact in both directions")


def there_and_back(pixels: np.ndarray, weights: Path, writes: int, reads: int) -> tuple[bytes, np.ndarray, bool]:
    """A file, its pixels, and whether symbols and pixels are the same under both settings of the process."""
    torch.set_num_threads(writes)
    codec = Codec(threads=writes, options=hpcm.Options(weights))
    data = codec.encode(pixels)
    model = codec.load()
    (tile,) = tile_grid(pixels.shape[1], pixels.shape[0], WHOLE_PICTURE, Y_STRIDE)
    here = decoder.decode(parse(data), model)
    steps = model.encode(model.analyse(extract(pixels, tile)), 0, coding.nearest)
    sent = rans.encode([(step.rows, step.symbols) for step in steps], model.tables)
    torch.set_num_threads(reads)
    there = Codec(threads=reads, options=hpcm.Options(weights)).decode_picture(data).pixels
    return data, there, sent == parse(data).payloads[0] and np.array_equal(here, there)


@torch.no_grad()
def estimated_bytes(network: HPCM, pixels: np.ndarray) -> float | None:
    """Of y and z; None where the picture would need padding."""
    if any(side % network.config.multiple for side in pixels.shape[:2]):
        return None
    x = torch.from_numpy(pixels.copy()).movedim(-1, 0)[None].float() / 255
    found = network.latents(x)
    fine = network.config.fine_entropy
    bits = -entropy.likelihood(found.y_residual, found.y_scale, fine).double().log2().sum()
    bits -= entropy.likelihood(found.z_residual, network.prior.scale, fine).double().log2().sum()
    return float(bits) / 8


if __name__ == "__main__":
    main()
