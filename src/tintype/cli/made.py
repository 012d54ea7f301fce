"""What is told of a .tint file that `encode` made."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tintype.budgets import EncodedFile
    from tintype.targets import Target


@dataclass(frozen=True, slots=True)
class Made:
    """A .tint file and where it comes from.

    Parameters
    ----------
    output : None: it was not written
    """

    input: str
    output: str | None
    input_bytes: int
    data: "EncodedFile"
    target: "Target | None"

    @property
    def is_smaller(self) -> bool:
        """Than its input."""
        return len(self.data) < self.input_bytes

    def described(self, seconds: float) -> str:
        """For people."""
        from tintype.api import info
        from tintype.targets import described

        about, target, reached = info(self.data), self.target, self.data.reached
        quality = f"{described(target.measure, reached)}, " if target and target.quality and reached is not None else ""
        return f"{about.size_bytes} bytes, {about.bpp:.3f} bpp, level {about.level}, {quality}{seconds:.2f} s"

    def facts(self, seconds: float) -> dict[str, Any]:
        """For programs; docs/cli.md has the keys."""
        from tintype.api import info

        about, target = info(self.data), self.target
        return {
            "file": self.input,
            "output": self.output,
            "input_bytes": self.input_bytes,
            "size_bytes": about.size_bytes,
            "bpp": about.bpp,
            "width": about.width,
            "height": about.height,
            "level": about.level,
            "exact": about.exact,
            "target": None if target is None else {"measure": target.measure, "value": target.value},
            "reached": self.data.reached,
            "seconds": seconds,
        }
