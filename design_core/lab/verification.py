"""Does the 1-bit engine give what PyTorch gives? Asked of a whole test set."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from design_core.training.data import TrainingData
from design_core.zoo.checkpoint import Checkpoint

__all__ = ["TOLERANCE", "Verification", "verify_engine"]

#: What scores may differ by: the last digits of float32 sums.
TOLERANCE = 1e-4

_BATCH = 250  # pictures; in batches PyTorch's sums of the first layer have one order on x86
_SCENES_BATCH = 8  # larger ones, whose scores are maps


@dataclass(frozen=True)
class Verification:
    """A packed network beside its float original.

    Parameters
    ----------
    pictures
        How many were given to both.
    compared, same_class
        Classes compared, and those that are the same: of each picture, or of each pixel.
    largest_difference
        Of any score.
    """

    pictures: int
    compared: int
    same_class: int
    largest_difference: float

    @property
    def holds(self) -> bool:
        """Every class is the same, and every score to `TOLERANCE`."""
        return self.same_class == self.compared and self.largest_difference <= TOLERANCE

    def __str__(self) -> str:
        of = "pictures"
        if self.compared != self.pictures:
            of = f"pixels of {self.pictures:,} pictures"
        return (
            f"same class for {self.same_class:,} of {self.compared:,} {of}, "
            f"scores differ by {self.largest_difference:.1e} at most"
        )


@torch.inference_mode()
def verify_engine(checkpoint: Checkpoint, data: TrainingData) -> Verification | None:
    """Compare scores on all test pictures; None for a network that the engine cannot run.

    Raises
    ------
    ValueError
        Pictures of another size than the network takes.
    """
    packed = checkpoint.packed
    if packed is None:
        return None
    same, compared, largest = 0, 0, 0.0
    batch = _SCENES_BATCH if data.per_pixel else _BATCH
    for start in range(0, len(data.test_x), batch):
        pixels = data.test_x[start : start + batch]
        x = checkpoint.pictures.normalized(pixels).to(memory_format=torch.channels_last)
        ours, theirs = packed(x.numpy()), checkpoint.model(x).numpy()
        alike = ours.argmax(1) == theirs.argmax(1)
        same, compared = same + int(alike.sum()), compared + alike.size
        largest = max(largest, float(np.abs(ours - theirs).max()))
    return Verification(len(data.test_x), compared, same, largest)
