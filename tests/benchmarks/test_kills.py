"""Commands that are killed: the short form of `python -m benchmarks.kills`."""

import os

import pytest

from benchmarks.kills import kill_all


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_killed_commands_leave_no_wrong_file_and_the_next_run_no_part() -> None:
    ends, faults = kill_all(9)
    assert not faults
    assert sum(ends.values()) == 9
