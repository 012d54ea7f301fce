"""Lines of progress where stderr is no terminal. Bars are tested with `encode`."""

import re

import pytest

from tintype.cli.progress import Progress


def test_counted_parts_show_the_time_left_and_always_the_last_part(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(every=3600) as progress:
        for done in range(1, 4):
            progress.parts(done, 3, "a.png jpeg444")
    assert capsys.readouterr() == ("", "3 of 3, 0:00 left, a.png jpeg444\n")


def test_every_step_has_a_line_with_the_time_so_far(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(every=0) as progress:
        progress.step("coding")
        progress.step("page")
    assert re.fullmatch(r"0:00 coding\n0:0\d page\n", capsys.readouterr().err)


def test_short_work_writes_no_lines(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress() as progress:
        assert list(progress.each("ab")) == ["a", "b"]
        progress.tiles(1, 4)
    assert capsys.readouterr() == ("", "")
