"""Clusters, by a Ray of this machine: the same bytes, the same manifest, and files that kill their actor."""

import json
import re
import signal
import socket
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.batch.test_processes import Stand, tasks
from tests.cli.command import names, photo, tintype
from tintype.api import Codec
from tintype.batch import cluster
from tintype.batch.work import Work
from tintype.errors import UnsupportedError

with_ray = pytest.mark.skipif(find_spec("ray") is None, reason='ray is not installed: pip install "tintype[ray]"')


def encode(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Without `-W error`: Ray has warnings of its own."""
    command = [sys.executable, "-m", "tintype", "encode", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=500, check=False)


@with_ray
def test_a_cluster_gives_the_bytes_and_the_manifest_of_this_machine(tmp_path: Path) -> None:
    for seed, place in enumerate(("a.png", "sub/b.jpg", "sub/c d.png")):
        photo(tmp_path / "in" / place, seed=seed)
    (tmp_path / "in/bad.png").write_bytes(b"no picture")
    assert tintype(tmp_path, "encode", "in", "-o", "one").status == 3
    url = (tmp_path / "out").as_uri()
    first = encode(tmp_path, (tmp_path / "in").as_uri(), "-o", url, "--ray", "local")
    assert first.returncode == 3, first.stderr
    assert f"{tmp_path}/in/bad.png: not a picture in a known format, or damaged\n" in first.stderr
    assert re.search(r"^done +3 ", first.stderr, re.MULTILINE)
    ours = [line for line in first.stderr.splitlines() if not re.match(r"\[.*core_worker", line)]
    assert len(ours) == 6, first.stderr  # the error and the table
    results = [name for name in names(tmp_path / "out") if not name.endswith(".jsonl")]
    assert results == names(tmp_path / "one")
    for name in results:
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "one" / name).read_bytes()
    lines = [
        json.loads(line)
        for path in (tmp_path / "out").glob("tintype-manifest*.jsonl")
        for line in path.read_text().splitlines()
    ]
    assert sorted((line["status"], line["source"]) for line in lines) == [
        ("done", "a.png"),
        ("done", "sub/b.jpg"),
        ("done", "sub/c d.png"),
        ("failed", "bad.png"),
    ]
    (tmp_path / "in/bad.png").unlink()
    here = tintype(tmp_path, "encode", "in", "-o", "out", "--resume")
    assert (here.status, here.err.splitlines()[0]) == (0, "nothing to do: every result is there already")
    (tmp_path / "out/sub/b.tint").unlink()
    again = encode(tmp_path, "in", "-o", "out", "--ray", "local", "--resume")
    assert again.returncode == 0, again.stderr
    assert re.search(r"^done +1 .*\nskipped +2 ", again.stderr, re.MULTILINE)


@with_ray
@pytest.mark.filterwarnings("ignore")  # Ray's own
def test_a_file_that_kills_its_actor_is_named_and_ends_nothing_else(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGTERM)
    work = Work(Stand(Codec(threads=1)))
    found = {each.task.name: each for each in cluster.outcomes(work, tasks(tmp_path, "a", "crash", "b"), "local")}
    assert {name: each.state for name, each in found.items()} == {"a": "done", "b": "done", "crash": "failed"}
    assert isinstance(found["crash"].error, UnsupportedError)
    assert signal.getsignal(signal.SIGTERM) is before


@with_ray
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("address", ["127.0.0.1:{}", "ray://127.0.0.1:{}", "127.0.0.1:99999"])
def test_an_address_where_nobody_listens_is_told_at_once(tmp_path: Path, address: str) -> None:
    with socket.socket() as taken:  # bound, but not listening
        taken.bind(("127.0.0.1", 0))
        place = address.format(taken.getsockname()[1])
        with pytest.raises(UnsupportedError, match=f"--ray {place}: nobody listens there"):
            list(cluster.outcomes(Work(Stand(Codec(threads=1))), tasks(tmp_path, "a"), place))


def test_without_ray_the_extra_is_named(tmp_path: Path) -> None:
    photo(tmp_path / "in/a.png")
    script = (
        "import sys; sys.modules['ray'] = None; from tintype.cli.main import main; "
        "sys.exit(main(['encode', 'in', '-o', 'out', '--ray', 'local']))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 4
    assert 'pip install "tintype[ray]"' in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("file:///in", "-o", "out/"), "URLs are possible with encode --ray"),
        (("in", "-o", "s3://bucket/out"), "URLs are possible with encode --ray"),
        (("in", "-o", "out", "--ray", "local", "--jobs", "2"), "--ray shares out the files by itself"),
        (("in", "--ray", "local"), "--resume and --ray need a folder for results"),
    ],
)
def test_options_that_do_not_fit_are_wrong_usage(tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    photo(tmp_path / "in/a.png")
    result = tintype(tmp_path, "encode", *arguments)
    assert (result.status, result.out) == (2, "")
    assert message in result.err
