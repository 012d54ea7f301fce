"""One target under atheris, which keeps what reaches new code and changes it further.

    pip install 'atheris>=3'      # Linux and macOS
    python -m fuzz.guided TARGET [SECONDS]

It has the same inputs and the same mutator as `python -m fuzz`, at about half the speed. An exception that no page
names, a crash or a hang ends it, and the input is left in build/fuzz.
"""

import random
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import atheris

from fuzz import target, work

FINDINGS = Path("build") / "fuzz"
MAX_INPUT_BYTES = 1 << 20


def main() -> None:
    name, seconds = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "60"
    FINDINGS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as corpus:
        with atheris.instrument_imports(include=["tintype"]):
            made = target.load(name, Path(folder))
        for number, data in enumerate(target.with_corpus(name, made)):
            (Path(corpus) / str(number)).write_bytes(data)

        def run(data: bytes) -> None:
            with suppress(*made.documented):
                made.run(data)

        def mutate(data: bytes, max_bytes: int, seed: int) -> bytes:
            return made.mutate(data, random.Random(seed))[:max_bytes]

        options = [f"-max_total_time={seconds}", f"-max_len={MAX_INPUT_BYTES}", "-rss_limit_mb=4096"]
        options += [f"-timeout={work.HANG_SECONDS:.0f}", f"-artifact_prefix={FINDINGS}/{name}-", "-print_final_stats=1"]
        atheris.Setup([sys.argv[0], corpus, *options], run, custom_mutator=mutate)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
