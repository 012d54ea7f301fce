"""The authors' checkpoints: which of their tensors are which of ours.

Differences undone here, once: the two-letter names; adaptors rotated by one against the steps that use them;
query and skip, key and value of the attention as separate convolutions; gains that older checkpoints do not
hold (they are one); table buffers and constants saved with the weights; the `module.` prefix of multi-GPU
training. What the weights were trained with and cannot be undone is in the config (`misplaced_hyper`).
"""

from collections.abc import Iterator, Mapping
from itertools import chain

import torch
from torch import Tensor

from tintype.errors import WeightsError
from tintype.models.hpcm.config import OFFICIAL, HPCMConfig
from tintype.models.hpcm.network import HPCM

_IGNORED = ("scale_table", "quantized_cdf_", "cdf_length_", "offset_", "entropy_estimation.")
_GAIN = "adaptive_params_list."
_INSIDE_BLOCKS = {
    "partial": "branch.0.pconv",
    "depthwise": "branch.0",
    "expand": "branch.1",
    "project": "branch.3",
}
_SHOWN = 3  # names listed per kind of mismatch

Mismatches = dict[str, list[str]]  # kind of problem: names


def sources(model: HPCM) -> dict[str, tuple[str, ...]]:
    """For each of our state-dict keys, the official ones whose tensors, joined along axis 0, it holds."""
    modules = dict(_modules(model.config))
    found = {}
    for key in model.state_dict():
        prefix, rest = key, ""
        while prefix not in modules:
            prefix, _, last = prefix.rpartition(".")
            rest = f".{_INSIDE_BLOCKS.get(last, last)}{rest}"
        found[key] = tuple(theirs + rest for theirs in modules[prefix])
    return found


def _modules(config: HPCMConfig) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Pairs (our module or parameter, official ones)."""
    yield "prior.mean", ("means_hyper",)
    yield "prior.scale", ("scales_hyper",)
    nested = config.name == "hpcm-1b"  # its transforms are attributes, those of the others one sequence
    for ours, theirs, names in (
        ("analysis", "g_a", _nested_analysis(config)),
        ("synthesis", "g_s", _nested_synthesis(config)),
    ):
        for index, name in enumerate(names):
            yield f"{ours}.{index}", (f"{theirs}.{theirs}_{name}" if nested else f"{theirs}.branch.{index}",)
    yield "hyper_analysis", ("h_a" if nested else "h_a.branch",)
    yield "hyper_synthesis", ("h_s" if nested else "h_s.branch",)
    for ours, theirs, depths in (("coarse", "s1_s2", config.coarse), ("fine", "s3", config.fine)):
        prior = f"y_spatial_prior_{theirs}"
        yield f"context.nets.{ours}.before", (f"{prior}.branch_1",)
        yield f"context.nets.{ours}.after", (f"{prior}.branch_2",)
        for index in range(1 + depths.tail):
            yield f"context.nets.{ours}.head.{index}", (f"{prior}.branch_2.{depths.after + index}",)
    gains = 0
    for index, stage in enumerate(config.steps.stages):
        ours = f"context.stages.{stage.name}"
        yield f"{ours}.merge", (f"context_net.{index - 1}",)
        steps = len(stage.networked)
        for step in range(steps):
            rotated = (step - 1) % steps
            yield f"{ours}.adaptors.{step}", (f"y_spatial_prior_adaptor_list_{stage.name}.{rotated}",)
            yield f"{ours}.gains.{step}", (f"{_GAIN}{gains}",)
            gains += 1
        attention = f"attn_{stage.name}.conv_"
        yield f"{ours}.fusion.query_skip", (f"{attention}q", f"{attention}out")
        yield f"{ours}.fusion.key_value", (f"{attention}k", f"{attention}v")


def _nested_analysis(config: HPCMConfig) -> Iterator[str]:
    for level, depth in enumerate(config.analysis_depths, start=1):
        yield from chain([f"down{level}"], (f"chunk{level}.{block}" for block in range(depth)))


def _nested_synthesis(config: HPCMConfig) -> Iterator[str]:
    for level, depth in zip((4, 3, 2, 1), config.synthesis_depths, strict=True):
        yield from chain((f"chunk{level}.{block}" for block in range(depth)), [f"up{level}"])


def clean(checkpoint: object, origin: str = "checkpoint") -> dict[str, Tensor]:
    """The weights in what `torch.load` returned: unwrapped, without prefix, tables and constants.

    Raises
    ------
    WeightsError
        It is not a dictionary of tensors.
    """
    for wrapper in ("state_dict", "model"):
        if isinstance(checkpoint, Mapping) and isinstance(checkpoint.get(wrapper), Mapping):
            checkpoint = checkpoint[wrapper]
    if not isinstance(checkpoint, Mapping) or not checkpoint:
        raise WeightsError(f"{origin}: holds {type(checkpoint).__name__}, not a dictionary of weights")
    state = {}
    for key, value in checkpoint.items():
        if not isinstance(key, str) or not isinstance(value, Tensor):
            raise WeightsError(
                f"{origin}: entry {key!r} is {type(value).__name__}, not a tensor; this is no checkpoint"
            )
        name = key.removeprefix("module.")
        if not name.startswith(_IGNORED):
            state[name] = value
    return state


def detect(state: Mapping[str, Tensor], origin: str = "checkpoint") -> HPCMConfig:
    """The official model whose names and shapes a cleaned state dict has.

    Raises
    ------
    WeightsError
        None has; the message compares with the closest one.
    """
    problems = {name: mismatches(config, state) for name, config in OFFICIAL.items()}
    name = min(problems, key=lambda name: _count(problems[name]))
    if _count(problems[name]):
        raise WeightsError(f"{origin}: no official model has these weights; {_told(name, problems[name])}")
    return OFFICIAL[name]


def mismatches(config: HPCMConfig, state: Mapping[str, Tensor]) -> Mismatches:
    """What keeps a cleaned official state dict from fitting a model."""
    wanted = expected(config)
    return {
        "missing": [key for key in wanted if key not in state and not key.startswith(_GAIN)],
        "unexpected": [key for key in state if key not in wanted],
        "of another shape": [
            f"{key}: {tuple(state[key].shape)}, not {shape}"
            for key, shape in wanted.items()
            if key in state and tuple(state[key].shape) != shape
        ],
    }


def expected(config: HPCMConfig) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the weights in an official checkpoint, gains included."""
    with torch.device("meta"):
        model = HPCM(config)
    ours = model.state_dict()
    shapes = {}
    for key, theirs in sources(model).items():
        first, *rest = ours[key].shape
        for name in theirs:
            shapes[name] = (first // len(theirs), *rest)
    return shapes


def _count(problems: Mismatches) -> int:
    return sum(map(len, problems.values()))


def _told(name: str, problems: Mismatches) -> str:
    """A readable list of the first problems of each kind."""
    kinds = [
        f"{len(its)} {kind} ({'; '.join(its[:_SHOWN])}{' ...' if len(its) > _SHOWN else ''})"
        for kind, its in problems.items()
        if its
    ]
    return f"compared with {name}: {', '.join(kinds)}"


def translate(model: HPCM, state: Mapping[str, Tensor], origin: str = "checkpoint") -> dict[str, Tensor]:
    """Our state dict out of a cleaned official one, float32; most tensors share memory with it.

    Raises
    ------
    WeightsError
        Names or shapes do not fit the model; the message lists them.
    """
    name, problems = model.config.name, mismatches(model.config, state)
    if _count(problems):
        fits = [other for other, config in OFFICIAL.items() if not _count(mismatches(config, state))]
        instead = f"these are weights of {fits[0]}; " if fits else ""
        raise WeightsError(f"{origin}: does not fit {name}; {instead}{_told(name, problems)}")
    translated = {}
    ours = model.state_dict()
    for key, theirs in sources(model).items():
        if theirs[0].startswith(_GAIN) and theirs[0] not in state:
            translated[key] = torch.ones(ours[key].shape)
        else:
            parts = [state[name].float() for name in theirs]
            translated[key] = parts[0] if len(parts) == 1 else torch.cat(parts)
    return translated


def load_official(model: HPCM, checkpoint: object) -> None:
    """Load an official state dict (as `torch.load` returns it) into a model of the same config.

    The tensors become the model's parameters without a copy where they can. Tables of z belong to the
    weights: call `compressai.update(model)` before coding.

    Raises
    ------
    WeightsError
        It is no state dict, or does not fit; the message lists what differs.
    """
    model.load_state_dict(translate(model, clean(checkpoint)), assign=True)
    model.tables = None
