"""What is told of a .tint file that `encode` made."""

from dataclasses import dataclass
from typing import Any

from tintype.budgets import EncodedFile
from tintype.describing import info
from tintype.targets import Target, described


@dataclass(frozen=True, slots=True)
class Made:
    """A .tint file and what it was made of."""

    input_bytes: int
    data: EncodedFile
    target: Target | None

    @property
    def is_smaller(self) -> bool:
        """Than its input."""
        return len(self.data) < self.input_bytes

    def refused(self) -> str:
        """Why it is not written."""
        return f"not written; {len(self.data)} bytes would be no less than its {self.input_bytes}"

    def described(self) -> str:
        """For people."""
        about, target, reached = info(self.data), self.target, self.data.reached
        quality = f", {described(target.measure, reached)}" if target and target.quality and reached is not None else ""
        promise = "opens only with its own weights" if about.release is None else "opens in every later version"
        return f"{about.size_bytes} bytes, {about.bpp:.3f} bpp, level {about.level}{quality}, {promise}"

    def facts(self) -> dict[str, Any]:
        """For programs; docs/cli.md has the keys."""
        about, target = info(self.data), self.target
        return {
            "input_bytes": self.input_bytes,
            "size_bytes": about.size_bytes,
            "bpp": about.bpp,
            "width": about.width,
            "height": about.height,
            "level": about.level,
            "exact": about.exact,
            "target": None if target is None else {"measure": target.measure, "value": target.value},
            "reached": self.data.reached,
            "release": about.release,
        }
