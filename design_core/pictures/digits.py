"""Scikit-learn's handwritten digits, which come with the library and need no download."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["DIGIT_NAMES", "TEST_DIGITS", "Digits", "load_digits"]

#: Class names, in the order of the labels.
DIGIT_NAMES = tuple("0123456789")
#: How many stand last, for testing; their order is not sorted by class.
TEST_DIGITS = 360


class Digits(NamedTuple):
    """1,797 pictures, uint8 (N, 8, 8), and their classes, int64 (N,)."""

    pictures: NDArray[np.uint8]
    labels: NDArray[np.int64]


def load_digits() -> Digits:
    """All of them, the 17 grey levels spread over 8 bits."""
    from sklearn import datasets

    bunch = datasets.load_digits()
    pictures = (bunch.images * (255 / 16)).round().astype(np.uint8)
    return Digits(pictures, bunch.target.astype(np.int64))
