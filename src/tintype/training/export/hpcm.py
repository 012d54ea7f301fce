"""`python -m tintype.training.export.hpcm RUN OUT.safetensors`: the weights file of a trained HPCM model.

The averaged weights and the tables that files are coded with. (For pico it is `tintype.training.export.ship`.)
"""

import argparse
from pathlib import Path

from tintype.errors import InputError
from tintype.models.hpcm import CONFIGS, weights
from tintype.models.hpcm.network import HPCM
from tintype.training import checkpoint


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="tintype.training.export.hpcm", description=__doc__)
    parser.add_argument("run", type=Path, help="folder of the checkpoint")
    parser.add_argument("out", type=Path, help="the weights file to write")
    options = parser.parse_args(arguments)
    state, _ = checkpoint.load(options.run)
    name: str = state["config"]["model"]
    if name not in CONFIGS:
        raise InputError(f"{options.run}: holds {name}, which is no HPCM model")
    model = HPCM(CONFIGS[name]).eval()
    model.load_state_dict(state["ema"])
    weights.save(model, options.out)
    print(f"{options.out}: {name} after {state['step']} steps, {options.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
