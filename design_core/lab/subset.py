"""Labelled pictures as a network takes them: embedded samples, or part of a test set on disk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from design_core.paths import DATA
from design_core.pictures import Picture
from design_core.pictures.datasets import open_split
from design_core.pictures.samples import GROUPS, SAMPLES, sample, sample_names
from design_core.zoo.naming import data_set_name
from design_core.zoo.network_file import PictureForm

__all__ = ["Subset", "held_out_subset", "picture_subset", "sample_subset"]

_DRAW_SEED = 0  # class folders are sorted by class, so a part of a set has to be drawn


@dataclass(frozen=True, eq=False)
class Subset:
    """Pictures in the form of a network.

    Parameters
    ----------
    title
        For people: how many of what.
    pixels
        uint8, shape (N, H, W, C).
    labels
        Class numbers, int64, shape (N,); −1 where the class is not known.
    """

    title: str
    pixels: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)


def picture_subset(form: PictureForm, picture: Picture) -> Subset:
    """One picture, of no known class."""
    pixels = form.pixels(picture)
    return Subset(f"the picture {picture.name}", pixels, torch.tensor([-1]))


def sample_subset(form: PictureForm, dataset: str) -> Subset | None:
    """The embedded samples of a network's own data set, None where there are none.

    CIFAR's are test pictures; the ten digits are training pictures.
    """
    if dataset not in GROUPS:
        return None
    names = sample_names(dataset)
    numbers = {name: number for number, name in enumerate(form.class_names)}
    labels = [numbers.get(str(SAMPLES[name].label), -1) for name in names]
    pixels = torch.cat([form.pixels(sample(name)) for name in names])
    return Subset(
        f"the {len(names)} embedded samples of {data_set_name(dataset)}", pixels, _numbers(labels)
    )


def held_out_subset(
    form: PictureForm, dataset: str, *, count: int = 500, root: Path = DATA
) -> Subset | None:
    """Up to `count` pictures of a network's own test set, drawn once and for all.

    Parameters
    ----------
    dataset
        A name of `design_core.pictures.datasets.open_split`.
    root
        Where data sets lie.

    Returns
    -------
    None where the data set is not on this machine.

    Raises
    ------
    DatasetError
        It is there, but incomplete or damaged.
    ValueError
        Its classes are not the network's.
    """
    pictures = open_split(dataset, root)
    if pictures is None:
        return None
    _check_classes(pictures.title, pictures.class_names, form.class_names)
    drawn = _drawn(len(pictures), count)
    pixels = torch.cat([form.pixels(pictures.picture(int(k))) for k in drawn])
    title = f"{len(drawn):,} {pictures.title} pictures"
    return Subset(title, pixels, _numbers(pictures.labels[drawn].tolist()))


def _check_classes(title: str, classes: tuple[str, ...], known: tuple[str, ...]) -> None:
    if classes != known:
        raise ValueError(
            f"{title} has the classes {', '.join(classes[:5])} …; the network knows "
            f"{', '.join(known[:5])} …"
        )


def _numbers(labels: list[int]) -> Tensor:
    return torch.tensor(labels, dtype=torch.int64)


def _drawn(total: int, count: int) -> Tensor:
    """The same numbers on every machine, ascending."""
    shuffled = np.random.default_rng(_DRAW_SEED).permutation(total)
    return torch.from_numpy(np.sort(shuffled[:count]))
