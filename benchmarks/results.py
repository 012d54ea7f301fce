"""Make the tables of docs/results.md, and the plot of the README: one command, resumable.

    python benchmarks/results.py KODAK LARGE --out DIR [--curves FILE.json] [--model NAME]

KODAK is the folder of the 24 Kodak pictures, LARGE a folder of pictures for mosaics. Measures what DIR does not hold
yet: rate and distortion on Kodak, seams and the cost of tiles on a mosaic, times and memory. Writes DIR/results.md and
DIR/psnr.svg.
"""

import argparse
import platform
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tintype.weights import store

HERE = Path(__file__).parent


def main() -> None:
    """Run the steps that are missing, and join their tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kodak", type=Path)
    parser.add_argument("large", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--curves", type=Path, help="published curves to compare with")
    parser.add_argument("--model", default=store.DEFAULT)
    parser.add_argument("--jobs", default="1")
    options = parser.parse_args()
    out: Path = options.out
    out.mkdir(parents=True, exist_ok=True)
    tintype = [sys.executable, "-m", "tintype"]
    curves = ["--curves", str(options.curves)] if options.curves else []
    peers = "jpeg444,webp_m6,avif444_s6,avif444_s6_psnr,jxl_e7"
    measure = ["--codecs", f"{options.model},{peers}", "--jobs", options.jobs, "--memory", *curves]
    # eval resumes by itself, and must look whether the weights have changed
    run([*tintype, "eval", str(options.kodak), "--out", str(out / "kodak"), *measure], out / "kodak.log")
    run([*tintype, "report", str(out / "kodak"), "--title", "Kodak", *curves], out / "report.log")
    large = sorted(str(path) for path in options.large.iterdir() if path.suffix in (".webp", ".png"))
    kodak = sorted(str(path) for path in options.kodak.glob("*.png"))
    model = ["--model", options.model]
    seams = once([sys.executable, "-m", "tintype.evaluation.seams", *large, *model], out / "seams.md")
    speed = once([sys.executable, str(HERE / "speed.py"), *kodak, *model], out / "speed.md")
    summary = (out / "kodak" / "summary.md").read_text(encoding="utf-8")
    parts = [
        "# Results\n\nMade by `python benchmarks/results.py KODAK LARGE --out DIR`; how: docs/evaluation.md.",
        f"Python {platform.python_version()}, {platform.system()}. Weights: {options.model}.",
        summary.replace("# Results", "## Kodak", 1).replace("\n## ", "\n### ").replace("\n### Kodak", "\n## Kodak"),
        f"## Tiles\n\nA mosaic of {len(large)} pictures.\n\n{seams}",
        f"## Speed and memory\n\n{speed}",
    ]
    (out / "results.md").write_text("\n\n".join(part.strip() for part in parts) + "\n", encoding="utf-8")
    shutil.copy(out / "kodak" / "plots" / "psnr.svg", out / "psnr.svg")
    print(out / "results.md")


def run(command: Sequence[str], log: Path) -> None:
    """Run a step whose progress is shown; its output goes to a file."""
    with log.open("w", encoding="utf-8") as file:
        subprocess.run(command, check=True, stdout=file)


def once(command: Sequence[str], result: Path) -> str:
    """Output of a step, kept in a file that appears when the step is done."""
    if not result.exists():
        part = result.with_suffix(".part")
        run(command, part)
        part.rename(result)
    return result.read_text(encoding="utf-8")


if __name__ == "__main__":
    main()
