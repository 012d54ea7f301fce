"""That BD-rates made here agree with reference figures.

`python -m benchmarks.bd_rate_check FOLDER` takes a folder with `rd_curves.json` and `bd_reference.json` and prints the
largest difference. The reference is a list `entries` of `test`, `anchor`, `metric` ("psnr" or "ms_ssim_db"),
`ms_ssim_convention`, `method`, `bpp_min`, `bpp_max`, `bd_rate`, `overlap`, `quality_interval`.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tintype.evaluation.results import published
from tintype.evaluation.results.bd_rate import ALL_RATES, BdRate, bd_rate

TOLERANCE = 0.02  # points of per cent: the reference curves are rounded


@dataclass(frozen=True, slots=True)
class Comparison:
    """One reference figure and ours."""

    name: str
    expected: float
    expected_overlap: float
    found: BdRate

    @property
    def difference(self) -> float:
        """In points of per cent."""
        return abs(self.found.percent - self.expected)


def compare(curves: Mapping[str, Mapping[str, Any]], entries: Sequence[Mapping[str, Any]]) -> list[Comparison]:
    """Every entry made again from the curves."""
    found = []
    for entry in entries:
        metric = "psnr" if entry["metric"] == "psnr" else published.MS_SSIM_KEYS[entry["ms_ssim_convention"]]
        anchor, test = (
            published.curve(name, curves[_convention(name, entry)]) for name in (entry["anchor"], entry["test"])
        )
        low, high = entry["bpp_min"], entry["bpp_max"]
        window = ALL_RATES if low is None else (low, high)
        rate = bd_rate(anchor, test, metric, entry["method"], window, min_overlap=0)
        pair = f"{entry['test']} against {entry['anchor']}"
        name = f"{pair}, {metric}, {entry['method']}, {window[0]:g} to {window[1]:g} bpp"
        found.append(Comparison(name, entry["bd_rate"], entry["overlap"], rate))
    return found


def _convention(name: str, entry: Mapping[str, Any]) -> str:
    """Curves of VTM exist under both conventions of MS-SSIM, from different authors."""
    return "vtm_lalic" if name == "vtm" and entry.get("ms_ssim_convention") == "mean_of_db" else name


def main() -> int:
    """Compare and print; 0 if all agree."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bd_rate_check", description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    curves = published.load(folder / "rd_curves.json")
    entries = json.loads((folder / "bd_reference.json").read_text(encoding="utf-8"))["entries"]
    comparisons = compare(curves, entries)
    worst = max(comparisons, key=lambda c: c.difference)
    beyond = [c for c in comparisons if c.difference > TOLERANCE]
    for c in beyond:
        print(f"{c.name}: {c.found.percent:+.4f}, reference {c.expected:+.4f}")
    print(
        f"{len(comparisons) - len(beyond)} of {len(comparisons)} within {TOLERANCE} points; largest difference "
        f"{worst.difference:.4f} ({worst.name})"
    )
    return 1 if beyond else 0


if __name__ == "__main__":
    sys.exit(main())
