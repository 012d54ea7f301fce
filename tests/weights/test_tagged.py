"""Files of every release decode to what they decoded to when it was tagged, on every machine."""

import json
from collections.abc import Iterator

import pytest

from tests.golden.make_tagged import FOLDER, metadata_sha256, samples_sha256
from tintype import Codec, info
from tintype.models import load
from tintype.weights import store

GOLDEN = {
    f"{folder.name}/{file}": hashes
    for folder in sorted(FOLDER.iterdir())
    for file, hashes in json.loads((folder / "golden.json").read_text()).items()
}


@pytest.fixture(scope="module", autouse=True)
def native_engine() -> Iterator[None]:
    """Its samples are the same bits everywhere; those of ONNX Runtime differ by rounding."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TINTYPE_ENGINE", "native")
        load.forget()
        yield
    load.forget()


LOOKS = [(file, look) for file, hashes in GOLDEN.items() for look in hashes if look in store.LOOKS]


@pytest.mark.parametrize(("file", "look"), LOOKS)
def test_a_file_of_a_release_decodes_to_the_same_samples(file: str, look: store.Look) -> None:
    assert samples_sha256(Codec(look=look).decode_picture(FOLDER / file)) == GOLDEN[file][look]


@pytest.mark.parametrize("file", GOLDEN)
def test_a_file_of_a_release_keeps_its_metadata(file: str) -> None:
    assert metadata_sha256(Codec().decode_picture(FOLDER / file)) == GOLDEN[file]["metadata"]


def test_all_weights_of_a_release_have_files_there() -> None:
    found = {(file.partition("/")[0], info(FOLDER / file).model) for file in GOLDEN}
    released = {(entry["release"], name) for name, entry in store.manifest().items() if "release" in entry}
    assert found == released
