"""Folders by several processes, with a manifest: the options `--jobs` and `--resume`, and the table at the end."""

import argparse
import os
import time
from collections.abc import Generator, Sequence
from contextlib import ExitStack, closing, suppress
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from tintype.batch.places import is_url, local
from tintype.cli.files import STREAM, Input, Job, Outputs
from tintype.cli.options import positive
from tintype.cli.outcome import Report, Status, describe, json_result, printable, result, say
from tintype.cli.progress import Progress
from tintype.errors import UsageError

if TYPE_CHECKING:
    from tintype.batch.actions import Action
    from tintype.batch.manifest import Manifest
    from tintype.batch.work import Outcome, Task, Work


def add_jobs(parser: argparse.ArgumentParser) -> None:
    """The option of every command that works on folders."""
    parser.add_argument(
        "--jobs",
        metavar="N",
        type=positive,
        help="files worked on at the same time, each by a process of its own; fastest for many small pictures. Jobs "
        "times threads is at most the available CPUs",
    )


def add_resume(parser: argparse.ArgumentParser) -> None:
    """The option of commands that write a folder."""
    parser.add_argument(
        "--resume",
        action="store_true",
        help="skip what an earlier run has done with the same settings, by the manifest in OUT; do again what changed",
    )


def add_ray(parser: argparse.ArgumentParser) -> None:
    """The option of `encode` for clusters."""
    parser.add_argument(
        "--ray",
        metavar="ADDRESS",
        help="work on a Ray cluster, or with local in a Ray of this machine; inputs and OUT may be URLs. Needs "
        "tintype[ray]; see docs/clusters.md",
    )


def is_batch(options: argparse.Namespace) -> bool:
    """Whether the command's files go to processes."""
    if getattr(options, "ray", None) is None:
        return options.jobs is not None or getattr(options, "resume", False)
    if options.jobs is not None:
        raise UsageError("--ray shares out the files by itself; leave out --jobs")
    return True


def resolve_urls(options: argparse.Namespace) -> None:
    """With --ray, `file://` URLs become paths. Without it there are no URLs.

    Raises
    ------
    UsageError
        There are: as a path, a URL would become a folder here.
    """
    output = getattr(options, "output", None)
    if getattr(options, "ray", None) is None:
        if any(map(is_url, [*options.inputs, output or ""])):
            raise UsageError("URLs are possible with encode --ray ADDRESS alone, or --ray local; give a path")
        return
    options.inputs = [local(place) for place in options.inputs]
    options.output = local(output) if output else None


def run_jobs(action: "Action", jobs: Sequence[Job], options: argparse.Namespace, report: Report) -> None:
    """Work on files whose results are files; errors are reported, and counted in a table at the end.

    Raises
    ------
    UsageError
        The options do not fit, or another run works on the folder of results.
    """
    from tintype.batch.manifest import Manifest

    if any(job.input.is_stream or job.target == STREAM for job in jobs):
        raise UsageError("--jobs and --resume work on files, not on standard input or output, or pipes")
    manifest = Manifest(options.output) if jobs and jobs[0].makes_folders else None
    if jobs and manifest is None and (options.resume or getattr(options, "ray", None) is not None):
        raise UsageError("--resume and --ray need a folder for results and its manifest; give -o FOLDER/")
    with ExitStack() as stack:
        if manifest is not None:
            stack.enter_context(manifest.alone())
        tasks = _tasks(jobs, manifest, options, report)
        _run(action, tasks, manifest, options, report, len(jobs) - len(tasks))


def run_inputs(action: "Action", inputs: Sequence[Input], options: argparse.Namespace, report: Report) -> None:
    """Work on files without results: a line on stdout for each that is sound."""
    from tintype.batch.work import Task

    if any(each.is_stream for each in inputs):
        raise UsageError("--jobs works on files, not on standard input or pipes")
    _run(action, [Task(each.name, each.path) for each in inputs], None, options, report, 0)


def _tasks(
    jobs: Sequence[Job], manifest: "Manifest | None", options: argparse.Namespace, report: Report
) -> "list[Task]":
    """What may be written; refuses the rest. Parts that killed runs have left are removed."""
    from tintype.batch.work import Task
    from tintype.replacing import remove_dead_parts

    done, unreadable = manifest.read() if manifest is not None and options.resume else ({}, 0)
    if unreadable:
        say(f"{options.output}: {unreadable} lines of the manifest cannot be read, and are ignored")
    outputs, tasks = Outputs(options.force), list[Task]()
    for job in jobs:
        below = PurePath(os.path.relpath(job.target, options.output)).as_posix() if manifest is not None else ""
        earlier = done.pop(below, ())
        with report.file(job.input.name):
            is_ours = any(each.result_sha256 is not None for each in earlier)
            outputs.claim(job, is_ours)
            if not is_url(job.target):
                remove_dead_parts(Path(job.target).parent)
            replaces = options.force or is_ours
            source = job.input.below.as_posix()
            tasks.append(Task(job.input.name, job.input.path, job.target, source, below, replaces, earlier))
    if done:
        say(f"{options.output}: {len(done)} results of earlier runs have other sources, and stay as they are")
    return tasks


def _run(
    action: "Action",
    tasks: "Sequence[Task]",
    manifest: "Manifest | None",
    options: argparse.Namespace,
    report: Report,
    refused: int,
) -> None:
    """Work on the tasks and print the table; `refused` files are counted as failed."""
    from tintype.batch.work import Work

    work = Work(action, action.settings(), manifest, getattr(options, "keep_times", False))
    table = Table(failed=refused)
    with Progress() as progress, closing(_outcomes(work, tasks, options)) as found:
        for number, outcome in enumerate(found, start=1):
            progress.parts(number, len(tasks), "files")
            table.add(outcome)
            _tell(outcome, options, report)
            if outcome.error is not None and manifest is not None:
                with suppress(OSError):  # the error was told; a full disk takes no line either
                    manifest.append([work.failure(outcome.task, describe(outcome.error))])
    table.say(report.skipped)


def _outcomes(work: "Work", tasks: "Sequence[Task]", options: argparse.Namespace) -> "Generator[Outcome, None, None]":
    """Of processes here, or of a cluster."""
    if getattr(options, "ray", None) is not None:
        from tintype.batch import cluster

        return cluster.outcomes(work, tasks, options.ray)
    from tintype.batch import processes
    from tintype.batch.shares import shared

    codec, count = shared(work.action.codec, options.jobs or 1)
    if options.jobs is not None and count < options.jobs:
        say(f"--jobs {options.jobs}: {count} at the same time, for jobs times threads is at most the CPUs")
    return processes.outcomes(work.running_on(codec), tasks, count)


def _tell(outcome: "Outcome", options: argparse.Namespace, report: Report) -> None:
    """Say what became of a file, as far as that was asked for, and count its status."""
    name, target, told = outcome.task.name, outcome.task.target, outcome.result
    for note in told.notes if told is not None else ():
        say(f"{name}: {note}")
    if told is not None and told.damaged:
        report.worsen(Status.INPUT)
    if outcome.error is not None:
        report.error(name, outcome.error)
    elif options.json:
        place = {} if target is None else {"output": None if outcome.state == "kept" else target}
        facts = {"skipped": True} if told is None else told.facts
        seconds = {} if target is None else {"seconds": outcome.seconds}
        json_result({"file": name, **place, **facts, **seconds})
    elif target is None:
        result(f"{printable(name)}: OK")
    elif getattr(options, "verbose", False) and outcome.state != "kept":
        say(f"{name}: {'skipped' if told is None else f'{told.described}, {outcome.seconds:.2f} s'}")


class Table:
    """Files and their bytes, before and after, by what became of them.

    Parameters
    ----------
    failed : files that were refused before
    """

    def __init__(self, failed: int) -> None:
        self._begin = time.monotonic()
        self._rows = {"done": [0, 0, 0], "kept": [0, 0, 0], "skipped": [0, 0, 0], "failed": [failed, 0, 0]}

    def add(self, outcome: "Outcome") -> None:
        """Count one outcome."""
        for i, count in enumerate((1, outcome.bytes_before, outcome.bytes_after)):
            self._rows[outcome.state][i] += count

    def say(self, others: int) -> None:
        """Print it; `others` are files of other kinds, hidden ones and links."""
        files = {state: row[0] for state, row in self._rows.items()}
        if files["skipped"] and files["skipped"] == sum(files.values()):
            say("nothing to do: every result is there already")
        say(f"{'':8}{'files':>9}{'before':>12}{'after':>12}")
        for state, (count, before, after) in self._rows.items():
            if state == "kept" and not count:
                continue
            sizes = f"{_size(before)}{_size(after)}{after / before:9.1%}" if before and after else ""
            say(f"{state:8}{count:9}{sizes}")
        if others:
            say(f"{'ignored':8}{others:9}  of another kind, hidden, or linked folders")
        say(f"{'time':8}{time.monotonic() - self._begin:9.1f} s")


def _size(count: int) -> str:
    """Bytes in 12 columns, with a unit of powers of 1000."""
    size, units = float(count), iter(("B", "kB", "MB", "GB"))
    unit = next(units)
    while size >= 1000 and unit != "GB":
        size, unit = size / 1000, next(units)
    return f"{size:9.1f} {unit:2}"
