"""What whoever watches a training sees of one network; no PyTorch, so that pages can hold it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["MAPS", "WEIGHTS", "Snapshot"]

#: Maps of the first block, and windows of the first binary layer, that a snapshot shows.
MAPS, WEIGHTS = 4, 6


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A network after some steps.

    Parameters
    ----------
    losses, hits
        Mean cross-entropy and share of right answers of the batch of every step so far.
    tested
        Pairs of steps done and accuracy on the test set, one for each look.
    flips
        For each finished epoch, the share of binary weights that changed sign over it.
    density
        Activation density by block, on test pictures.
    confusion
        Counts (classes, classes) on the test set; row: true class.
    picture
        The test picture that `maps` are of, uint8 (H, W, C).
    maps
        What the activations of the first block make of it: bits (`MAPS`, H', W').
    weights
        Latent weights of the first binary layer, (`WEIGHTS`, rows, columns) of its first channels;
        their signs are the bits that it computes with.
    """

    losses: list[float]
    hits: list[float]
    tested: list[tuple[int, float]]
    flips: list[float]
    density: dict[str, float]
    confusion: NDArray[np.int64]
    picture: NDArray[np.uint8]
    maps: NDArray[np.bool_]
    weights: NDArray[np.float32]
