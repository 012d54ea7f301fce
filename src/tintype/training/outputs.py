"""Results of `tintype train` appear complete or not at all, and replace earlier ones only when asked to."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tintype.errors import UsageError


def refuse(existing: Sequence[Path], force: bool) -> None:
    """Protect earlier results.

    Raises
    ------
    UsageError
        There are some, and `force` is not set.
    """
    if existing and not force:
        others = f" and {len(existing) - 1} more" if len(existing) > 1 else ""
        raise UsageError(f"{existing[0]}{others}: exists; --force replaces it, another output keeps it")


@contextmanager
def staged(folder: Path, replaced: Sequence[Path] = ()) -> Iterator[Path]:
    """A temporary folder whose files move into `folder` when the block ends well, and else leave no trace.

    Parameters
    ----------
    replaced : earlier results, removed just before the new ones move
    """
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".part-", dir=folder) as part:
        yield Path(part)
        for path in replaced:
            path.unlink(missing_ok=True)
        for path in sorted(Path(part).iterdir()):
            os.replace(path, folder / path.name)
