"""The engine's kernels give the same bits on every instruction set, in WebAssembly too."""

import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from fuzz.native import KERNELS, SOURCE, TESTS, X86

FLAGS = ("-std=c++17", "-O2", "-ffp-contract=off", f"-I{SOURCE}")
EXPECTED = "03585586782fe62c"
"""Of the numbers that `same_bits.cpp` makes: changes with them alone."""


def test_all_instruction_sets_give_the_bits_of_every_machine(tmp_path: Path) -> None:
    compiler = shutil.which("g++") or shutil.which("clang++")
    if compiler is None:
        pytest.skip("there is no compiler")
    flags = [*FLAGS, *(["-DTINTYPE_X86"] if X86 else [])]
    parts = []
    for name, own in KERNELS.items() if X86 else [("portable", ())]:
        parts.append(tmp_path / f"{name}.o")
        subprocess.run([compiler, *flags, *own, "-c", SOURCE / f"kernels_{name}.cpp", "-o", parts[-1]], check=True)
    program = tmp_path / "same_bits"
    subprocess.run([compiler, *flags, TESTS / "same_bits.cpp", *parts, "-o", program], check=True)
    lines = subprocess.run([program], check=True, capture_output=True, text=True).stdout.splitlines()
    assert lines[-1].startswith("portable ")
    assert {line.split()[1] for line in lines} == {EXPECTED}


@pytest.mark.skipif(not (find_spec("ziglang") and find_spec("wasmtime")), reason="needs ziglang and wasmtime of PyPI")
def test_webassembly_gives_them_too(tmp_path: Path) -> None:
    program = tmp_path / "same_bits.wasm"
    sources = [TESTS / "same_bits.cpp", SOURCE / "kernels_simd128.cpp", SOURCE / "kernels_portable.cpp"]
    target = ["-target", "wasm32-wasi", "-msimd128", "-fno-exceptions"]
    subprocess.run([sys.executable, "-m", "ziglang", "c++", *target, *FLAGS, *sources, "-o", program], check=True)
    assert _run(program, tmp_path / "stdout") == f"simd128 {EXPECTED}\nportable {EXPECTED}\n"


def _run(program: Path, stdout: Path) -> str:
    """What a program of WebAssembly writes."""
    import wasmtime

    engine = wasmtime.Engine()
    linker, store, config = wasmtime.Linker(engine), wasmtime.Store(engine), wasmtime.WasiConfig()
    linker.define_wasi()
    config.argv = [program.name]
    config.stdout_file = stdout
    store.set_wasi(config)
    instance = linker.instantiate(store, wasmtime.Module.from_file(engine, str(program)))
    instance.exports(store)["_start"](store)
    return stdout.read_text()
