"""The natural look: a second synthesis draws texture that the file does not hold, from the same latents.

It is mixed with the faithful one: strongly at low rates, where texture is missing, not at all at high rates, and not
where `gate` finds text.
"""

import numpy as np

from tintype.models.pico.gate import Gate, enlarged
from tintype.models.pico.tile_model import Floats, PicoModel, Synthesis
from tintype.pixels import Pixels
from tintype.weights.bundle import Bundle

FULL, NONE = 30, 40  # levels: up to the first the natural synthesis counts fully, from the second on not at all
FAITHFUL_BYTES_PER_PIXEL = 12  # of a tile, beside its second synthesis; to mix both takes less than that


class NaturalModel(PicoModel):
    """A pico whose tiles have the natural look. Its rows and symbols are those of the faithful one.

    Parameters
    ----------
    faithful, bundle : the model, and what it was loaded from
    natural : its natural look, which `check_natural` let pass
    synthesis : that of the natural look, on an engine
    """

    def __init__(self, faithful: PicoModel, bundle: Bundle, natural: Bundle, synthesis: Synthesis) -> None:
        super().__init__(bundle, faithful.networks)
        self._natural, self._gate = synthesis, Gate.of(natural.arrays["gate"])

    @property
    def quarters(self) -> bool:
        """The readout gives the faithful look."""
        return False

    def draws(self, level: int) -> bool:
        """Whether pictures of a level differ from faithful ones, but for what the gate closes."""
        return strength(level) > 0

    def tile_bytes(self, pixels: int) -> int:
        return super().tile_bytes(pixels) + FAITHFUL_BYTES_PER_PIXEL * pixels

    def synthesise(self, latents: Floats, level: int) -> Pixels:
        pixels, share = super().synthesise(latents, level), strength(level)
        if not share:
            return pixels
        mask = self._gate(latents)
        if mask.any():
            drawn = self._natural.synthesis(latents)
            pixels += np.float32(share) * enlarged(mask) * (drawn - pixels)
        return pixels


def strength(level: int) -> float:
    """Share of the natural look at a level, 0 to 1."""
    return min(1.0, max(0.0, (NONE - level) / (NONE - FULL)))
