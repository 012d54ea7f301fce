"""Builds the decoder for web browsers, a folder of static files: `python -m web.build`, or `make web`.

Needs tintype and `ziglang` of PyPI, whose compiler makes WebAssembly; docs/browser.md is the guide to the result.
"""

import argparse
import errno
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from tintype.cli.outcome import describe, status_of
from tintype.errors import TintypeError, UsageError
from tintype.models.pico.web_model import web_model
from tintype.replacing import staged
from tintype.weights import store

HERE = Path(__file__).parent
NATIVE = HERE.parent / "src" / "tintype" / "native"
SOURCES = (HERE / "engine.cpp", HERE / "runtime.cpp", NATIVE / "kernels_simd128.cpp")
STATIC = ("*.js", "*.html")
LICENSE = HERE.parent / "LICENSE"  # of everything in the folder
SUFFIX = ".tintweb"  # of models
INDEX = "models.js"  # which of them decoders load when a picture needs them

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
    done = subprocess.run([sys.executable, "-m", "ziglang", *arguments], check=False)
    if done.returncode:
        raise OSError(f"the engine cannot be built: zig {arguments[0]} ended with status {done.returncode}")


def build(out: Path, models: Sequence[str]) -> list[Path]:
    """Everything into a folder; returns the files. If that fails, the folder stays as it was.

    Parameters
    ----------
    models : names of shipped weights, or paths of bundles

    Raises
    ------
    TintypeError
        Weights cannot be read or used, or two of them have the same name.
    OSError
        A file cannot be read or written, or the engine cannot be compiled.
    ModuleNotFoundError
        ziglang is not installed.
    """
    if not find_spec("ziglang"):
        raise ModuleNotFoundError(name="ziglang")
    if out.exists() and not out.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, "is no folder; give another --out", str(out))
    files = {file.name: file.read_bytes() for pattern in STATIC for file in sorted(HERE.glob(pattern))}
    files[LICENSE.name] = LICENSE.read_bytes()
    weights = {}  # names of files by hashes
    for model in dict.fromkeys(models):
        name, bundle = f"{Path(model).stem}{SUFFIX}", store.load(model)
        if name in files:
            raise UsageError(f"two models would be {name}; rename the file {model}")
        files[name] = web_model(bundle)
        weights[bundle.weights_hash().hex()] = quote(name)
    files[INDEX] = _index(weights)
    with tempfile.TemporaryDirectory() as folder:
        for name, flags in ENGINES.items():
            build_engine(Path(folder) / name, flags)
            files[name] = (Path(folder) / name).read_bytes()
    with staged(out) as part:
        for name, data in files.items():
            (part / name).write_bytes(data)
    return [out / name for name in files]


def _index(weights: Mapping[str, str]) -> bytes:
    """The module that tells decoders which models are beside them."""
    head = "// Models of this folder by the hashes of their weights, made by `python -m web.build`."
    return f"{head}\n\nexport const MODELS = {json.dumps(weights, indent=2)};\n".encode()


def main(arguments: Sequence[str] | None = None) -> int:
    """Build; returns the exit status, as `tintype` has them."""
    parser = argparse.ArgumentParser(prog="python -m web.build", description="the decoder for web browsers")
    parser.add_argument("--out", type=Path, default=Path("build/web"), help="folder, default: %(default)s")
    parser.add_argument(
        "models",
        nargs="*",
        default=[*store.manifest()],
        help="names of weights or .tintmodel files; default: all shipped",
    )
    options = parser.parse_args(arguments)
    try:
        made = build(options.out, options.models)
    except (TintypeError, OSError, ModuleNotFoundError) as error:
        print(f"web.build: {describe(error)}", file=sys.stderr)
        return status_of(error)
    for file in made:
        print(f"{file.stat().st_size:>9,} {file}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
