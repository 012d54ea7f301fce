"""How CPUs and memory are shared by jobs that run at the same time."""

from dataclasses import replace

from tintype.api import Codec
from tintype.codec.workers import available_cpus
from tintype.free_memory import free_memory
from tintype.limits import Limits
from tintype.models.hpcm.options import DEFAULT_THREADS


def shared(codec: Codec, jobs: int) -> tuple[Codec, int]:
    """The codec of each job, and how many jobs run.

    Jobs times threads is at most the CPUs of this process. A number of threads that was chosen stays, for it may decide
    bytes (HPCM), and fewer jobs run. Without a limit of memory each job gets an equal share of what is free now: each
    on its own would take all of it.
    """
    cpus, threads = available_cpus(), chosen_threads(codec)
    if threads is None:
        jobs = min(jobs, cpus)
        threads = cpus // jobs
    else:
        jobs = max(1, min(jobs, cpus // threads))
    limits, free = codec.limits, free_memory()
    if jobs > 1 and limits.max_memory is None and free is not None:
        limits = replace(limits, max_memory=max(1, free // jobs))
    return changed(codec, threads, limits), jobs


def chosen_threads(codec: Codec) -> int | None:
    """Threads that a codec must have; None: any number gives the same bytes."""
    return codec.threads or (None if codec.options is None else DEFAULT_THREADS)


def changed(codec: Codec, threads: int, limits: Limits) -> Codec:
    """The same model and look with other threads and limits."""
    return Codec(codec.model, look=codec.look, threads=threads, tile=codec.tile, options=codec.options, limits=limits)
