"""Folders whose runs are killed: the short form of `python -m benchmarks.folder_kills`."""

import os

import pytest

from benchmarks.folder_kills import kill_folder


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_a_folder_that_is_killed_and_resumed_is_as_one_that_was_not() -> None:
    found = kill_folder(pictures=24, kills=3)
    assert not found.faults
    assert sum(found.ends.values()) == 3
