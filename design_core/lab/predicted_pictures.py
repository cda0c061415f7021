"""The pictures behind stored predictions, where their data set is on this machine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from design_core.paths import DATA
from design_core.pictures.dataset_cards import DATASETS
from design_core.pictures.datasets import class_folder_sets, split_classes
from design_core.pictures.picture_set import PictureSet
from design_core.zoo.entry import Entry

__all__ = ["are_the_same", "predict_set", "sets_of_classes"]

_PROBES = 64
_PART = 250


def sets_of_classes(classes: tuple[str, ...], root: Path = DATA) -> list[str]:
    """Data sets with just these classes whose test pictures are here; each for `open_split`."""
    folders = [f"folder:{name}" for name, one in class_folder_sets(root).items() if one != name]
    return [name for name in (*DATASETS, *folders) if split_classes(name, root) == classes]


def are_the_same(
    pictures: PictureSet,
    entry: Entry,
    predicted: NDArray[np.int64],
    true: NDArray[np.int64],
) -> bool:
    """Whether the stored predictions of a network are those for these very pictures, in order.

    The same pictures may lie in another order, and all pictures of a class are alike to a list of
    classes. So the classes must agree, and the network must answer as stored to pictures from all
    over the set.
    """
    if len(pictures) != len(true) or not np.array_equal(pictures.labels, true):
        return False
    if pictures.class_names != entry.pictures.class_names:
        return False
    probes = np.unique(np.linspace(0, len(true) - 1, _PROBES).astype(np.int64))
    return np.array_equal(_answers(entry, pictures, probes), predicted[probes])


def predict_set(
    entry: Entry, pictures: PictureSet, *, report: Callable[[float], object] = lambda _: None
) -> NDArray[np.int64]:
    """The class that a network gives each picture of a set; `report` hears the share done.

    Raises
    ------
    ValueError
        The set has other classes than the network.
    """
    known = entry.pictures.class_names
    if pictures.class_names != known:
        raise ValueError(
            f"{pictures.title} has the classes {', '.join(pictures.class_names[:5])} …; the "
            f"network knows {', '.join(known[:5])} …"
        )
    found = []
    for start in range(0, len(pictures), _PART):
        part = np.arange(start, min(start + _PART, len(pictures)))
        found.append(_answers(entry, pictures, part))
        report((part[-1] + 1) / len(pictures))
    return np.concatenate(found)


def _answers(entry: Entry, pictures: PictureSet, places: NDArray[np.int64]) -> NDArray[np.int64]:
    squares = [entry.pictures.square(pictures.picture(int(place))) for place in places]
    answers: NDArray[np.int64] = entry.scores(np.stack(squares)).argmax(1)
    return answers
