"""Results of `tintype train` replace earlier ones only when asked to."""

from collections.abc import Sequence
from pathlib import Path

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
