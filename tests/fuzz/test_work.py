"""The fuzzer finds what is there to be found, and a short run of each target finds nothing."""

import random
from pathlib import Path

import pytest

from fuzz import archive, mutate, target, tint, work
from fuzz.targets import bundle, container
from tintype.codec.container.file import parse
from tintype.errors import FormatError, TintypeError

EXECUTIONS = {"container": 4000, "pico": 500, "hpcm": 30, "metadata": 150, "pictures": 1500, "bundle": 60}
EXECUTIONS |= {"checkpoint": 500, "graphics": 1000}


def test_exceptions_crashes_and_hangs_are_found_and_the_run_goes_on() -> None:
    tally = work.fuzz("tests.fuzz.hostile", seconds=60, seed=1, executions=12, hang_seconds=2)
    findings = {what.partition(" at ")[0]: finding for what, finding in tally.findings.items()}
    assert set(findings) == {"ZeroDivisionError", "crash with status -6", "hang"}
    assert tally.outcomes["ValueError"] and tally.outcomes["accepted"]


def test_a_number_and_a_seed_give_the_input_again(tmp_path: Path) -> None:
    made = container.target(tmp_path)
    inputs = [target.input_of(made, made.seeds, seed=5, number=number) for number in range(50)]
    assert inputs == [target.input_of(made, made.seeds, seed=5, number=number) for number in range(50)]
    assert len(set(inputs)) > 40


def test_most_changed_files_get_past_the_checksums(tmp_path: Path) -> None:
    made, rng = container.target(tmp_path), random.Random(1)
    stopped = 0
    for _ in range(500):
        try:
            parse(tint.mutated(rng.choice(made.seeds), rng))
        except FormatError as error:
            stopped += "CRC" in str(error)
        except TintypeError:
            pass
    assert stopped < 100


def test_repaired_files_are_as_the_writer_makes_them(tmp_path: Path) -> None:
    for seed in container.target(tmp_path).seeds:
        damaged = bytearray(seed)
        damaged[-1] ^= 1  # of the last section's checksum
        assert tint.repaired(bytes(damaged)) == seed


def test_changed_archives_change_one_thing(tmp_path: Path) -> None:
    path = tmp_path / "tiny.tintmodel"
    bundle.tiny_bundle().write(path)
    rng, data = random.Random(1), path.read_bytes()
    changed = [archive.mutated(data, rng) for _ in range(20)]
    assert len(set(changed)) == 20 and data not in changed


def test_edits_stay_within_their_bounds() -> None:
    rng, data = random.Random(1), bytes(range(100))
    for _ in range(200):
        changed = mutate.edited(data, rng, 10, 20)
        assert changed.startswith(data[:10]) and changed.endswith(data[20:])


@pytest.mark.parametrize("name", target.NAMES)
def test_inputs_to_start_from_are_read(name: str, tmp_path: Path) -> None:
    made = target.load(name, tmp_path)
    assert made.seeds
    for seed in made.seeds:
        made.run(seed)


@pytest.mark.parametrize("name", target.NAMES)
def test_a_short_run_finds_nothing(name: str) -> None:
    tally = work.fuzz(name, seconds=60, seed=251, executions=EXECUTIONS[name])
    assert not tally.findings
    assert tally.executions == EXECUTIONS[name] and len(tally.outcomes) > (name != "metadata")
