"""`tintype doctor`: what is installed, and whether it works."""

import argparse
import platform
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tintype.cli.options import add_json
from tintype.cli.outcome import Report, Status, json_result, result

if TYPE_CHECKING:
    from tintype.cli.options import Commands

EXTRAS = ("readers", "eval", "train", "shell")
"""Extras that users of the command may miss."""

CPU_FEATURES = {"avx2": "AVX2", "avx512f": "AVX-512", "avx512_vnni": "AVX-512 VNNI", "asimd": "NEON", "sve": "SVE"}
"""As Linux names them, and as people do."""


def register(commands: "Commands") -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "doctor",
        help="check the installation",
        description="Show versions, engine, CPU and missing optional packages, then decode a small file that ships, "
        "and encode and verify its picture. Exit status 0 if that holds, else 4.",
    )
    add_json(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print what is found; returns the exit status."""
    report = Report()
    with report.file("tintype doctor"):
        facts = _facts()
        json_result(facts) if options.json else result(_text(facts))
        if not facts["ok"]:
            report.worsen(Status.SYSTEM)
    return report.status


def _facts() -> dict[str, Any]:
    import tintype
    from tintype import selftest
    from tintype.codec.workers import available_cpus
    from tintype.free_memory import free_memory
    from tintype.models.pico import engine
    from tintype.weights import store

    faults = selftest.run()
    return {
        "version": tintype.__version__,
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "engine": engine.versions(),
        "coder": _coder(),
        "cpu": _cpu_features(),
        "threads": available_cpus(),
        "free_memory": free_memory(),
        "models": list(store.manifest()),
        "extras": {extra: {name: _version(name) for name in _packages(extra)} for extra in EXTRAS},
        "self_test": faults,
        "ok": not any(faults.values()),
    }


def _version(package: str) -> str | None:
    from importlib import metadata  # takes as long as the start of other commands

    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _packages(extra: str) -> list[str]:
    """Packages of an extra, as the metadata of the installed tintype have them."""
    from importlib import metadata

    try:
        requirements = metadata.requires("tintype") or []
    except metadata.PackageNotFoundError:  # a source tree on the path
        return []
    ours = [text for text in requirements if re.search(rf"""extra == ['"]{extra}['"]""", text)]
    return [re.split(r"[^\w.-]", text, maxsplit=1)[0] for text in ours]


def _coder() -> str:
    try:
        from tintype.native import _rans
    except ImportError as error:
        return f"Python, a hundred times slower than the native one, which is missing ({error})"
    return f"native ({Path(_rans.__file__).name})"


def _cpu_features() -> list[str]:
    """What engines make use of; empty where the system does not tell."""
    try:
        words = set(re.findall(r"\w+", Path("/proc/cpuinfo").read_text()))
    except OSError:
        return []
    return [shown for name, shown in CPU_FEATURES.items() if name in words]


def _text(facts: Mapping[str, Any]) -> str:
    free = facts["free_memory"]
    rows = {
        "python": f"{facts['python']}, {facts['platform']}",
        "engine": facts["engine"],
        "coder": facts["coder"],
        "cpu": ", ".join(facts["cpu"]) or "unknown",
        "threads": str(facts["threads"]),
        "memory": "unknown" if free is None else f"{free / 1e9:.1f} GB free",
        "models": ", ".join(facts["models"]),
        **{extra: _packages_text(extra, packages) for extra, packages in facts["extras"].items() if packages},
        **{f"test: {name}": fault or "OK" for name, fault in facts["self_test"].items()},
    }
    width = max(map(len, rows))
    return "\n".join([f"tintype {facts['version']}", *(f"  {key:<{width}}  {value}" for key, value in rows.items())])


def _packages_text(extra: str, packages: Mapping[str, str | None]) -> str:
    missing = not all(packages.values())
    names = ", ".join(f"{name} {number or '(missing)'}" for name, number in packages.items())
    return f'{names}; pip install "tintype[{extra}]"' if missing else names
