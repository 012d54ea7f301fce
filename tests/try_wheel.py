"""Does an installed tintype work? `python -m tests.try_wheel` with no other copy on the path; needs no test package.

The workflow of the wheels runs it on each of them, and so does docs/security.md's command.
"""

import hashlib
import json
import sys
from pathlib import Path

import numpy as np

import tintype
from tests.golden.make_pico import FOLDER, psnr_of, symbols_sha256
from tests.pictures import picture
from tintype import selftest
from tintype.native import _rans
from tintype.weights import store


def main() -> None:
    assert "site-packages" in str(Path(tintype.__file__)), f"{tintype.__file__} is not an installed copy"
    golden = json.loads((FOLDER / "golden.json").read_text())
    for file, expected in golden.items():
        data = (FOLDER / file).read_bytes()
        model = tintype.Codec(expected["model"]).load()
        assert symbols_sha256(data, model, "native") == expected["symbols_sha256"], f"{file}: other symbols"
        assert psnr_of(np.asarray(tintype.decode(data))) > 25, f"{file}: other pixels"
    assert not any(selftest.run().values()), selftest.run()
    data = tintype.encode(picture(96, 200))
    decoded = np.asarray(tintype.decode(data))
    assert np.abs(decoded.astype(int) - picture(96, 200)).mean() < 8
    print(
        f"Python {sys.version.split()[0]}, {Path(_rans.__file__).name}: {len(golden)} golden files of "
        f"{', '.join(store.manifest())} hold; a new file has {len(data)} bytes, {hashlib.sha256(data).hexdigest()[:16]}"
    )


if __name__ == "__main__":
    main()
