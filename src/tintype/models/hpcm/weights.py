"""Weights files: safetensors with the model's name and the tables of z."""

import hashlib
import stat
from pathlib import Path
from types import ModuleType

import numpy as np
import torch
from torch import Tensor

from tintype.codec.entropy.tables import Tables
from tintype.errors import UnsupportedError, WeightsError
from tintype.models import torch_file
from tintype.models.hpcm.coding import make_tables, tables_of
from tintype.models.hpcm.config import CONFIGS, HPCMConfig
from tintype.models.hpcm.network import HPCM
from tintype.models.hpcm.official import clean, detect, translate
from tintype.models.hpcm.tables import join, y_tables, z_part
from tintype.replacing import staged

_FORMAT = "tintype-hpcm-1"
_TABLES = "z_tables."


def empty(config: HPCMConfig) -> HPCM:
    """A model in evaluation mode whose weights take no memory yet."""
    with torch.device("meta"):
        return HPCM(config).eval()


def save(model: HPCM, path: Path | str) -> None:
    """Write weights and tables; the tables of z are made now if the model has none."""
    _write(model.config, model.state_dict(), model.tables or make_tables(model), Path(path))


def load(path: Path | str, name: str | None = None) -> HPCM:
    """The model of a weights file, in evaluation mode on the CPU.

    Parameters
    ----------
    path : path
        Written by `save` or `convert`.
    name : str, optional
        The model that is expected.

    Raises
    ------
    WeightsError
        The file is missing, damaged, of another kind or of another model.
    """
    safetensors = _safetensors()
    try:
        with safetensors.safe_open(str(path), framework="pt") as file:
            about = file.metadata() or {}
            arrays = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118  # not a dictionary
    except (OSError, safetensors.SafetensorError) as error:
        raise WeightsError(f"{path}: cannot be read as a safetensors file: {error}") from error
    found = about.get("model", "")
    if about.get("format") != _FORMAT or found not in CONFIGS:
        raise WeightsError(
            f"{path}: not a weights file of an HPCM model known here; official checkpoints need converting"
        )
    if name is not None and found != name:
        raise WeightsError(f"{path}: holds weights of {found}, not of {name}")
    model = empty(CONFIGS[found])
    for key, array in arrays.items():
        wanted = (torch.int32, torch.int16) if key.startswith(_TABLES) else (torch.float32,)
        if array.dtype not in wanted:
            raise WeightsError(f"{path}: {key} is {array.dtype}, not {wanted[0]}; convert the checkpoint again")
    tables = {key.removeprefix(_TABLES): arrays.pop(key).numpy() for key in list(arrays) if key.startswith(_TABLES)}
    torch_file.fill(model, arrays, f"{path}: {found}", assign=True)
    model.tables = join(y_tables(model.config.fine_entropy), Tables.from_arrays(tables))
    if len(model.tables) != len(y_tables(model.config.fine_entropy)) + model.config.hyper_latents:
        raise WeightsError(f"{path}: there must be one table row per channel of z")
    return model


def content_hash(model: HPCM) -> bytes:
    """8 bytes of a SHA-256 of the model's name, weights and tables of z, by which files name their weights.

    It covers what a weights file holds, not its bytes: the same content always has the same hash.
    """
    arrays = {key: value.detach().cpu().float().numpy() for key, value in model.state_dict().items()}
    tables = z_part(tables_of(model)).to_arrays()
    digest = hashlib.sha256(model.config.name.encode())
    for key, array in sorted({**arrays, **{_TABLES + key: value for key, value in tables.items()}}.items()):
        raw = np.ascontiguousarray(array)
        digest.update(f"\0{key}\0{raw.dtype.str}{raw.shape}\0".encode())
        digest.update(raw.data)
    return digest.digest()[:8]


def convert(checkpoint: Path | str, out: Path | str, name: str | None = None) -> str:
    """Turn an official checkpoint into a weights file; returns the model's name.

    Parameters
    ----------
    checkpoint : path
        A `.pth.tar` file of the authors.
    out : path
        The `.safetensors` file to write.
    name : str, optional
        The model that is expected; found from the weights if not given.

    Raises
    ------
    WeightsError
        It cannot be read, is no checkpoint, or does not fit; the message lists what differs.
    """
    origin = str(checkpoint)
    state = clean(torch_file.read(Path(checkpoint), origin), origin)
    if name is not None and name not in CONFIGS:
        raise WeightsError(f"there is no model {name!r}; there are {', '.join(CONFIGS)}")
    config = detect(state, origin) if name is None else CONFIGS[name]
    model = empty(config)
    model.load_state_dict(translate(model, state, origin), assign=True)
    save(model, out)
    return config.name


def _write(config: HPCMConfig, state: dict[str, Tensor], tables: Tables, path: Path) -> None:
    arrays = {key: value.detach().cpu().float().contiguous() for key, value in state.items()}
    for key, array in z_part(tables).to_arrays().items():
        arrays[_TABLES + key] = torch.from_numpy(np.array(array))
    from_torch = _safetensors().torch
    try:
        with staged(path.parent) as part:
            file = part / path.name
            file.touch()
            mode = stat.S_IMODE(file.stat().st_mode)
            from_torch.save_file(arrays, str(file), {"format": _FORMAT, "model": config.name})
            file.chmod(mode)  # that of new files: safetensors 0.8 replaces them by ones that only their owner reads
    except OSError as error:
        raise WeightsError(f"{path}: cannot be written: {error}") from error


def _safetensors() -> ModuleType:
    """The library, imported where files are read or written only."""
    try:
        import safetensors
        import safetensors.torch
    except ImportError as error:
        raise UnsupportedError('weights files need the package safetensors; pip install "tintype[train]"') from error
    return safetensors
