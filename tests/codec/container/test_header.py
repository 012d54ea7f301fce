"""What the header alone tells of a file's work."""

import pytest

from tintype.codec.container.header import MODEL_NAMES, NETWORK_MULTIPLES, ColourType, Header, network_multiple
from tintype.codec.tiling import Tiling
from tintype.models.hpcm import CONFIGS
from tintype.models.pico.schedule import Z_STRIDE


@pytest.mark.parametrize("number, name", MODEL_NAMES.items())
def test_work_is_counted_by_the_multiples_that_the_networks_pad_to(number: int, name: str) -> None:
    assert NETWORK_MULTIPLES[number] == (CONFIGS[name].multiple if name.startswith("hpcm") else Z_STRIDE)


def test_a_model_of_newer_versions_counts_as_the_largest() -> None:
    assert network_multiple(999) == 256


def test_the_work_of_a_header_counts_margins_and_padding() -> None:
    header = Header(1, bytes(8), 1008, 504, level=3, colour=ColourType.RGB, tiling=Tiling(504, 100))
    # each tile needs 604 columns, padded to 640, and 504 rows, padded to 512
    assert header.network_size == (2 * 640 * 512, 640 * 512)
