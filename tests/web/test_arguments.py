"""Wrong arguments, lacking decoders and lacking memory are errors of the decoder for browsers, whatever they are."""

import subprocess
from pathlib import Path

from tests.golden.make_tagged import FOLDER


def test_whatever_a_caller_gives_ends_in_an_error_of_the_decoder(built: Path) -> None:
    from tests.web.browser import NODE

    files = [FOLDER / "0.2.0" / f"pico-s-{kind}.tint" for kind in ("low", "png", "webp", "avif", "alpha")]
    urls = [built.as_uri() + "/", *(file.as_uri() for file in files)]
    script = Path(__file__).parent / "arguments.mjs"
    run = subprocess.run([NODE, script, *urls], capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
