"""Conversion of official checkpoints, and weights files."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch

from tests.models.hpcm.golden import manifest, state_dict
from tintype.errors import WeightsError
from tintype.models.hpcm import CONFIGS, compressai, create
from tintype.models.hpcm.official import clean, detect, expected, load_official, translate
from tintype.models.hpcm.weights import convert, empty, load, save

NANO = "hpcm-nano"
VARIANTS = {"base": "hpcm-base", "large": "hpcm-large", "phi": "hpcm-phi", "1b": "hpcm-1b"}


def hollow(variant):
    """An official state dict whose tensors take no memory."""
    return {key: torch.zeros(()).expand(shape) for key, shape in manifest(variant).items()}


def official_nano(seed=0):
    """Random weights of the smallest model under the names an official checkpoint would use."""
    random = torch.Generator().manual_seed(seed)
    return {key: torch.randn(shape, generator=random) for key, shape in expected(CONFIGS[NANO]).items()}


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_model_is_detected_and_every_entry_used(variant: str) -> None:
    state = clean(hollow(variant))
    config = detect(state)
    assert config.name == VARIANTS[variant]
    assert expected(config) == {key: tuple(value.shape) for key, value in state.items()}


@pytest.mark.parametrize("variant", ["base", "large", "phi"])
def test_older_checkpoints_without_gains_get_ones(variant: str) -> None:
    state = {key: value for key, value in hollow(variant).items() if "adaptive" not in key}
    config = detect(clean(state))
    weights = translate(empty(config), clean(state))
    gains = [value for key, value in weights.items() if ".gains." in key]
    assert config.name == VARIANTS[variant] and len(gains) == 10
    assert all((gain == 1).all() for gain in gains)


def test_prefixes_wrappers_and_filled_tables_do_not_matter() -> None:
    plain = official_nano()
    wrapped = {"state_dict": {f"module.{key}": value for key, value in plain.items()}}
    wrapped["state_dict"]["module.quantized_cdf_y"] = torch.zeros(60, 699, dtype=torch.int32)
    wrapped["state_dict"]["module.entropy_estimation.beta"] = torch.tensor([1.5])
    one, other = empty(CONFIGS[NANO]), empty(CONFIGS[NANO])
    load_official(one, plain)
    load_official(other, wrapped)
    for key, value in one.state_dict().items():
        assert torch.equal(value, other.state_dict()[key]), key


def test_adaptors_are_turned_back_to_the_steps_that_use_them() -> None:
    model, state = empty(CONFIGS[NANO]), official_nano()
    load_official(model, state)
    for stage, steps in (("s1", 1), ("s2", 3), ("s3", 6)):
        for step in range(steps):
            theirs = state[f"y_spatial_prior_adaptor_list_{stage}.{(step - 1) % steps}.weight"]
            assert torch.equal(model.context.stages[stage].adaptors[step].weight, theirs)


def test_a_converted_checkpoint_loads_as_the_same_model(tmp_path: Path) -> None:
    checkpoint, out = tmp_path / "model.pth.tar", tmp_path / "model.safetensors"
    torch.save(official_nano(), checkpoint)
    assert convert(checkpoint, out, NANO) == NANO
    direct, loaded = empty(CONFIGS[NANO]), create(NANO, out)
    load_official(direct, official_nano())
    compressai.update(direct)
    assert not loaded.training
    for key, value in direct.state_dict().items():
        assert torch.equal(value, loaded.state_dict()[key]), key
    np.testing.assert_array_equal(direct.tables.cumulative, loaded.tables.cumulative)


def test_weights_files_have_the_mode_of_new_files(tmp_path: Path) -> None:
    (tmp_path / "new").touch()
    save(create(NANO), tmp_path / "weights.safetensors")
    assert (tmp_path / "weights.safetensors").stat().st_mode == (tmp_path / "new").stat().st_mode


def test_half_precision_and_old_file_format_are_converted(tmp_path: Path) -> None:
    checkpoint, out = tmp_path / "model.pth.tar", tmp_path / "model.safetensors"
    state = {key: value.half() for key, value in official_nano().items()}
    torch.save(state, checkpoint, _use_new_zipfile_serialization=False)
    convert(checkpoint, out, NANO)
    assert {p.dtype for p in load(out).parameters()} == {torch.float32}


def test_tables_come_from_the_file_and_are_not_made_again(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = create(NANO)
    compressai.update(model)
    before = model.tables
    with torch.no_grad():
        model.prior.scale.mul_(3)  # would give other tables
    save(model, tmp_path / "model.safetensors")
    loaded = load(tmp_path / "model.safetensors")
    assert not compressai.update(loaded)
    np.testing.assert_array_equal(loaded.tables.cumulative, before.cumulative)
    assert compressai.update(loaded, force=True)
    assert len(loaded.tables.cumulative) != len(before.cumulative)


def test_checkpoints_of_another_model_are_refused_with_what_differs(tmp_path: Path) -> None:
    checkpoint = tmp_path / "large.pth.tar"
    torch.save(hollow("large"), checkpoint)
    with pytest.raises(
        WeightsError, match=r"does not fit hpcm-base; these are weights of hpcm-large; .* missing .* unexpected"
    ):
        convert(checkpoint, tmp_path / "out.safetensors", "hpcm-base")
    with pytest.raises(WeightsError, match="no official model has these weights; compared with"):
        convert(_saved(tmp_path, official_nano()), tmp_path / "out.safetensors")
    assert not (tmp_path / "out.safetensors").exists()


def test_a_missing_tensor_and_a_wrong_shape_are_named(tmp_path: Path) -> None:
    state = official_nano()
    del state["g_a.branch.0.weight"]
    state["context_net.1.bias"] = torch.zeros(3)
    with pytest.raises(
        WeightsError, match=r"1 missing \(g_a\.branch\.0\.weight\), 1 of another shape \(context_net\.1\.bias: \(3,\)"
    ):
        convert(_saved(tmp_path, state), tmp_path / "out.safetensors", NANO)


def _saved(folder, content):
    path = folder / "checkpoint.pth.tar"
    torch.save(content, path)
    return path


class Harmful:
    """Would run code if it were unpickled carelessly."""

    def __reduce__(self):
        return (pytest.fail, ("code of a checkpoint was run",))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (pickle.dumps({"lr": 0.1}), "not a"),
        (pickle.dumps(Harmful()), "not a PyTorch checkpoint"),
        (b"", "not a PyTorch checkpoint"),
        (b"GIF89a, no checkpoint at all", "not a PyTorch checkpoint"),
    ],
)
def test_files_that_are_no_checkpoints_are_refused(tmp_path: Path, content: Any, message: str) -> None:
    path = tmp_path / "file.pth.tar"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=message):
        convert(path, tmp_path / "out.safetensors")


@pytest.mark.parametrize("content", [[1, 2], {}, {"epoch": 3}, {"optimizer": {"lr": 1.0}}, torch.zeros(3)])
def test_pytorch_files_without_weights_are_refused(tmp_path: Path, content: Any) -> None:
    with pytest.raises(WeightsError, match=r"not a (dictionary|tensor)"):
        convert(_saved(tmp_path, content), tmp_path / "out.safetensors")


def test_missing_files_and_unknown_names_are_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="cannot be read"):
        convert(tmp_path / "none.pth.tar", tmp_path / "out.safetensors")
    with pytest.raises(WeightsError, match="cannot be read"):
        load(tmp_path / "none.safetensors")
    with pytest.raises(WeightsError, match="there is no model"):
        convert(_saved(tmp_path, official_nano()), tmp_path / "out.safetensors", "hpcm-huge")


def test_weights_files_of_another_model_or_kind_are_refused(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    path = tmp_path / "model.safetensors"
    save(create(NANO), path)
    with pytest.raises(WeightsError, match="holds weights of hpcm-nano, not of hpcm-tiny"):
        create("hpcm-tiny", path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(WeightsError, match="cannot be read as a safetensors file"):
        load(path)
    save_file({"weight": torch.zeros(3)}, path)
    with pytest.raises(WeightsError, match="not a weights file"):
        load(path)


def test_filled_official_weights_survive_conversion(tmp_path: Path) -> None:
    torch.save(state_dict("phi"), tmp_path / "phi.pth.tar")
    assert convert(tmp_path / "phi.pth.tar", tmp_path / "phi.safetensors") == "hpcm-phi"
    converted, direct = load(tmp_path / "phi.safetensors"), empty(CONFIGS["hpcm-phi"])
    load_official(direct, state_dict("phi"))
    for key, value in direct.state_dict().items():
        assert torch.equal(value, converted.state_dict()[key]), key


@pytest.mark.parametrize("key", ["z_tables.cumulative", "analysis.0.bias"])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64, torch.int64, torch.complex64, torch.bool])
def test_arrays_of_another_type_are_refused(tmp_path: Path, key: str, dtype: torch.dtype) -> None:
    save(create(NANO).eval(), tmp_path / "a")
    arrays = safetensors.torch.load_file(tmp_path / "a")
    arrays[key] = arrays[key].to(dtype)
    safetensors.torch.save_file(arrays, tmp_path / "a", {"format": "tintype-hpcm-1", "model": NANO})
    with pytest.raises(WeightsError, match=f"{key} is {dtype}"):
        load(tmp_path / "a")


def test_changed_headers_give_a_model_or_a_weights_error(tmp_path: Path) -> None:
    save(create(NANO).eval(), tmp_path / "a")
    data, rng = (tmp_path / "a").read_bytes(), np.random.default_rng(1)
    header = 8 + int.from_bytes(data[:8], "little")
    for _ in range(100):
        changed = bytearray(data)
        for at in rng.integers(0, header, rng.integers(1, 4)):
            changed[at] = rng.choice(list(b'0123456789{}[]",:FIUBx\0\xff'))
        (tmp_path / "a").write_bytes(changed)
        try:
            load(tmp_path / "a")
        except WeightsError:
            continue
