"""`tintype models`: shipped weights, from their cards; with --all, sizes of HPCM, from their code."""

import argparse
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from tintype.cli.options import add_json
from tintype.cli.outcome import Report, json_result, result
from tintype.errors import UnsupportedError

if TYPE_CHECKING:
    from tintype.cli.options import Commands


def register(commands: "Commands") -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "models",
        help="list the shipped models",
        description="List the shipped models: size, cost per pixel, quality levels and training.",
    )
    parser.add_argument(
        "--all",
        action="store_true",
        help="also list the sizes of HPCM, whose weights do not ship; needs tintype[train]",
    )
    add_json(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Describe every shipped model; returns the exit status."""
    from tintype.weights import store

    report = Report()
    with report.file("tintype models"):
        for name in store.manifest():
            with report.file(name):
                facts = _facts(name)
                json_result(facts) if options.json else result(_text(facts))
        if options.all:
            for facts in _hpcm_sizes():
                json_result(facts) if options.json else result(_size_text(facts))
    return report.status


def _facts(name: str) -> dict[str, Any]:
    """The card, with levels and hash of the weights themselves."""
    from tintype.models import load
    from tintype.weights import store

    identity = load.model(name).identity
    return {
        **store.load(name).card,
        "name": name,
        "levels": identity.levels,
        "weights_hash": identity.weights_hash.hex(),
        "release": store.release_of(identity.weights_hash),
    }


def _hpcm_sizes() -> Iterator[dict[str, Any]]:
    """Sizes that `encode --weights` takes, counted on networks without weights. Only this function imports torch."""
    from tintype.codec.container.header import MODEL_NAMES

    try:
        from tintype.models.hpcm.config import CONFIGS
        from tintype.models.hpcm.costs import cost
    except ModuleNotFoundError as error:
        raise UnsupportedError('counting HPCM\'s networks needs PyTorch; pip install "tintype[train]"') from error
    for name in (name for name in MODEL_NAMES.values() if name in CONFIGS):
        its = cost(CONFIGS[name])
        yield {
            "name": name,
            "parameters": its.parameters,
            "encoder_kmac_per_pixel": its.kmac_encoder,
            "decoder_kmac_per_pixel": its.kmac_decoder,
            "levels": 1,
            "weights_hash": None,
            "release": None,
        }


def _size_text(facts: Mapping[str, Any]) -> str:
    rows = {"weights": "do not ship; give a file with --weights", **_cost_rows(facts)}
    return _rows(facts["name"], rows)


def _text(facts: Mapping[str, Any]) -> str:
    rows = {
        "weights": facts["weights_hash"],
        "release": facts["release"] or "none; later versions may lack these weights",
        **_cost_rows(facts),
        "licence": facts.get("licence", "not recorded"),
        "training": _training(facts.get("training", {})),
    }
    return _rows(facts["name"], rows)


def _cost_rows(facts: Mapping[str, Any]) -> dict[str, str]:
    return {
        "parameters": f"{facts['parameters'] / 1e6:.2f} M",
        "encoder": f"{facts['encoder_kmac_per_pixel']:.1f} kMAC/px",
        "decoder": f"{facts['decoder_kmac_per_pixel']:.1f} kMAC/px",
        "levels": str(facts["levels"]),
    }


def _rows(name: str, rows: Mapping[str, str]) -> str:
    return "\n".join([name, *(f"  {key:<11} {value}" for key, value in rows.items())])


def _training(training: Mapping[str, Any]) -> str:
    """The training that a card records, in words."""
    words = (
        ("steps", "{:,} steps"),
        ("pixels", "{:,} pixels"),
        ("pictures", "{:,} pictures"),
        ("hours", "{} hours"),
        ("hardware", "{}"),
    )
    return ", ".join(form.format(training[key]) for key, form in words if key in training) or "not recorded"
