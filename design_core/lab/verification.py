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


@dataclass(frozen=True)
class Verification:
    """A packed network beside its float original.

    Parameters
    ----------
    pictures, same_class
        Compared, and of these given the same class.
    largest_difference
        Of any score of any picture.
    """

    pictures: int
    same_class: int
    largest_difference: float

    @property
    def holds(self) -> bool:
        """Every class is the same, and every score to `TOLERANCE`."""
        return self.same_class == self.pictures and self.largest_difference <= TOLERANCE

    def __str__(self) -> str:
        return (
            f"same class for {self.same_class:,} of {self.pictures:,} pictures, "
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
    same, largest = 0, 0.0
    for start in range(0, len(data.test_x), _BATCH):
        pixels = data.test_x[start : start + _BATCH]
        x = checkpoint.pictures.normalized(pixels).to(memory_format=torch.channels_last)
        ours, theirs = packed(x.numpy()), checkpoint.model(x).numpy()
        same += int((ours.argmax(1) == theirs.argmax(1)).sum())
        largest = max(largest, float(np.abs(ours - theirs).max()))
    return Verification(len(data.test_x), same, largest)
