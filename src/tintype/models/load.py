"""Loads models by name, by options, or for a file. Engines are imported when first used."""

import os
import sys
import threading
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

from tintype.arguments import kind, path
from tintype.codec.container.header import MODEL_NAMES, Header
from tintype.codec.tile_model import Numerics, TileModel
from tintype.errors import CorruptError, InputError, UnsupportedError
from tintype.models.hpcm.options import Options
from tintype.weights import store
from tintype.weights.bundle import SUFFIX

if TYPE_CHECKING:
    from tintype.weights.bundle import Bundle


@dataclass(frozen=True, slots=True)
class Family:
    """How the models of one family are loaded.

    Bundled: the weights are bundles, most of which ship, and the engine's `load` takes a `Bundle`. Else the weights are
    a file that `Options` name, and the engine's `load` takes the options, the name of the expected model or None, and
    the number of threads or None.
    """

    name: str  # what the names of its models begin with
    engine: str  # module
    bundled: bool
    package: str  # that the engine needs, as pip installs it

    def module(self) -> ModuleType:
        """The engine; raises UnsupportedError where a package that it needs is missing."""
        try:
            return import_module(self.engine)
        except ModuleNotFoundError as error:
            raise UnsupportedError(
                f'{self.name} models need a package ({error}); pip install "{self.package}"'
            ) from error


FAMILIES: Mapping[str, Family] = {
    family.name: family
    for family in (
        Family("pico", "tintype.models.pico.engine", bundled=True, package="tintype"),
        Family("hpcm", "tintype.models.hpcm.engine", bundled=False, package="tintype[train]"),
    )
}
DEFAULT_FAMILY = FAMILIES["pico"]
_GIVE_WEIGHTS = "give their file: options=hpcm.Options(FILE), or --weights FILE"


def family_named(name: str | None) -> Family:
    """Family of a model by its name; the default one for None, paths of bundles, and names of no family."""
    if name is None or name.endswith(SUFFIX):
        return DEFAULT_FAMILY
    return FAMILIES.get(name.partition("-")[0], DEFAULT_FAMILY)


def require_fit(name: str | None, options: Options | None) -> None:
    """That a model's name and options belong together; loads nothing.

    Raises
    ------
    InputError
        The model needs options, takes none, or `options` are something else.
    """
    kind("options", options, Options | None, "tintype.models.hpcm.Options(FILE)")
    if name is not None:
        kind("model", name, str, "the name of shipped weights, or the path of a .tintmodel file as text")
        if not path(name):
            raise InputError("model='': give the name of shipped weights, or the path of a .tintmodel file")
    family = family_named(name)
    if options is None and not family.bundled:
        raise InputError(f"{name}: its weights do not ship with tintype; {_GIVE_WEIGHTS}")
    if options is not None and name is not None and family.bundled:
        raise InputError(f"{name}: {family.name} models take no weights file and no options")


def model(name: str | None, options: Options | None = None, threads: int | None = None) -> TileModel:
    """A model to encode with; what is costly stays loaded between calls.

    Parameters
    ----------
    name : of shipped weights, path of a bundle, or with `options` the model that their weights file must hold
    options : of HPCM, whose weights do not ship
    threads : HPCM: compute threads inside a tile, which its files record; default: `DEFAULT_THREADS` of its options

    Raises
    ------
    InputError
        Name and options do not fit together.
    WeightsError
        There are no such weights, they are damaged, or of another model.
    UnsupportedError
        No engine of this version runs the model, or its device or a package is missing.
    """
    require_fit(name, options)
    # a forked child makes its own: sessions and locks were copied in whatever state other threads had them,
    # so the parent's are neither used nor torn down there
    with _LOCKS[os.getpid()]:  # or threads that come first together would each make a model
        if options is None:
            return _bundled(name or store.DEFAULT, os.getpid())
        found: TileModel = FAMILIES["hpcm"].module().load(options, name, threads)
        return found


_LOCKS: defaultdict[int, threading.Lock] = defaultdict(threading.Lock)  # by process: a fork copies locks as they are


@lru_cache(maxsize=8)
def _bundled(name: str, process: int) -> TileModel:
    """Shipped weights by name, or a user's bundle by path. `process` is only a cache key: a forked child loads anew."""
    bundle = store.load(name)
    found: TileModel = _family_of_bundle(bundle).module().load(bundle)
    return found


def natural(name: str) -> TileModel:
    """The natural look of a model, by the name or path of its bundle.

    Raises
    ------
    UnsupportedError
        It has none.
    WeightsError
        What is beside the bundle is not its natural look.
    """
    with _LOCKS[os.getpid()]:
        return _natural(name, os.getpid())


@lru_cache(maxsize=8)
def _natural(name: str, process: int) -> TileModel:
    """As `_bundled`, with which it shares the networks of that model."""
    faithful, beside = _bundled(name, process), store.natural(name)
    if beside is None:
        raise UnsupportedError(
            f"the weights {name} have no natural look: there is no {store.natural_path(name)}; decode with the "
            "faithful look (--look faithful)"
        )
    bundle = store.load(name)
    found: TileModel = _family_of_bundle(bundle).module().load_natural(faithful, bundle, beside)
    return found


def forget() -> None:
    """Free the models that this process keeps loaded, for all callers; the next call loads again."""
    _natural.cache_clear()
    _bundled.cache_clear()
    store.load.cache_clear()
    for family in FAMILIES.values():
        engine = sys.modules.get(family.engine)
        if not family.bundled and engine is not None:
            engine.forget()


def _family_of_bundle(bundle: "Bundle") -> Family:
    number = bundle.card["model_id"]
    name = MODEL_NAMES.get(number, f"number {number}").partition("-")[0]
    family = FAMILIES.get(name)
    if family is None or not family.bundled:
        bundled = ", ".join(each.name for each in FAMILIES.values() if each.bundled)
        raise UnsupportedError(
            f"no engine of this version runs {name} models from a bundle; there is one for {bundled}"
        )
    return family


def model_for(
    header: Header,
    numerics: Numerics | None = None,
    bundle: str | None = None,
    options: Options | None = None,
    look: store.Look = "faithful",
) -> TileModel:
    """The model that a file names by its weights' hash.

    Parameters
    ----------
    numerics : what the file records of them
    bundle : path of a bundle whose weights are tried before the shipped ones
    options : of HPCM, with the weights that such files need
    look : that its pictures shall have

    Raises
    ------
    UnsupportedError
        The weights do not ship and are not given, or do not have the look; the message names the model and the hash.
    CorruptError
        The file lacks numerics that models of its family need.
    """
    needed = f"the file was made for the network {header.model_name} with weights {header.weights_hash.hex()}"
    family = family_named(header.model_name)
    if family.bundled:
        name = _bundle_of(header, bundle)
        if name is None:
            raise UnsupportedError(
                f"{needed}, which do not ship with this version of tintype; install the version that wrote it, or "
                "give the weights' file as the model (--model FILE)"
            )
        return model(name) if look == "faithful" else natural(name)
    if numerics is None:
        raise CorruptError(f"a file of {header.model_name} lacks the numerics it was made with")
    if look != "faithful":
        raise UnsupportedError(f"{needed}, which have no {look} look; decode with the faithful look (--look faithful)")
    if options is None:
        raise UnsupportedError(f"{needed}, which do not ship with tintype; {_GIVE_WEIGHTS}")
    found = model(None, options.under(numerics), numerics.threads)
    if found.identity.weights_hash != header.weights_hash:
        raise UnsupportedError(
            f"{needed}, but {os.fspath(options.weights)} holds {found.identity.name} weights "
            f"{found.identity.weights_hash.hex()}; give the file with the weights it was made with"
        )
    return found


def _bundle_of(header: Header, bundle: str | None) -> str | None:
    """Path of the bundle if it has the file's weights, else the name of the shipped ones that it has."""
    if bundle is not None and model(bundle).identity.weights_hash == header.weights_hash:
        return bundle
    return store.name_of(header.weights_hash)
