"""Which of two networks got it wrong: their predictions for the same test pictures, one by one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from design_core.statistics import McNemar, mcnemar
from design_core.zoo.card import Card

__all__ = ["Disagreement", "card_disagreement", "disagreement", "spread"]

Classes = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Disagreement:
    """Two networks on the same N pictures.

    Parameters
    ----------
    true, first, second
        True class, and the class that either network predicts; int64, shape (N,) each.
    """

    true: Classes
    first: Classes
    second: Classes

    @property
    def counts(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Rows: the first right, wrong; columns: the second right, wrong."""
        one, other = self.first == self.true, self.second == self.true
        return (
            (int((one & other).sum()), int((one & ~other).sum())),
            (int((~one & other).sum()), int((~one & ~other).sum())),
        )

    @property
    def test(self) -> McNemar:
        """McNemar's exact test."""
        return mcnemar(self.first == self.true, self.second == self.true)

    @property
    def same_answer(self) -> float:
        """Share of pictures to which both give the same class, right or wrong."""
        return float((self.first == self.second).mean())

    @property
    def only_first(self) -> Classes:
        """Places of the pictures that only the first classifies rightly."""
        return np.flatnonzero((self.first == self.true) & (self.second != self.true))

    @property
    def only_second(self) -> Classes:
        """Places of the pictures that only the second classifies rightly."""
        return np.flatnonzero((self.second == self.true) & (self.first != self.true))

    @property
    def neither(self) -> Classes:
        """Places of the pictures that both classify wrongly."""
        return np.flatnonzero((self.first != self.true) & (self.second != self.true))

    def by_class(self, classes: int) -> Classes:
        """Pictures of each true class that only the first, and only the second, has right.

        Returns
        -------
        int64, shape (classes, 2).
        """
        sides = (self.only_first, self.only_second)
        return np.stack([np.bincount(self.true[one], minlength=classes) for one in sides], axis=1)


def disagreement(true: ArrayLike, first: ArrayLike, second: ArrayLike) -> Disagreement:
    """Compare the predictions of two networks, class numbers of shape (N,).

    Raises
    ------
    ValueError
        Not as many predictions as pictures, or no picture.

    Examples
    --------
    >>> found = disagreement([0, 1, 2, 2], [0, 1, 0, 0], [0, 0, 2, 1])
    >>> found.counts
    ((1, 1), (1, 1))
    >>> found.only_second.tolist()
    [2]
    """
    arrays = [np.asarray(one, dtype=np.int64) for one in (true, first, second)]
    if len({one.shape for one in arrays}) > 1 or arrays[0].ndim != 1 or not arrays[0].size:
        shapes = ", ".join(str(list(one.shape)) for one in arrays)
        raise ValueError(
            f"True classes and both predictions are one number per picture; got shapes {shapes}."
        )
    return Disagreement(*arrays)


def card_disagreement(first: Card, seed: int, second: Card, other_seed: int) -> Disagreement:
    """Compare two networks of the zoo by their stored predictions; needs no data set.

    Raises
    ------
    ValueError
        No such seed, or networks that were tested on different pictures.
    """
    if first.class_names != second.class_names:
        raise ValueError(
            f"{first.name} and {second.name} know different classes: {first.dataset} and "
            f"{second.dataset}. Choose two networks of one data set."
        )
    predicted, true = first.predictions(first.result(seed).seed)
    others, same = second.predictions(second.result(other_seed).seed)
    if not np.array_equal(true, same):
        raise ValueError(f"{first.name} and {second.name} were tested on different pictures.")
    return disagreement(true, predicted, others)


def spread(places: Classes, true: Classes) -> Classes:
    """The same places in an order that goes round the classes, so that a look at few shows all.

    Examples
    --------
    >>> spread(np.array([0, 1, 2, 3]), np.array([7, 7, 7, 8])).tolist()
    [0, 3, 1, 2]
    """
    classes = true[places]
    turn = np.array([(classes[:k] == classes[k]).sum() for k in range(len(places))], np.int64)
    return places[np.lexsort((classes, turn))]
