"""A small copy of a checkpoint, for `--init`: the averaged weights in float16, without optimiser."""

from pathlib import Path

from tintype.training import checkpoint


def keep(run: Path, folder: Path) -> str:
    """Copy the checkpoint of a run, replacing an older one in `folder`; returns a line about it."""
    state, _ = checkpoint.load(run)
    state.pop("model", None)
    state["ema"] = {name: value.half() for name, value in state["ema"].items()}
    checkpoint.save(folder, state, None)
    size = sum(path.stat().st_size for path in folder.iterdir())
    return f"{folder}: step {state['step']}, {size} bytes"
