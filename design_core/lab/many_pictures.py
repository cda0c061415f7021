"""The class of each of many pictures, by one network, many at a time.

Pictures are opened one by one, since any may fail, and classified by hundreds: on the 1-bit engine
where the network runs on it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from design_core.pictures.items import Item
from design_core.progress import Progress, no_progress
from design_core.zoo.entry import Entry

__all__ = ["Told", "predict_many"]

#: Pictures at a time: enough for the engine, few enough for progress and memory.
_TOGETHER = 250


@dataclass(frozen=True)
class Told:
    """What a network says of one picture.

    Attributes
    ----------
    name
        Of the picture.
    label
        The class, by name; "" where there is none.
    probability
        Of that class, 0 to 1.
    problem
        Why there is none; "" where nothing is wrong.
    """

    name: str
    label: str = ""
    probability: float = 0.0
    problem: str = ""


def predict_many(
    entry: Entry, items: Sequence[Item], *, progress: Progress = no_progress
) -> Iterator[Told]:
    """Classify pictures in their order, each as soon as its part is done.

    Raises
    ------
    StoppedError
        If `progress` raises it, between two parts.
    """
    for start in range(0, len(items), _TOGETHER):
        progress(start / len(items), entry.card.name)
        yield from _part(entry, items[start : start + _TOGETHER])


def _part(entry: Entry, items: Sequence[Item]) -> list[Told]:
    squares: list[NDArray[np.uint8]] = []
    problems: dict[int, str] = {}
    for index, item in enumerate(items):
        try:
            squares.append(entry.pictures.square(item.open()))
        except (ValueError, OSError) as error:
            problems[index] = str(error)
    shares = iter(_shares(entry, np.stack(squares)) if squares else ())
    return [
        Told(item.name, problem=problems[index])
        if index in problems
        else _told(item.name, next(shares), entry.pictures.class_names)
        for index, item in enumerate(items)
    ]


def _shares(entry: Entry, squares: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Probabilities (N, classes); NaN where scores are not finite."""
    scores = entry.scores(squares).astype(np.float64)
    with np.errstate(invalid="ignore"):
        shares = np.exp(scores - scores.max(axis=1, keepdims=True))
        normalized: NDArray[np.float64] = shares / shares.sum(axis=1, keepdims=True)
    return normalized


def _told(name: str, shares: NDArray[np.float64], classes: Sequence[str]) -> Told:
    if not np.isfinite(shares).all():
        return Told(name, problem="The network gives this picture no finite scores.")
    best = int(shares.argmax())
    return Told(name, classes[best], float(shares[best]))
