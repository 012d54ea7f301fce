"""The process of the command: its streams, its signals, its end.

It is imported before everything else of the command, and so imports little.
"""

import os
import signal
import sys
from types import FrameType
from typing import TextIO

INTERRUPTED, TERMINATED = 130, 143  # what shells give a command that Ctrl-C or SIGTERM ended
BROKEN_PIPE = 141  # what they give one that SIGPIPE ended: its reader has left
FAILED_OUTPUT = 4  # `tintype.cli.outcome.Status.SYSTEM`, which is not imported yet when it may be needed


def command() -> int:
    """Run the command that the process was started with; returns the exit status."""
    _open_closed_streams()
    ended = _Ended()
    is_interruptible = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # not where a shell ignores it
    try:
        if is_interruptible:
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # nothing to clean up yet: end without a word
        from tintype.cli.main import main

        if is_interruptible:
            signal.signal(signal.SIGINT, ended.interrupt)
        if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            signal.signal(signal.SIGTERM, ended.terminate)
        status = main()
    except KeyboardInterrupt:
        status = INTERRUPTED
    except SystemExit as end:  # argparse's, and that of `terminate`
        status = end.code if isinstance(end.code, int) else 0
    return _flushed(ended.status if status and ended.status else status)


class _Ended:
    """Handlers of the signals that end the command. Both remove unfinished files on the way out.

    The status is kept here too, for libraries make other errors of an exception that comes while they work.
    """

    status = 0

    def interrupt(self, *_: object) -> None:
        """For Ctrl-C."""
        self.status = INTERRUPTED
        raise KeyboardInterrupt

    def terminate(self, number: int, _: FrameType | None) -> None:
        """For SIGTERM; a second one ends the process at once."""
        self.status = TERMINATED
        signal.signal(number, signal.SIG_DFL)
        raise SystemExit(TERMINATED)


def _open_closed_streams() -> None:
    """Give streams that the caller closed a file that fails when it is used.

    Python has None for them. Then the next file that is opened would take a stream's number, and prints meant for
    stderr would go to stdout.
    """
    # stdin and stdout are opened for the other direction; of an error on stderr nobody could be told
    streams = (("stdin", "r", os.O_WRONLY), ("stdout", "w", os.O_RDONLY), ("stderr", "w", os.O_WRONLY))
    for number, (name, mode, flags) in enumerate(streams):
        if getattr(sys, name) is None:
            found = os.open(os.devnull, flags)
            if found != number:
                os.dup2(found, number)
            setattr(sys, name, open(number, mode, errors="backslashreplace", closefd=False))  # noqa: SIM115


def _flushed(status: int) -> int:
    """The status, after what is still in the streams' buffers was written; else the interpreter would try and fail."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError as error:
            discard(stream)
            status = max(status, BROKEN_PIPE if isinstance(error, BrokenPipeError) else FAILED_OUTPUT)
    return status


def discard(stream: TextIO) -> None:
    """Drop all further output of a stream."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
