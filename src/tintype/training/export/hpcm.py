"""The weights file of a trained HPCM model: the averaged weights and the tables that files are coded with."""

from pathlib import Path
from typing import Any

from tintype.models import torch_file
from tintype.models.hpcm import CONFIGS, weights
from tintype.models.hpcm.network import HPCM


def write(state: dict[str, Any], out: Path) -> str:
    """Write the weights file of a checkpoint's state; returns a line about it."""
    name: str = state["config"]["model"]
    model = HPCM(CONFIGS[name]).eval()
    torch_file.fill(model, state["ema"], f"the checkpoint of {name}")
    weights.save(model, out)
    return f"{out}: {name} after {state['step']} steps, {out.stat().st_size} bytes"
