"""`python -m tintype.training.export.keep RUN FOLDER`: a small copy of a checkpoint, to go on from with `--init`.

The averaged weights in float16, without optimiser. A run that starts there warms up again.
"""

import argparse
from pathlib import Path

from tintype.training import checkpoint


def main(arguments: list[str] | None = None) -> None:
    """Copy."""
    parser = argparse.ArgumentParser(prog="tintype.training.export.keep", description=__doc__)
    parser.add_argument("run", type=Path, help="folder of the checkpoint")
    parser.add_argument("folder", type=Path, help="where to keep it; an older checkpoint there is replaced")
    options = parser.parse_args(arguments)
    state, _ = checkpoint.load(options.run)
    state.pop("model", None)
    state["ema"] = {name: value.half() for name, value in state["ema"].items()}
    checkpoint.save(options.folder, state, None)
    size = sum(path.stat().st_size for path in options.folder.iterdir())
    print(f"{options.folder}: step {state['step']}, {size} bytes")


if __name__ == "__main__":
    main()
