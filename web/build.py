"""Builds the decoder for web browsers, a folder of static files: `python -m web.build`, or `make web`.

Needs tintype and `ziglang` of PyPI, whose compiler makes WebAssembly; docs/browser.md is the guide to the result.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from tintype.models.pico.web_model import web_model
from tintype.weights import store

HERE = Path(__file__).parent
NATIVE = HERE.parent / "src" / "tintype" / "native"
SOURCES = (HERE / "engine.cpp", HERE / "runtime.cpp", NATIVE / "kernels_simd128.cpp")
STATIC = ("*.js", "*.html")
LICENSE = HERE.parent / "LICENSE"  # of everything in the folder
SUFFIX = ".tintweb"  # of models

ENGINES: Mapping[str, Sequence[str]] = {"engine.wasm": (), "engine-relaxed.wasm": ("-mrelaxed-simd",)}
"""Files of the engine, and what each may use beside SIMD of 128 bits.

Fused multiply-adds save a quarter of the time or more, where they are exact.
"""

COMPILE = (
    *("-target", "wasm32-wasi", "-std=c++17", "-O3", "-msimd128", "-mbulk-memory", f"-I{NATIVE}"),
    *("-fno-exceptions", "-fno-rtti", "-fno-c++-static-destructors", "-fvisibility=hidden", "-fno-math-errno"),
    "-ffp-contract=off",  # contraction of a * b + c would make results depend on the compiler
    "-fno-sanitize=undefined",  # which zig adds
)
LINK = ("--no-entry", "--gc-sections", "--strip-all", "--stack-first", "-z", "stack-size=1048576")


def build_engine(out: Path, flags: Sequence[str] = (), sources: Sequence[Path] = SOURCES) -> None:
    """Compile and link one file of WebAssembly. No library is linked: runtime.cpp has what is needed of them."""
    with tempfile.TemporaryDirectory() as folder:
        objects = [Path(folder) / f"{source.stem}.o" for source in sources]
        for source, made in zip(sources, objects, strict=True):
            _zig("c++", *COMPILE, *flags, "-c", source, "-o", made)
        _zig("wasm-ld", *LINK, *objects, "-o", out)
    out.chmod(0o644)


def _zig(*arguments: str | Path) -> None:
    subprocess.run([sys.executable, "-m", "ziglang", *arguments], check=True)


def build(out: Path, models: Sequence[str]) -> list[Path]:
    """Everything into a folder; returns the files.

    Parameters
    ----------
    models : names of shipped weights, or paths of bundles
    """
    out.mkdir(parents=True, exist_ok=True)
    made = []
    for file in [*sorted(file for pattern in STATIC for file in HERE.glob(pattern)), LICENSE]:
        made.append(out / file.name)
        shutil.copyfile(file, made[-1])
    for model in models:
        made.append(out / f"{Path(model).stem}{SUFFIX}")
        made[-1].write_bytes(web_model(store.load(model)))
    for name, flags in ENGINES.items():
        made.append(out / name)
        build_engine(made[-1], flags)
    return made


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m web.build", description="the decoder for web browsers")
    parser.add_argument("--out", type=Path, default=Path("build/web"), help="folder, default: %(default)s")
    parser.add_argument(
        "models",
        nargs="*",
        default=[*store.manifest()],
        help="names of weights or .tintmodel files; default: all shipped",
    )
    options = parser.parse_args()
    for file in build(options.out, options.models):
        print(f"{file.stat().st_size:>9,} {file}")


if __name__ == "__main__":
    main()
