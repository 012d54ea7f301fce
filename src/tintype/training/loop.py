"""The training loop of every model: one file to read from top to bottom."""

import json
import math
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint as recomputed

from tintype.errors import InputError
from tintype.models import torch_file
from tintype.training import checkpoint, optimiser
from tintype.training.config import RunConfig
from tintype.training.machine import Machine, Plain, share, whole
from tintype.training.objectives import objective
from tintype.training.objectives.objective import Draw, pictures_to
from tintype.training.pictures.crops import Crops

START_PICTURES = 64
SKIPS_IN_A_ROW = 20  # non-finite steps that end the run
DUMPS = 3  # of non-finite batches, in a run
LOG = "log.jsonl"

Record = dict[str, Any]


class Trainer:
    """Model, EMA, optimiser and data of one run.

    Parameters
    ----------
    train, validation : uint8, (N, S, S, 3), arrays or tensors on the device
    folder : checkpoints, log and dumps
    source : folder of a checkpoint to continue: exactly, if it has the state of the same optimiser, else with a new
        warm-up; None: start values
    machine : where to compute; by default this process, on the CPU
    masks : uint8, (N, S, S), of the text in `train`; needed where the objective has a term for it
    weights_only : checkpoints hold only the averaged weights, a quarter of the size with AdamW; a run that continues
        from one starts at the average, with a new warm-up
    """

    def __init__(
        self,
        config: RunConfig,
        train: Any,
        validation: Any,
        folder: Path,
        source: Path | None = None,
        machine: Machine | None = None,
        weights_only: bool = False,
        masks: Any = None,
    ) -> None:
        self.config, self.folder, self.validation = config, folder, validation
        self.weights_only = weights_only
        self.machine = machine or Plain(bf16=config.bf16)
        if config.batch % self.machine.ranks:
            raise InputError(f"batch: {config.batch} pictures cannot be shared by {self.machine.ranks} processes")
        self.device = self.machine.device
        self.step = self.skipped = self.since_warmup = self.pixels = 0
        self.seconds = 0.0  # of all stretches of this run
        self.window: list[dict[str, Tensor]] = []  # samples since the last line of the log

        torch.manual_seed(config.seed)
        self.objective = objective(config).to(self.device)
        self.model = self.objective.model
        with_text = self.objective.channels == 4
        if with_text and masks is None:
            raise InputError(
                "text: errors inside text need masks beside packed pictures; make them by "
                "`tintype train text-masks PICTURES.npy`"
            )
        self.crops = Crops(train, config.seed, self.device, masks if with_text else None)
        saved, complete = checkpoint.load(source) if source else None, False
        if saved:
            complete = self._take(saved[0])
        else:
            self.objective.start(self._start_pictures())
        self.model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in torch's types
        blocks = self.objective.blocks()
        if config.checkpointing:
            _recompute(blocks)
        if config.compile:
            for stage in self.objective.stages():
                stage.compile()
        self.forward = self.machine.setup(self.objective, blocks)
        self.ema = {name: p.detach().clone() for name, p in self.model.named_parameters()}
        made = optimiser.make(config, self.objective.groups())
        if saved:
            for name, value in saved[0]["ema"].items():
                self.ema[name].copy_(share(value, self.ema[name]))
        if saved and saved[1] and complete and optimiser.load(made, saved[1]):
            self.since_warmup = self.step
        self.optimisers = {name: self.machine.setup_optimiser(each) for name, each in made.items()}

    def run(self, stop_at: float = math.inf, report: Callable[[Record], None] = print) -> None:
        """Train until `config.steps`, or until the clock (time.time) passes `stop_at`; checkpoint at the end."""
        config, in_a_row, clock = self.config, 0, time.time()
        logged = self.step, clock
        while self.step < config.steps and not self._is_late(stop_at):
            record = self.train_step()
            in_a_row = 0 if record["finite"] else in_a_row + 1
            if in_a_row == SKIPS_IN_A_ROW:
                raise InputError(
                    f"step {self.step}: {in_a_row} steps in a row were not finite, see the log; lower learning_rate or "
                    "clip, or raise warmup (--set)"
                )
            self.seconds, clock = self.seconds + time.time() - clock, time.time()
            if self.step % config.log_every == 0 or not record["finite"]:
                pace = (self.step - logged[0]) * config.batch / max(time.time() - logged[1], 1e-9)
                self.log({**record, **self.summary(), "images_per_second": round(pace, 3)}, report)
                logged = self.step, time.time()
            if self.step % config.evaluate_every == 0 or self.step == config.steps:
                self.log({"step": self.step, "validation": self.evaluate()}, report)
            if self.step % config.checkpoint_every == 0:
                self.save()
            logged = logged[0], logged[1] + time.time() - clock
            clock = time.time()  # evaluation and files are not training time
        self.save()

    def train_step(self) -> Record:
        """One optimiser step; a non-finite loss or gradient changes nothing and is counted."""
        config = self.config

        # crops and noise depend on the seed, the step and the position in the batch only
        share = config.batch // self.machine.ranks
        samples = range(self.machine.rank * share, (self.machine.rank + 1) * share)
        x = self.crops.batch(self.step, config.batch, config.crop, samples)
        x = x.contiguous(memory_format=torch.channels_last)
        drawn = self.objective.draw((config.crop, config.crop), Draw(config.seed, self.step, samples, self.device))

        # gradients; loss and norm are those of all processes together
        out = self.forward(x, *drawn)
        for each in self.optimisers.values():
            each.zero_grad()
        self.machine.backward(out["loss"])
        norm = whole(torch.nn.utils.clip_grad_norm_(self.model.parameters(), config.clip))
        loss = self.machine.mean(out.pop("loss").detach())

        # update, unless something is not finite
        rate = config.learning_rate_at(self.step, self.since_warmup)
        optimiser.set_rate(self.optimisers, rate)
        finite = bool(torch.isfinite(loss + norm))
        if finite:
            for each in self.optimisers.values():
                each.step()
            self.update_ema()
            self.window.append({**out, "loss": loss[None]})
        else:
            self.skipped += 1
            self._dump(x, drawn)

        # counters, which a skipped step moves too
        self.step, self.since_warmup = self.step + 1, self.since_warmup + 1
        self.pixels += config.batch * config.crop**2
        return {
            "step": self.step,
            "finite": finite,
            "loss": float(loss),
            "norm": float(norm),
            "rate": rate,
            "skipped": self.skipped,
            "seconds": round(self.seconds, 1),
            "pixels": self.pixels,
        }

    @torch.no_grad()
    def update_ema(self) -> None:
        """Move the averaged weights; they follow faster at the beginning."""
        keep = min(self.config.ema, (1 + self.step) / (10 + self.step))
        parameters = [p.detach() for p in self.model.parameters()]
        torch._foreach_lerp_(list(self.ema.values()), parameters, 1 - keep)

    def summary(self) -> Record:
        """Means of all samples since the last call, of all processes."""
        if not self.window:
            return {}
        joined = {
            name: self.machine.gather(torch.cat([samples[name] for samples in self.window])) for name in self.window[0]
        }
        self.window.clear()
        return {"loss": float(joined.pop("loss").mean()), **self.objective.summary(joined)}

    def evaluate(self) -> list[dict[str, float]]:
        """Rate and distortion of the averaged weights on the validation pictures; nothing but in the first process."""
        weights = {name: whole(value) for name, value in self.ema.items()}
        if self.machine.rank:
            return []
        return self.objective.evaluate(weights, self.validation, self.config.bf16)

    def save(self) -> None:
        """Write a checkpoint."""
        state = {
            "ema": {name: whole(value) for name, value in self.ema.items()},
            "step": self.step,
            "seconds": self.seconds,
            "pixels": self.pixels,
            "config": asdict(self.config),
        }
        moments = None
        if not self.weights_only:
            state["model"] = {name: whole(value) for name, value in self.model.state_dict().items()}
            moments = optimiser.state(self.optimisers)
        if self.machine.rank == 0:
            checkpoint.save(self.folder, state, moments)
        self.machine.barrier()  # nobody reads before it is there

    def log(self, record: Record, report: Callable[[Record], None]) -> None:
        """Write a line of the log and report it."""
        if self.machine.rank == 0:
            record = {key: None if _is_nonfinite(value) else value for key, value in record.items()}  # no JSON for NaN
            self.folder.mkdir(parents=True, exist_ok=True)
            with (self.folder / LOG).open("a") as file:
                file.write(json.dumps(record) + "\n")
            report(record)

    def _is_late(self, stop_at: float) -> bool:
        """Whether the time is up for any process: all have to stop at the same step."""
        late = time.time() >= stop_at
        return late if self.machine.ranks == 1 else bool(self.machine.mean(torch.tensor(float(late))) > 0)

    def _take(self, state: dict[str, Any]) -> bool:
        """Weights and counters of a checkpoint; whether it had all weights."""
        if state["config"]["model"] != self.config.model:
            raise InputError(f"the checkpoint holds {state['config']['model']}, not {self.config.model}")
        held, state["ema"] = len(state["ema"]), self.objective.completed(state["ema"])
        # the averages are taken again later
        for weights in (state["ema"], self.objective.completed(state.get("model", state["ema"]))):
            torch_file.fill(self.model, weights, f"the checkpoint of {self.config.model}")
        self.step, self.seconds, self.pixels = state["step"], state["seconds"], state["pixels"]
        return held == len(state["ema"])

    def _start_pictures(self) -> Tensor:
        """Some training pictures, spread over all, (B, 3, S, S) in [0, 1]."""
        pictures = self.crops.pictures
        chosen = range(0, len(pictures), max(1, len(pictures) // START_PICTURES))[:START_PICTURES]
        return pictures_to(self.device, torch.stack([torch.as_tensor(np.array(pictures[i])) for i in chosen]))

    def _dump(self, x: Tensor, drawn: tuple[Tensor, ...]) -> None:
        """Keep what went wrong: pictures and random inputs of this process."""
        if self.skipped <= DUMPS:
            self.folder.mkdir(parents=True, exist_ok=True)
            path = self.folder / f"nonfinite-step{self.step}-rank{self.machine.rank}.npz"
            inputs = {f"drawn{i}": value.cpu().numpy() for i, value in enumerate(drawn)}
            np.savez_compressed(path, allow_pickle=False, x=x.cpu().numpy(), **inputs)


def _recompute(blocks: Iterable[nn.Module]) -> None:
    """Activation checkpointing: a block keeps its input only and computes the rest again on the way back."""
    for block in blocks:
        # on the instance: a wrapping module would change the names of the parameters
        block.forward = partial(recomputed, block.forward, use_reentrant=False)


def _is_nonfinite(value: Any) -> bool:
    return isinstance(value, float) and not math.isfinite(value)
