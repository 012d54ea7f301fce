"""Whether a bundle is a pico as our export writes it: names, types and shapes of all arrays, and every graph.

Done before an engine sees anything, since a bundle may be a stranger's.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tintype.codec.entropy.tables import Tables
from tintype.errors import WeightsError
from tintype.models.pico.gate import TAPS
from tintype.models.pico.graph_check import Constant, Map, Signature, check_graph
from tintype.models.pico.integer import IntegerNet
from tintype.models.pico.schedule import Y_STRIDE, Z_LIMIT, Z_STRIDE
from tintype.weights.bundle import Bundle

MAX_LEVELS = 256  # the level is a byte in files
MAX_CHANNELS = 4096
Forms = Mapping[str, tuple[str, tuple[int, ...]]]  # type and shape of arrays by name
LIMIT = 1e18  # of what networks give: far above what any picture or file leads to, and float32 holds its products


def check(bundle: Bundle) -> None:
    """Refuse what is not a pico. Shipped bundles are not looked at again: that takes longer than loading them.

    Raises
    ------
    WeightsError
        Something is missing, unknown, of another type or shape, or computes more than `graph_check` allows.
    """
    if bundle.shipped:
        return
    _require_names("groups of arrays", bundle.arrays, {"levels", "scale_decoder", "tables"})
    tables = Tables.from_arrays(bundle.arrays["tables"])
    _require_names("tables", bundle.arrays["tables"], set(tables.to_arrays()))
    net = IntegerNet.from_arrays(bundle.arrays["scale_decoder"])
    _require_names("arrays of the scale decoder", bundle.arrays["scale_decoder"], set(net.to_arrays()))
    levels = _check_levels(bundle.arrays["levels"], net.inputs, net.outputs, len(tables))
    if net.layers[0].input_top < Z_LIMIT or net.upsampling != Z_STRIDE // Y_STRIDE or net.top >= len(tables):
        raise WeightsError("the scale decoder does not fit the hyper-latents or the tables")
    for layer in net.layers:
        if len(layer.level_bias) not in (1, levels):
            raise WeightsError(f"the scale decoder has biases of {len(layer.level_bias)} levels, not of {levels}")
    signatures = _signatures(net)
    _require_names("graphs", bundle.graphs, set(signatures))
    for name, signature in signatures.items():
        check_graph(name, bundle.graphs[name], signature)


def check_natural(natural: Bundle, weights_hash: bytes, latents: int) -> None:
    """Refuse what is not the natural look of these weights, as `check` refuses bundles.

    Raises
    ------
    WeightsError
        It belongs to other weights, or is not what the export writes.
    """
    _require_names("groups of arrays", natural.arrays, {"base", "gate"})
    _require_arrays("the base", natural.arrays["base"], {"weights_hash": ("|u1", (8,))})
    base = natural.arrays["base"]["weights_hash"].tobytes()
    if base != weights_hash:
        raise WeightsError(
            f"{natural.card['name']!r} is the natural look of the weights {base.hex()}, not of {weights_hash.hex()}"
        )
    _require_arrays("the gate", natural.arrays["gate"], {"weight": ("<i2", (TAPS, latents)), "bias": ("<i4", (1,))})
    _require_names("graphs", natural.graphs, {"synthesis"})
    check_graph("synthesis", natural.graphs["synthesis"], _synthesis(latents))


def require_finite(graph: str, results: list[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
    """What a graph gave, if it is within `LIMIT`; else WeightsError."""
    if not all(result.min() >= -LIMIT and result.max() <= LIMIT for result in results):  # NaN is in no range
        raise WeightsError(f"the weights' graph {graph!r} gives values that are not finite")
    return results


def _check_levels(arrays: Mapping[str, NDArray[Any]], hyper_latents: int, latents: int, rows: int) -> int:
    """Check the arrays of quality levels; returns how many levels there are."""
    levels = len(arrays["gain"]) if "gain" in arrays and arrays["gain"].ndim else 0
    wanted: Forms = {
        "gain": ("<f4", (levels, latents)),
        "worth": ("<f4", (levels, latents)),
        "z_rows": ("<u2", (hyper_latents,)),
        "z_mean": ("|i1", (hyper_latents,)),
    }
    _require_arrays("levels", arrays, wanted)
    if not (1 <= levels <= MAX_LEVELS and 1 <= latents <= MAX_CHANNELS and 1 <= hyper_latents <= MAX_CHANNELS):
        raise WeightsError(f"{levels} levels, {latents} latents and {hyper_latents} hyper-latents are out of range")
    for name, least, most in (("gain", 2.0**-20, 2.0**20), ("worth", 0.0, 2.0**40)):
        if not ((arrays[name] >= least) & (arrays[name] <= most)).all():  # NaN is not
            raise WeightsError(f"{name} holds values outside {least:g} to {most:g}")
    if (arrays["z_rows"] >= rows).any() or (np.abs(arrays["z_mean"].astype(int)) > Z_LIMIT).any():
        raise WeightsError("z_rows or z_mean are out of range")
    return levels


def _synthesis(latents: int) -> Signature:
    return Signature({"y": Map(latents, Y_STRIDE)}, {"pixels": Map(3, 1)})


def _signatures(net: IntegerNet) -> Mapping[str, Signature]:
    """What the graphs take and give, by name."""
    pixels, y, z = Map(3, 1), Map(net.outputs, Y_STRIDE), Map(net.inputs, Z_STRIDE)
    prior = Map(2 * net.outputs, Y_STRIDE)
    biases = {
        f"level_bias_{i}": Constant((len(layer.bias),))
        for i, layer in enumerate(net.layers)
        if len(layer.level_bias) > 1
    }
    return {
        "analysis": Signature({"pixels": pixels}, {"y": y, "z": z}),
        "scale_decoder": Signature({"z_hat": z, **biases}, {"rows": y}),
        "context_decoder": Signature({"z_hat": z}, {"prior": prior}),
        "context_model": Signature({"prior": prior, "y_bar": y}, {"refined": prior}),
        "synthesis": _synthesis(net.outputs),
    }


def _require_arrays(what: str, arrays: Mapping[str, NDArray[Any]], wanted: Forms) -> None:
    _require_names(f"arrays of {what}", arrays, set(wanted))
    for name, (dtype, shape) in wanted.items():
        if (arrays[name].dtype.str, arrays[name].shape) != (dtype, shape):
            raise WeightsError(f"{name} is {arrays[name].dtype.str} {arrays[name].shape}, not {dtype} {shape}")


def _require_names(what: str, found: Mapping[str, Any], wanted: set[str]) -> None:
    missing, unknown = wanted - found.keys(), found.keys() - wanted
    if missing or unknown:
        lists = [f"lacks {', '.join(sorted(missing))}"] if missing else []
        lists += [f"has the unknown {', '.join(sorted(unknown))}"] if unknown else []
        raise WeightsError(f"of {what}, the weights file {' and '.join(lists)}; another version of tintype made it")
