"""The environment chooses pico's engine; without it, the machine does."""

import pytest

from tintype.errors import InputError, UnsupportedError
from tintype.models.pico import engine
from tintype.models.pico.native_engine import NativeNetworks
from tintype.models.pico.onnx_engine import OnnxNetworks
from tintype.weights import store


@pytest.fixture(autouse=True)
def no_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(engine.VARIABLE, raising=False)


def test_the_environment_names_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = store.load(store.DEFAULT)
    for name, networks in (("native", NativeNetworks), ("onnx", OnnxNetworks)):
        monkeypatch.setenv(engine.VARIABLE, name)
        assert isinstance(engine.load(bundle).networks, networks)
        assert engine.versions().startswith({"native": "native ", "onnx": "onnxruntime "}[name])


@pytest.mark.parametrize(
    "sets, installed, expected",
    [
        (["avx512", "avx2", "sse2", "portable"], True, "native"),
        (["sse2", "portable"], True, "native"),
        (["portable"], True, "onnx"),
        (["portable"], False, "native"),
    ],
)
def test_the_default_is_what_is_faster_here(
    monkeypatch: pytest.MonkeyPatch, sets: list[str], installed: bool, expected: str
) -> None:
    monkeypatch.setattr("tintype.native._engine.instruction_sets", lambda: sets)
    monkeypatch.setattr(engine, "find_spec", lambda name: object() if installed else None)
    assert engine.chosen() == expected


def test_an_engine_that_is_unknown_or_not_installed_is_named_in_the_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(engine.VARIABLE, "gpu")
    with pytest.raises(InputError, match="TINTYPE_ENGINE=gpu: there are native, onnx"):
        engine.chosen()
    monkeypatch.setenv(engine.VARIABLE, "onnx")
    monkeypatch.setattr(engine, "find_spec", lambda name: None)
    with pytest.raises(UnsupportedError, match=r'needs ONNX Runtime; pip install "tintype\[onnx\]"'):
        engine.chosen()
