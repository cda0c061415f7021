"""Networks of the zoo in use: opened by name, asked for classes, looked into.

Answers come from the 1-bit engine, which reads the file itself. PyTorch is loaded where the engine
cannot run a network, and by who looks into one.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from design_core.engine.network import PackedNetwork
from design_core.pictures import Picture
from design_core.segmentation.scores import CLASSIFICATION
from design_core.zoo.card import CHECKPOINTS, Card, find_card, is_finished_run
from design_core.zoo.network_file import NetworkFile, PictureForm, read_bytes

if TYPE_CHECKING:
    from design_core.zoo.checkpoint import Checkpoint

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
    """One network of the zoo: a card, a seed, its file."""

    card: Card
    seed: int
    file: NetworkFile

    @property
    def pictures(self) -> PictureForm:
        """What it takes and gives."""
        return self.file.pictures

    @property
    def activation(self) -> str:
        """The name of its activation, see `design_core.networks.activation`."""
        return str(self.file.network.get("activation", self.card.activation))

    @property
    def picture(self) -> str:
        """The name of its picture's cut, see `design_core.networks.picture`; or ``real``."""
        return str(self.file.network.get("picture", "real"))

    @property
    def checkpoint(self) -> Checkpoint:
        """The network in PyTorch."""
        return self.file.checkpoint

    @property
    def packed(self) -> PackedNetwork | None:
        """The network on the 1-bit engine, None if the engine cannot run it."""
        return self.file.packed or self.checkpoint.packed

    def scores(self, squares: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Class scores (N, classes) of pictures (N, H, W, C) that `PictureForm.square` prepared."""
        packed = self.packed
        scores_of = self.checkpoint.scores if packed is None else packed
        return scores_of(self.pictures.input(squares))

    def class_map(self, picture: Picture) -> NDArray[np.int64]:
        """The class of every pixel of what `PictureForm.square` makes of a picture, (H, W).

        Of a network that gives each pixel a class; on the 1-bit engine where that runs it.
        """
        classes: NDArray[np.int64] = self.scores(self.pictures.square(picture)[None])[0].argmax(0)
        return classes

    def predict(self, picture: Picture) -> Prediction:
        """Classify a picture on the 1-bit engine, or in PyTorch where the engine cannot.

        Any number of threads may ask at once. The first call packs the network and warms the
        engine up, which the milliseconds do not count; later calls find that done.

        Raises
        ------
        ValueError
            The scores are not finite, so that no class is the most probable.
        """
        packed = self.packed
        scores_of = self.checkpoint.scores if packed is None else packed
        x = self.pictures.input(self.pictures.square(picture)[None])
        start = time.perf_counter()
        scores = scores_of(x)[0]
        milliseconds = 1e3 * (time.perf_counter() - start)
        if not np.isfinite(scores).all():
            raise ValueError(f"{self.card.name} gives this picture no finite scores. Use another.")
        shares = np.exp(scores - scores.max(), dtype=np.float64)
        shares /= shares.sum()
        return Prediction(
            {
                self.pictures.class_names[k]: float(shares[k])
                for k in np.argsort(-shares, kind="stable")
            },
            milliseconds,
            "PyTorch" if packed is None else "1-bit engine",
        )


def open_entry(
    reference: str, root: Path = CHECKPOINTS, *, task: str | None = CLASSIFICATION
) -> Entry:
    """Open the network ``NAME``, its first seed, or ``NAME@SEED``.

    Its model may be shared with other callers: ask it, but do not change it.

    Parameters
    ----------
    task
        What it is for, see `design_core.zoo.card.load_cards`.

    Raises
    ------
    ValueError
        No such card or seed, a network for another task, or a file that is not the one of the
        card.
    """
    card, seed = find_card(reference, root, task=task)
    result = card.result(seed)
    if is_finished_run(card.folder):
        from design_core.zoo.runs import open_run

        return Entry(card, result.seed, open_run(card.folder)[1])
    return Entry(card, result.seed, _file(card.file(result.seed), result.sha256))


@lru_cache(maxsize=8)
def _file(path: Path, sha256: str) -> NetworkFile:
    return NetworkFile(path.name, read_bytes(path, sha256=sha256))


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
    from design_core.networks import activation_maps

    entry = open_entry(reference, root)
    if block not in entry.card.blocks:
        raise ValueError(
            f"{entry.card.name} has no {block!r}; its blocks are {', '.join(entry.card.blocks)}."
        )
    form = entry.pictures
    x = form.normalized(form.pixels(picture))
    maps = {tap.name: tap.x for tap in activation_maps(entry.checkpoint.model, x)[1]}
    received: NDArray[np.float32] = np.ascontiguousarray(maps[block][0].numpy())
    return received
