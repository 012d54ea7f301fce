"""The file of a model for browsers; tests/web decodes with it."""

import struct
import zlib
from dataclasses import replace

import numpy as np
import pytest

from tintype.errors import UnsupportedError, WeightsError
from tintype.models.pico.web_model import MAGIC, web_model
from tintype.weights import store
from tintype.weights.bundle import Bundle


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return store.load("pico-s")


def test_a_file_names_its_weights_and_ends_in_its_checksum(bundle: Bundle) -> None:
    file = web_model(bundle)
    assert file.startswith(MAGIC + bundle.weights_hash())
    assert struct.unpack_from("<4i", file, 16) == (1, 71, 320, 96)  # model, levels, latents, hyper-latents
    assert struct.unpack("<I", file[-4:]) == (zlib.crc32(file[:-4]),)
    assert file == web_model(bundle)


def test_a_file_lacks_what_only_encoders_need(bundle: Bundle) -> None:
    decoding = sum(len(bundle.graphs[name]) for name in ("context_decoder", "context_model", "synthesis"))
    assert decoding < len(web_model(bundle)) < 1.12 * decoding  # tables, gains and the scale decoder are the rest


def test_weights_that_16_bits_do_not_hold_keep_32(bundle: Bundle) -> None:
    gain = bundle.arrays["levels"]["gain"]
    assert np.ascontiguousarray(gain, "<f4").tobytes() in web_model(bundle)


def test_models_of_other_families_are_unsupported(bundle: Bundle) -> None:
    with pytest.raises(UnsupportedError, match="number 16; browsers decode pico alone"):
        web_model(replace(bundle, card={"name": "other", "model_id": 16}))


def test_a_stranger_s_bundle_is_checked(bundle: Bundle) -> None:
    graphs = {**bundle.graphs, "synthesis": bundle.graphs["analysis"]}
    with pytest.raises(WeightsError, match="'synthesis'"):
        web_model(replace(bundle, graphs=graphs, known_hash=None))


def test_layers_that_the_file_has_no_words_for_are_unsupported(bundle: Bundle) -> None:
    # a shipped bundle is not checked again, so that the writer has to notice
    graphs = {**bundle.graphs, "synthesis": bundle.graphs["analysis"]}
    with pytest.raises(UnsupportedError, match="weights 'pico-s': a network of the decoder reads pixels"):
        web_model(replace(bundle, graphs=graphs))
