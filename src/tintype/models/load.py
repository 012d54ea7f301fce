"""Models by name, by options and by file: one road over the table of families. Engines are imported when first used."""

import os
import threading
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

from tintype.codec.container.header import MODEL_NAMES, Header
from tintype.codec.tile_model import Numerics, TileModel
from tintype.errors import CorruptError, InputError, UnsupportedError
from tintype.models.hpcm.options import Options as HPCMOptions
from tintype.weights import store
from tintype.weights.bundle import SUFFIX

if TYPE_CHECKING:
    from tintype.weights.bundle import Bundle

Options = HPCMOptions
"""Options of any family that has some."""


@dataclass(frozen=True, slots=True)
class Family:
    """How the models of one family are loaded.

    The weights of a family without options ship as bundles, and its engine's `load` takes a `Bundle`. The weights of a
    family with options are a file that the options name, and its engine's `load` takes options, the name of the
    expected model or None, and the number of threads or None.
    """

    name: str  # what the names of its models begin with
    engine: str  # module
    options: type[Options] | None
    package: str  # that the engine needs, as pip installs it

    def module(self) -> ModuleType:
        """The engine; raises UnsupportedError where a package that it needs is missing."""
        try:
            return import_module(self.engine)
        except ModuleNotFoundError as error:
            raise UnsupportedError(f"{self.name} models need a package ({error}); install {self.package}") from error


FAMILIES: Mapping[str, Family] = {
    family.name: family
    for family in (
        Family("pico", "tintype.models.pico.onnx_engine", options=None, package="tintype"),
        Family("hpcm", "tintype.models.hpcm.engine", options=HPCMOptions, package="tintype[train]"),
    )
}
SHIPPED = FAMILIES["pico"]


def family_named(name: str | None) -> Family:
    """Family of a model by its name; the shipped one for None, bundles, and names of no family."""
    if name is None or name.endswith(SUFFIX):
        return SHIPPED
    return FAMILIES.get(name.partition("-")[0], SHIPPED)


def family_of(name: str | None, options: Options | None = None) -> Family:
    """Family of a model by its name, or by its options where there is no name.

    Raises
    ------
    InputError
        The family needs options, or takes none of this kind.
    """
    if name is None and options is not None:
        return next(family for family in FAMILIES.values() if family.options is type(options))
    family = family_named(name)
    if family.options is not None and options is None:
        raise InputError(f"{name}: its weights do not ship with tintype; {_give_weights(family)}")
    if options is not None and (family.options is None or not isinstance(options, family.options)):
        raise InputError(f"{name}: {family.name} models take no weights file and no options of another family")
    return family


def model(name: str | None, options: Options | None = None, threads: int | None = None) -> TileModel:
    """A model to encode with; what is costly stays loaded between calls.

    Parameters
    ----------
    name : of shipped weights, path of a bundle, or with `options` the model that their weights file must hold
    options : of families whose weights do not ship
    threads : compute threads inside a tile, for families that record them; default: the family's

    Raises
    ------
    InputError
        Name and options do not fit together.
    WeightsError
        There are no such weights, they are damaged, or of another model.
    UnsupportedError
        No engine of this version runs the model, or its device or a package is missing.
    """
    family = family_of(name, options)
    # a forked child makes its own: sessions and locks were copied in whatever state other threads had them,
    # so the parent's are neither used nor torn down there
    with _LOCKS[os.getpid()]:  # or threads that come first together would each make a model
        if options is None:
            return _shipped(name or store.DEFAULT, os.getpid())
        found: TileModel = family.module().load(options, name, threads)
        return found


_LOCKS: defaultdict[int, threading.Lock] = defaultdict(threading.Lock)  # by process: a fork copies locks as they are


@lru_cache(maxsize=8)
def _shipped(name: str, process: int) -> TileModel:
    bundle = store.load(name)
    found: TileModel = _family_of_bundle(bundle).module().load(bundle)
    return found


def _family_of_bundle(bundle: "Bundle") -> Family:
    number = int(bundle.card.get("model_id", 0))
    name = MODEL_NAMES.get(number, f"number {number}").partition("-")[0]
    family = FAMILIES.get(name)
    if family is None or family.options is not None:
        bundled = ", ".join(each.name for each in FAMILIES.values() if each.options is None)
        raise UnsupportedError(
            f"no engine of this version runs {name} models from a bundle; there is one for {bundled}"
        )
    return family


def model_for(
    header: Header, numerics: Numerics | None = None, bundle: str | None = None, options: Options | None = None
) -> TileModel:
    """The model that a file names by its weights' hash.

    Parameters
    ----------
    numerics : what the file records of them
    bundle : path of a bundle whose weights are tried before the shipped ones
    options : with the weights of families whose weights do not ship

    Raises
    ------
    UnsupportedError
        The weights do not ship and are not given; the message names the model and the hash.
    CorruptError
        The file lacks numerics that models of its family need.
    """
    needed = f"the file was made with {header.model_name} weights {header.weights_hash.hex()}"
    family = family_named(header.model_name)
    if family.options is None:
        if bundle is not None and (found := model(bundle)).identity.weights_hash == header.weights_hash:
            return found
        shipped = store.name_of(header.weights_hash)
        if shipped is None:
            raise UnsupportedError(
                f"{needed}, which do not ship with this version of tintype; install the version that wrote it, or "
                "give the weights' file as the model (--model FILE)"
            )
        return model(shipped)
    if numerics is None:
        raise CorruptError(f"a file of {header.model_name} lacks the numerics it was made with")
    if options is None or not isinstance(options, family.options):
        raise UnsupportedError(f"{needed}, which do not ship with tintype; {_give_weights(family)}")
    found = model(None, options.under(numerics), numerics.threads)
    if found.identity.weights_hash != header.weights_hash:
        raise UnsupportedError(
            f"{needed}, but {os.fspath(options.weights)} holds {found.identity.name} weights "
            f"{found.identity.weights_hash.hex()}; give the file with the weights it was made with"
        )
    return found


def _give_weights(family: Family) -> str:
    return f"give their file: options={family.name}.Options(FILE), or --weights FILE"
