"""Networks of the zoo in use: opened by name, asked for classes, looked into."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from design_core.networks import activation_maps
from design_core.pictures import Picture
from design_core.zoo.card import CHECKPOINTS, Card, find_card
from design_core.zoo.checkpoint import Checkpoint, load_checkpoint

__all__ = ["Entry", "Prediction", "layer_maps", "open_entry"]


@dataclass(frozen=True)
class Prediction:
    """A network's answer to one picture.

    Parameters
    ----------
    probabilities
        By class name, the most probable first.
    milliseconds
        Of this very forward pass, from normalized pixels to class scores.
    runs_on
        ``1-bit engine`` or ``PyTorch``.
    """

    probabilities: dict[str, float]
    milliseconds: float
    runs_on: str


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

    def predict(self, picture: Picture) -> Prediction:
        """Classify a picture on the 1-bit engine, or in PyTorch where the engine cannot.

        Any number of threads may ask at once. The first call packs the network and warms the
        engine up, which the milliseconds do not count; later calls find that done.

        Raises
        ------
        ValueError
            The scores are not finite, so that no class is the most probable.
        """
        form, packed = self.checkpoint.pictures, self.checkpoint.packed
        x = form.normalized(form.pixels(picture))
        start = time.perf_counter()
        if packed is None:
            with torch.inference_mode():
                scores = self.checkpoint.model(x).numpy()
        else:
            scores = packed(x.numpy())
        milliseconds = 1e3 * (time.perf_counter() - start)
        if not np.isfinite(scores).all():
            raise ValueError(f"{self.card.name} gives this picture no finite scores. Use another.")
        shares = torch.from_numpy(scores[0]).softmax(0)
        order = shares.argsort(descending=True, stable=True).tolist()
        return Prediction(
            {form.class_names[k]: float(shares[k]) for k in order},
            milliseconds,
            "PyTorch" if packed is None else "1-bit engine",
        )


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
