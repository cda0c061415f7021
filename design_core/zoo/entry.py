"""Networks of the zoo in use: opened by name, asked for classes, looked into."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from design_core.networks import activation_maps
from design_core.pictures import Picture
from design_core.zoo.card import CHECKPOINTS, Card, find_card
from design_core.zoo.checkpoint import Checkpoint, load_checkpoint

__all__ = ["Entry", "layer_maps", "open_entry"]


@dataclass(frozen=True, eq=False)
class Entry:
    """One network of the zoo: a card, a seed, the checkpoint."""

    card: Card
    seed: int
    checkpoint: Checkpoint

    def probabilities(self, picture: Picture) -> dict[str, float]:
        """Probability by class name, the picture prepared as in training."""
        pictures = self.checkpoint.pictures
        shares = self.checkpoint.probabilities(pictures.pixels(picture))[0].tolist()
        return dict(zip(pictures.class_names, shares, strict=True))


def open_entry(reference: str, root: Path = CHECKPOINTS) -> Entry:
    """Open the network ``NAME``, its first seed, or ``NAME@SEED``.

    Its model may be shared with other callers: ask it, but do not change it.

    Raises
    ------
    ValueError
        No such card or seed, or a file that is not the one of the card.
    """
    card, seed = find_card(reference, root)
    result = card.result(seed)
    return Entry(card, result.seed, _checkpoint(card.file(result.seed), result.sha256))


@lru_cache(maxsize=8)
def _checkpoint(path: Path, sha256: str) -> Checkpoint:
    return load_checkpoint(path, sha256=sha256)


def layer_maps(
    picture: Picture, reference: str, block: str, *, root: Path = CHECKPOINTS
) -> NDArray[np.float32]:
    """What the activation of a block receives for a picture, prepared as in training.

    Returns
    -------
    Pre-activations, float32 (C, H, W): in chains the batch norm's output, in residual networks
    the sum that the next unit binarizes a copy of.

    Raises
    ------
    ValueError
        No such network or block.
    """
    entry = open_entry(reference, root)
    if block not in entry.card.blocks:
        raise ValueError(
            f"{entry.card.name} has no {block!r}; its blocks are {', '.join(entry.card.blocks)}."
        )
    pictures = entry.checkpoint.pictures
    x = pictures.normalized(pictures.pixels(picture))
    maps = {tap.name: tap.x for tap in activation_maps(entry.checkpoint.model, x)[1]}
    received: NDArray[np.float32] = np.ascontiguousarray(maps[block][0].numpy())
    return received
