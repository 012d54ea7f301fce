"""CPUs and memory of jobs."""

import pytest

from tintype.api import Codec
from tintype.batch import shares
from tintype.limits import Limits
from tintype.models.hpcm.options import Options

FREE = 10**9


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight CPUs and 10^9 free bytes."""
    monkeypatch.setattr(shares, "available_cpus", lambda: 8)
    monkeypatch.setattr(shares, "free_memory", lambda: FREE)


@pytest.mark.parametrize(
    ("threads", "jobs", "expected"),
    [
        (None, 1, (8, 1)),
        (None, 3, (2, 3)),
        (None, 8, (1, 8)),
        (None, 99, (1, 8)),
        (1, 99, (1, 8)),
        (3, 8, (3, 2)),
        (16, 8, (16, 1)),
    ],
)
def test_jobs_times_threads_is_at_most_the_cpus(threads: int | None, jobs: int, expected: tuple[int, int]) -> None:
    codec, count = shares.shared(Codec(threads=threads), jobs)
    assert (codec.threads, count) == expected


def test_threads_of_hpcm_decide_bytes_and_so_stay() -> None:
    codec, count = shares.shared(Codec(options=Options("weights")), 8)
    assert (codec.threads, count) == (2, 4)  # its default, not a share


def test_free_memory_is_shared_and_a_limit_holds_for_each_job() -> None:
    assert shares.shared(Codec(), 1)[0].limits.max_memory is None
    assert shares.shared(Codec(), 4)[0].limits.max_memory == FREE // 4
    assert shares.shared(Codec(limits=Limits(max_memory=77)), 4)[0].limits.max_memory == 77


def test_all_else_of_the_codec_stays() -> None:
    limits = Limits(max_pixels=99, deadline=3)
    codec, _ = shares.shared(Codec(tune="eyes", look="natural", tile=120, limits=limits), 1)
    assert (codec.model, codec.look, codec.tile, codec.limits) == ("pico-s", "natural", 120, limits)
