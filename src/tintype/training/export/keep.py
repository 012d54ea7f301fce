"""A small copy of a checkpoint, for `--init`: the averaged weights in float16, without optimiser."""

from pathlib import Path

from tintype.training import checkpoint
from tintype.training.outputs import refuse


def keep(run: Path, folder: Path, force: bool = False) -> str:
    """Copy the checkpoint of a run; returns a line about it.

    Parameters
    ----------
    force : replace an earlier checkpoint in `folder`

    Raises
    ------
    InputError
        There is an earlier one.
    """
    refuse([folder / checkpoint.HEAD] if checkpoint.exists(folder) else [], force)
    state, _ = checkpoint.load(run)
    state.pop("model", None)
    state["ema"] = {name: value.half() for name, value in state["ema"].items()}
    checkpoint.save(folder, state, None)
    size = sum(path.stat().st_size for path in folder.iterdir())
    return f"{folder}: step {state['step']}, {size} bytes"
