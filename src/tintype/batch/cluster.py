"""Tasks on a cluster, by Ray Data: actors hold the codec, and Ray moves the work to where CPUs are free.

Every actor writes a manifest of its own beside the results, so nothing is lost when the process that started the run
ends. Results, not pixels, are what actors hold until a batch is recorded.
"""

import logging
import os
import pickle
import secrets
import signal
import socket
import warnings
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from tintype.batch.manifest import NAME
from tintype.batch.places import is_url
from tintype.batch.shares import changed, chosen_threads
from tintype.batch.work import Outcome, Task, Work
from tintype.codec.workers import available_cpus
from tintype.errors import UnsupportedError

LOCAL = "local"
MAX_BATCH = 32  # files whose results an actor holds until they are recorded
CONNECT_S = 10
BATCHES_PER_CPU = 4  # so that the last ones end at about the same time


def outcomes(work: Work, tasks: Sequence[Task], address: str) -> Generator[Outcome, None, None]:
    """Outcomes as they come.

    Parameters
    ----------
    address : of a cluster as `ray.init` takes it ("auto", "host:6379", "ray://host:10001"), or "local": a Ray of this
        machine, which ends with the call

    Raises
    ------
    UnsupportedError
        Ray is not installed, cannot be reached, or gave up.
    """
    # Without a number of threads each actor takes one CPU: pictures are many, so they are what runs side by side
    threads = chosen_threads(work.action.codec) or 1
    work = _absolute_work(work.running_on(changed(work.action.codec, threads, work.action.codec.limits)))
    missing = dict(enumerate(tasks))
    if not missing:
        return
    with _connected(address) as ray:
        cpus = int(ray.cluster_resources().get("CPU", 1))
        size = min(MAX_BATCH, max(1, len(tasks) * threads // (BATCHES_PER_CPU * cpus)))
        # A file that kills its actor takes its batch along. The second time each file is alone
        for batch_size in (size, 1):
            for number, outcome in _pass(ray, work, missing, batch_size, threads):
                yield replace(outcome, task=missing.pop(number))
    for task in missing.values():
        yield Outcome(task, "failed", error=UnsupportedError("the actor that worked on it ended; Ray's log says why"))


def _pass(
    ray: Any, work: Work, tasks: Mapping[int, Task], batch_size: int, threads: int
) -> Iterator[tuple[int, Outcome]]:
    """Numbers and outcomes of the tasks whose actors lived."""
    rows = [{"number": number, "task": pickle.dumps(_absolute(task))} for number, task in tasks.items()]
    if not rows:
        return
    blocks = ray.data.from_items(rows, override_num_blocks=-(-len(rows) // batch_size))
    with warnings.catch_warnings():
        # Ray 2.60 calls the number of retries deprecated, and has no other way to say it
        warnings.simplefilter("ignore", DeprecationWarning)
        found = blocks.map_batches(
            _Coder,
            fn_constructor_args=(work,),
            batch_size=batch_size,
            compute=ray.data.ActorPoolStrategy(min_size=1, max_tasks_in_flight_per_actor=1),  # others would die with it
            num_cpus=threads,
            max_task_retries=0,
        )
    for row in found.iter_rows():
        yield row["number"], pickle.loads(row["outcome"])


class _Coder:
    """An actor: one codec, and one manifest."""

    def __init__(self, work: Work) -> None:
        manifest = work.manifest and replace(work.manifest, name=f"{NAME}-{secrets.token_hex(8)}")
        self._work = replace(work, manifest=manifest)

    def __call__(self, batch: Mapping[str, Any]) -> Mapping[str, Any]:
        found = self._work([pickle.loads(task) for task in batch["task"]])
        return {"number": batch["number"], "outcome": [each.pickled() for each in found]}


@contextmanager
def _connected(address: str) -> Iterator[Any]:
    """The package, connected, quiet, and with its errors as ours."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # before the import: nothing is sent to anybody
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise UnsupportedError(f'--ray needs a package ({error}); pip install "tintype[ray]"') from error
    _require_listener(address)
    terminate = signal.getsignal(signal.SIGTERM)
    here: dict[str, Any] = {}
    if address == LOCAL:
        here = {"num_cpus": available_cpus(), "include_dashboard": False, "_node_ip_address": "127.0.0.1"}
    try:
        ray.init(address, log_to_driver=False, logging_level=logging.ERROR, **here)
        signal.signal(signal.SIGTERM, terminate)  # Ray takes it over
        logging.getLogger("ray.data").setLevel(logging.ERROR)
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        context.max_errored_blocks = -1  # of actors that died; their files are named by the caller
        yield ray
    except (ray.exceptions.RayError, ConnectionError) as error:
        raise UnsupportedError(f"Ray at {address}: {str(error).strip().splitlines()[0]}") from error
    finally:
        ray.shutdown()


def _require_listener(address: str) -> None:
    """Ray tries for minutes to reach an address where nobody listens."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdecimal():
        try:
            socket.create_connection((host, int(port)), CONNECT_S).close()
        except (OSError, OverflowError) as error:
            raise UnsupportedError(
                f"--ray {address}: nobody listens there ({error}); start Ray, or give another address"
            ) from error


def _absolute(task: Task) -> Task:
    """Actors have other current folders."""
    target = None if task.target is None else _absolute_place(task.target)
    return replace(task, source=_absolute_place(task.source), target=target)


def _absolute_work(work: Work) -> Work:
    manifest = work.manifest and replace(work.manifest, folder=_absolute_place(work.manifest.folder))
    return replace(work, manifest=manifest)


def _absolute_place(place: str) -> str:
    return place if is_url(place) else os.path.abspath(place)
