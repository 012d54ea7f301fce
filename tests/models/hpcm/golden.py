"""Weights and pictures of the golden files: integer hashing and one float32 product, so bits are equal
everywhere.

The value of element i of a tensor is v(key, i) * bound + centre with v in (-1, 1): the top 24 bits of a
splitmix64 counter hash whose seed is the SHA-256 of the key.
"""

import hashlib
import json
import math
import os
import re
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch

from tintype.codec.entropy import rans
from tintype.models.hpcm import coding, compressai
from tintype.models.hpcm.entropy import likelihood
from tintype.models.hpcm.official import clean, detect, load_official
from tintype.models.hpcm.weights import empty

HERE = Path(__file__).parents[2] / "golden" / "hpcm"
FOLDER = Path(os.environ.get("TINTYPE_GOLDEN", HERE))
CASES = sorted(path.stem for path in FOLDER.glob("*_[ABC].npz") if not path.stem.startswith("steps"))
DIGESTS = {"base": "505cdb4b738e443c7dce5208bb8ac302ab44c92565620c7b310c024c290f5ab4"}

_GOLD = np.uint64(0x9E3779B97F4A7C15)
_EMPTY = re.compile(r"scale_table|(quantized_cdf|cdf_length|offset)_[yz]")
_CONSTANTS = {
    "entropy_estimation.beta": 1.5,
    "entropy_estimation.scale_lower_bound.bound": 0.12,
    "entropy_estimation.likelihood_lower_bound.bound": 1e-9,
}
_TRANSPOSED = re.compile(r"g_s\.branch\.(0|5|8|9|11|12|15)|g_s\.g_s_up\d|h_s\.branch\.(0|4)|h_s\.(0|10)")
_HEADS = re.compile(r"h_s\.branch\.4|h_s\.10|y_spatial_prior_s(1_s2|3)\.branch_2\.\d+")
_LAST = re.compile(r"g_s\.(branch\.(11|15)|g_s_up1)")
_POWERS = (  # of a layer's output, as fractions; the first match counts
    (r".*\.\d+\.branch\.3", 1, 8),
    (r"g_a\.branch\.0|g_a\.g_a_down1", 12, 1),
    (r"g_a\.branch\.(11|15)|g_a\.g_a_down4", 1, 2),
    (r"h_s\.branch\.4|h_s\.10", 1, 4),
    (r"g_s\.branch\.0|g_s\.g_s_up4", 1, 4),
    (r"g_s\.(branch\.(11|15)|g_s_up1)", 1, 48),
    (r"y_spatial_prior_s(1_s2|3)\.branch_2\.\d+", 1, 4),
    (r"context_net\.\d", 1, 2),
    (r"attn_s\d\.conv_[qk]", 2, 1),
    (r"attn_s\d\.conv_(v|out)", 1, 2),
)


def seed_of(key):
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "little")


def hash64(seed, start, count):
    """uint64 hashes of the counters start ... start + count - 1."""
    with np.errstate(over="ignore"):
        x = np.uint64(seed) + np.arange(start + 1, start + count + 1, dtype=np.uint64) * _GOLD
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return x ^ (x >> np.uint64(31))


def uniform(key, n, chunk=1 << 20):
    """n float32 values in (-1, 1)."""
    seed, out = seed_of(key), np.empty(n, np.float32)
    for start in range(0, n, chunk):
        k = (hash64(seed, start, min(chunk, n - start)) >> np.uint64(40)).astype(np.int64)
        out[start : start + chunk] = (2 * k + 1 - (1 << 24)).astype(np.float32) * np.float32(2**-24)
    return out


def filled(key, shape):
    """The tensor of one entry of an official state dict."""
    if _EMPTY.match(key):
        return np.zeros(0, np.float32)
    if key in _CONSTANTS:
        return np.full(shape, _CONSTANTS[key], np.float32)
    layer, _, kind = key.rpartition(".")
    values = uniform(key, math.prod(shape))
    if key == "means_hyper":
        values *= np.float32(2)
    elif key == "scales_hyper":
        values = values * np.float32(1.375) + np.float32(1.5)
    elif key.startswith("adaptive_params_list."):
        values = values * np.float32(0.5) + np.float32(1)
    elif kind == "weight":
        values *= np.float32(_bound(layer, shape))
    elif _HEADS.fullmatch(layer):
        half = len(values) // 2
        values[:half] = values[:half] * np.float32(2.25) + np.float32(2.5)
    elif _LAST.fullmatch(layer):
        values = values * np.float32(0.125) + np.float32(0.5)
    else:
        values *= np.float32(0.125)
    return values.reshape(shape)


def _bound(layer, shape):
    fan_in = shape[1] * shape[2] * shape[3]
    if _TRANSPOSED.fullmatch(layer):
        fan_in = shape[0] * (4 if shape[2] == 4 else 1)
    power = next(((a, b) for pattern, a, b in _POWERS if re.fullmatch(pattern, layer)), (1, 1))
    return math.isqrt(((3 * power[0]) << 40) // (power[1] * fan_in)) / (1 << 20)


def manifest(variant):
    """{key: shape} of an official state dict."""
    path = HERE / "manifests" / f"{variant}.json"
    return {entry["key"]: tuple(entry["shape"]) for entry in json.loads(path.read_text())["entries"]}


def state_dict(variant):
    """An official state dict, filled."""
    return {key: torch.from_numpy(filled(key, shape)) for key, shape in manifest(variant).items()}


def picture(height, width, seed):
    """uint8 test picture (height, width, 3), from integers only."""
    i, j, c = np.ogrid[:height, :width, :3]
    a = _triangle(3 * i + 2 * j + 40 * c + 17 * seed, 97)
    b = _triangle(i * i // 16 + 5 * j * c + j + 29 * seed, 61)
    d = _triangle(i * j // 32 + 11 * c * seed, 37)
    k = ((i // 16 + j // 24 + c + seed) & 1) * 96
    n = (hash64(seed_of("image"), seed << 32, height * width * 3) >> np.uint64(58)).astype(np.int64)
    n = n.reshape(height, width, 3)
    smooth = ((i // 64 + 2 * (j // 64) + seed) % 3) == 0
    texture = np.where(smooth, a, (2 * a + 3 * b + 2 * d) // 7)
    values = (3 * texture + 2 * k) // 4 + np.where(smooth, n // 16, n) - 20
    return np.clip(values, 0, 255).astype(np.uint8)


def _triangle(t, period):
    return np.abs(t % (2 * period) - period) * 255 // period


def padded(image, height, width):
    """(1, 3, height, width) in [0, 1], black around the centred picture."""
    x = torch.from_numpy(image).permute(2, 0, 1)[None].float() / 255
    rows, columns = height - x.shape[2], width - x.shape[3]
    edges = (columns // 2, columns - columns // 2, rows // 2, rows - rows // 2)
    return torch.nn.functional.pad(x, edges)


@lru_cache(maxsize=1)
def official_model(variant):
    """A model with filled weights, in evaluation mode; one at a time, since 1B takes 4 GB."""
    state = state_dict(variant)
    model = empty(detect(clean(state)))
    load_official(model, state)
    compressai.update(model)
    return model


class Case:
    """A golden file and what our code makes of the same picture and weights."""

    def __init__(self, name):
        self.golden = np.load(FOLDER / f"{name}.npz")
        self.meta = json.loads(bytes(self.golden["meta"]))
        image = picture(*(self.meta[key] for key in ("height", "width", "seed")))
        assert hashlib.sha256(image.tobytes()).hexdigest() == self.meta["image_sha256"]
        self.x = padded(image, *self.meta["padded"])
        self.model = official_model(self.meta["variant"])
        with torch.no_grad():
            self.found = self.model.latents(self.x)
            self.x_hat = self.model.synthesis(self.found.y_hat)
            self.coded = coding.encode(self.model, self.found.y)


def official_bits(tables, steps):
    """Bits of symbols in the authors' stream: an escape is followed by a count of nibbles and the nibbles."""
    symbols = np.concatenate([step.symbols for step in steps]).astype(int)
    rows = np.concatenate([step.rows for step in steps])
    _, width, escapes = tables.locate(rows, symbols)
    entry = (symbols - tables.first[rows])[escapes]
    raw = np.where(entry < 0, -2 * entry - 1, 2 * (entry - tables.counts[rows][escapes]))
    nibbles = np.array([-(-int(value).bit_length() // 4) for value in raw], int)
    return (16 - np.log2(width)).sum() + 4 * (1 + nibbles).sum()


def report(name) -> str:
    """How far a picture is from its golden file, in one line."""
    case = Case(name)
    stride, golden = case.meta["channel_stride"], case.golden
    pairs = (("means", case.found.y_mean), ("scales", case.found.y_scale), ("y_hat", case.found.y_hat))
    floats = max(float(np.abs(tensor[0, ::stride].numpy() - golden[key]).max()) for key, tensor in pairs)
    steps = case.coded[1:]
    rows = coding.RowFinder(False, case.x.device)(case.found.y_scale[0]).numpy()
    bits = -likelihood(case.found.y_residual, case.found.y_scale).double().log2().sum()
    ours = len(rans.encode([(step.rows, step.symbols) for step in steps], case.model.tables))
    theirs = case.meta["y_string_bytes"]
    return (
        f"{name:<8} floats {floats:.1e}  symbols off {int((case.found.y_residual[0].numpy() != golden['sym']).sum())}"
        f"  z symbols off {int((case.found.z_residual[0].numpy() != golden['z_sym']).sum())}"
        f"  rows off {int((rows != golden['idx']).sum())}"
        f"  bits {float(bits) / golden['bits_y_step'].sum() - 1:+.1e}"
        f"  y stream {ours} of {theirs} bytes ({100 * (ours / theirs - 1):+.2f} %),"
        f" with their escapes {100 * ((official_bits(case.model.tables, steps) / 8 + 8) / theirs - 1):+.3f} %"
    )


if __name__ == "__main__":
    for name in sorted(CASES, key=lambda name: (len(name), name)):
        print(report(name))
