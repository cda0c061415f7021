"""The pictures of a training job: what is asked for, a part of a large set, some to look at."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from design_core.jobs.queue import Asked
from design_core.paths import DATA
from design_core.pictures.datasets import open_split
from design_core.pictures.squares import square_pixels
from design_core.training.data import TrainingData
from design_core.training.recipe import Recipe

__all__ = ["PART", "asked", "part_of_set", "samples_by_class"]

#: How the name of such data ends.
PART = " (part)"
_MOST = {"train": 2000, "test": 400}  # pictures of a data set, at most


def asked(data: TrainingData, recipes: Sequence[Recipe], *, seed: int) -> Asked:
    """What a job gets."""
    arrays = {
        name: getattr(data, name).numpy() for name in ("train_x", "train_y", "test_x", "test_y")
    }
    plain = [recipe.to_dict() for recipe in recipes]
    return Asked(data.name, data.class_names, arrays, plain, seed=seed)


def part_of_set(name: str) -> TrainingData:
    """A part of a data set on this machine, spread evenly over it: enough to watch.

    Raises
    ------
    ValueError
        The set is not here, or damaged.
    """
    parts: list[torch.Tensor] = []
    classes: tuple[str, ...] = ()
    for split, most in _MOST.items():
        pictures = open_split(name, DATA, split=split)
        if pictures is None:
            raise ValueError(f"{name} is not in the folder {DATA.name}/ of this machine.")
        classes = pictures.class_names
        places = np.unique(np.linspace(0, len(pictures) - 1, most).round().astype(int))
        x = np.stack([square_pixels(pictures.picture(int(k)), 3, 32) for k in places])
        parts += [torch.from_numpy(x), torch.from_numpy(pictures.labels[places].copy())]
    return TrainingData(f"{name}{PART}", classes, *parts)


def samples_by_class(data: TrainingData, each: int) -> list[NDArray[np.uint8]]:
    """The first training pictures of every class, uint8 (≤ each, H, W, C)."""
    return [
        data.train_x[torch.nonzero(data.train_y == label)[:each, 0]].numpy()
        for label in range(len(data.class_names))
    ]
