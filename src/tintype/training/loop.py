"""The training loop of pico: one file to read from top to bottom."""

import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tintype.models.pico import ANCHORS, SIZES, Pico, lambda_of
from tintype.models.structured import structured_start
from tintype.schedules.pico import LEVELS
from tintype.training import checkpoint
from tintype.training.config import TrainConfig
from tintype.training.data import Crops
from tintype.training.rate import forward

STRUCTURED_PICTURES = 64
SKIPS_IN_A_ROW = 20  # non-finite steps that end the run


class Trainer:
    """Model, EMA, optimiser and data of one run.

    Parameters
    ----------
    train, validation : uint8, (N, S, S, 3), arrays or tensors on the device
    folder : checkpoints and log.jsonl
    """

    def __init__(self, config: TrainConfig, train: Any, validation: Any, folder: Path, device: str = "cpu") -> None:
        self.config, self.folder, self.device = config, folder, torch.device(device)
        self.validation = validation
        self.crops = Crops(train, config.seed, self.device)
        torch.manual_seed(config.seed)
        self.model = Pico(SIZES[config.model]).to(self.device)
        self.step, self.skipped, self.since_warmup = 0, 0, 0
        self.seconds = 0.0  # of all stretches of this run
        self.pixels = 0
        _channels_last(self.model)
        self.ema = {name: p.detach().clone() for name, p in self.model.named_parameters()}
        self.optimiser = torch.optim.AdamW(
            self._groups(), config.learning_rate, betas=(0.9, 0.99), weight_decay=0.0, fused=True
        )
        self.forward = torch.compile(forward) if config.compile else forward

    def start(self) -> None:
        """Structured start from the first training pictures."""
        n = len(self.crops.pictures)
        chosen = [self.crops.pictures[i] for i in range(0, n, max(1, n // STRUCTURED_PICTURES))]
        pictures = torch.stack([torch.as_tensor(np.array(p)).movedim(-1, 0) for p in chosen[:STRUCTURED_PICTURES]])
        structured_start(self.model, pictures.to(self.device).float() / 255)
        self.ema = {name: p.detach().clone() for name, p in self.model.named_parameters()}

    def resume(self, folder: Path) -> None:
        """Go on from a checkpoint, exactly if its optimiser state is there, else with a new warm-up."""
        state, optimiser = checkpoint.load(folder)
        self.model.load_state_dict(state["model"])
        self.ema = {name: p.to(self.device) for name, p in state["ema"].items()}
        self.step, self.seconds, self.pixels = state["step"], state["seconds"], state["pixels"]
        self.since_warmup = self.step
        if optimiser is None:
            self.since_warmup = 0
        else:
            self.optimiser.load_state_dict(optimiser)

    def save(self) -> None:
        state = {
            "model": self.model.state_dict(),
            "ema": self.ema,
            "step": self.step,
            "seconds": self.seconds,
            "pixels": self.pixels,
            "config": asdict(self.config),
        }
        checkpoint.save(self.folder, state, self.optimiser.state_dict())

    def run(self, stop_at: float = math.inf, report: Callable[[dict[str, Any]], None] = print) -> None:
        """Train until `config.steps`, or until the clock (time.time) passes `stop_at`; checkpoint at the end."""
        config, in_a_row, clock = self.config, 0, time.time()
        while self.step < config.steps and time.time() < stop_at:
            record = self.train_step()
            in_a_row = 0 if record["finite"] else in_a_row + 1
            if in_a_row == SKIPS_IN_A_ROW:
                raise FloatingPointError(f"step {self.step}: {in_a_row} steps in a row were not finite; see the log")
            self.seconds, clock = self.seconds + time.time() - clock, time.time()
            if self.step % 50 == 0 or not record["finite"]:
                self.log(record, report)
            if self.step % config.evaluate_every == 0:
                self.log({"step": self.step, "validation": self.evaluate()}, report)
            if self.step % config.checkpoint_every == 0:
                self.save()
            clock = time.time()  # evaluation and files are not training time
        self.save()

    def train_step(self) -> dict[str, Any]:
        """One optimiser step; a non-finite loss or gradient changes nothing and is counted."""
        config = self.config
        x = self.crops.batch(self.step, config.batch, config.crop).contiguous(memory_format=torch.channels_last)
        level = self.crops.levels(self.step, config.batch, config.top_level)
        noise = torch.Generator(self.device).manual_seed(config.seed * 1_000_003 + self.step)
        rate = config.learning_rate_at(self.step, self.since_warmup)
        for group in self.optimiser.param_groups:
            group["lr"] = rate * group["factor"]

        with torch.autocast(self.device.type, torch.bfloat16, enabled=config.bf16):
            x_hat, bits = self.forward(self.model, x, level, noise)
        bpp = torch.stack(bits).sum(0) / config.crop**2
        mse_255 = 255**2 * ((x_hat - x) ** 2).mean((1, 2, 3))
        lambda_ = lambda_of(level)
        loss = ((bpp + lambda_ * mse_255) * lambda_**config.lambda_weight).mean()
        self.optimiser.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), config.clip)
        finite = bool(torch.isfinite(loss.detach() + norm))
        if finite:
            self.optimiser.step()
            self.update_ema()
        else:
            self.skipped += 1
        self.step, self.since_warmup = self.step + 1, self.since_warmup + 1
        self.pixels += config.batch * config.crop**2
        return {
            "step": self.step,
            "finite": finite,
            "loss": float(loss.detach()),
            "bpp": float(bpp.detach().mean()),
            "psnr": float(-10 * torch.log10(mse_255.detach() / 255**2).mean()),
            "norm": float(norm),
            "rate": rate,
            "skipped": self.skipped,
            "seconds": round(self.seconds, 1),
            "pixels": self.pixels,
        }

    @torch.no_grad()
    def update_ema(self) -> None:
        keep = min(self.config.ema, (1 + self.step) / (10 + self.step))
        parameters = [p.detach() for p in self.model.parameters()]
        torch._foreach_lerp_(list(self.ema.values()), parameters, 1 - keep)

    @torch.no_grad()
    def evaluate(self) -> list[dict[str, float]]:
        """Estimated bpp, PSNR and cost (lambda 255^2 MSE + bpp) of the EMA weights at each anchor."""
        model = Pico(self.model.config).to(self.device)
        model.load_state_dict(self.ema)
        _channels_last(model)
        return evaluate(model, self.validation, self.config.bf16)

    def log(self, record: dict[str, Any], report: Callable[[dict[str, Any]], None]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "log.jsonl").open("a") as file:
            file.write(json.dumps(record) + "\n")
        report(record)

    def _groups(self) -> list[dict[str, Any]]:
        model, config = self.model, self.config
        biases = [model.scale_decoder.first_bias, model.scale_decoder.last_bias]
        hyper = [model.z_mean, model.z_index]
        special = {id(p) for p in (*biases, *hyper)}
        rest = [p for p in model.parameters() if id(p) not in special]
        return [
            {"params": rest, "factor": 1.0},
            {"params": biases, "factor": config.bias_rate},
            {"params": hyper, "factor": config.z_rate},
        ]


@torch.no_grad()
def evaluate(model: Pico, pictures: Any, bf16: bool = False, batch: int = 9) -> list[dict[str, float]]:
    """Estimated rate and distortion at each anchor over pictures (N, S, S, 3) uint8, S a multiple of 64."""
    device = next(model.parameters()).device
    rows = []
    for anchor in range(ANCHORS):
        level = torch.full((1,), anchor * (LEVELS - 1) / (ANCHORS - 1), device=device)
        bpp, z_bpp, mse = [], [], []
        for start in range(0, len(pictures), batch):
            x = torch.as_tensor(pictures[start : start + batch]).to(device).movedim(-1, 1).float() / 255
            with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
                x_hat, bits = forward(model, x, level.expand(len(x)), None)
            pixels = x[0, 0].numel()
            bpp.append(torch.stack(bits).sum(0) / pixels)
            z_bpp.append(bits[0] / pixels)
            mse.append(((x_hat.clamp(0, 1) - x) ** 2).mean((1, 2, 3)))
        rows.append(_summary(float(lambda_of(level)), torch.cat(bpp), torch.cat(z_bpp), torch.cat(mse)))
    return rows


def _channels_last(model: Pico) -> None:
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in torch's own types


def _summary(lambda_: float, bpp: Tensor, z_bpp: Tensor, mse: Tensor) -> dict[str, float]:
    return {
        "bpp": float(bpp.mean()),
        "z_bpp": float(z_bpp.mean()),
        "psnr": float((-10 * mse.log10()).mean()),
        "cost": float(bpp.mean() + lambda_ * 255**2 * mse.mean()),
    }
