"""Rows in CSV files."""

from pathlib import Path

import pytest

from tintype.errors import InputError
from tintype.evaluation.measuring import rows
from tintype.evaluation.measuring.rows import Row

ROW = Row(
    "a, with a comma",
    "0" * 64,
    64,
    48,
    "jpeg444",
    'JPEG "4:4:4"',
    "Pillow 1; libjpeg 2",
    12.5,
    1000,
    2.60417,
    "1" * 64,
    {"psnr": 31.4159, "ms_ssim": 0.987654},
    {"encode_s": 0.01},
)


def test_a_row_read_equals_the_row_written(tmp_path: Path) -> None:
    failed = Row("b", codec="webp_m6", quality=3, error="it broke,\nin two lines")
    rows.write(tmp_path / "r.csv", [failed, ROW])
    assert rows.read(tmp_path / "r.csv") == [ROW, failed]
    rows.append(tmp_path / "r.csv", [ROW])
    assert rows.read(tmp_path / "r.csv") == [ROW, failed, ROW]


def test_equal_content_gives_equal_bytes_in_any_order(tmp_path: Path) -> None:
    others = [Row("b", codec="x", quality=q) for q in (10, 9, 2.5)]
    rows.write(tmp_path / "1.csv", [ROW, *others])
    rows.write(tmp_path / "2.csv", [*others[::-1], ROW])
    assert (tmp_path / "1.csv").read_bytes() == (tmp_path / "2.csv").read_bytes()
    assert [row.quality for row in rows.read(tmp_path / "1.csv")] == [12.5, 2.5, 9, 10]


def test_every_cut_of_the_last_line_loses_that_line_alone(tmp_path: Path) -> None:
    rows.write(tmp_path / "r.csv", [ROW, Row("z", codec="x", quality=1, size_bytes=10, times={"decode_cpu_s": 0.125})])
    text = (tmp_path / "r.csv").read_text()
    last = text.rindex("\n", 0, len(text) - 1) + 1
    for length in range(last + 1, len(text) - 1 - len("125")):  # 0.12500 cut in its last digits cannot be told
        (tmp_path / "r.csv").write_text(text[:length])
        found = rows.read(tmp_path / "r.csv")
        assert found[0] == ROW
        assert len(found) == 1 or found[1].times != {"decode_cpu_s": 0.125}


def test_older_names_of_columns_and_comments_are_understood(tmp_path: Path) -> None:
    (tmp_path / "old.csv").write_text("# versions\ncodec,q,image,bytes,bpp,psnr,ms_ssim\njpeg,5,a,77,0.5,30.1,0.9\n")
    (row,) = rows.read(tmp_path / "old.csv")
    assert (row.codec, row.quality, row.image, row.size_bytes, row.bpp) == ("jpeg", 5, "a", 77, 0.5)
    assert row.values == {"psnr": 30.1, "ms_ssim": 0.9}


@pytest.mark.parametrize(
    ("text", "message"),
    [("x,y\n1,2\n", "not a table of results"), ("image,codec,bpp\na,b,c\na,b,1\n", "row 1: could not convert")],
)
def test_other_tables_are_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "r.csv").write_text(text)
    with pytest.raises(InputError, match=message):
        rows.read(tmp_path / "r.csv")


@pytest.mark.parametrize("data", [b"image,codec\n\xff,b\n", b"image,codec\n" + b"a" * 200_000 + b",b\n"])
def test_bytes_that_are_no_table_are_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "r.csv").write_bytes(data)
    with pytest.raises(InputError, match=r"r\.csv: not a table of results"):
        rows.read(tmp_path / "r.csv")
