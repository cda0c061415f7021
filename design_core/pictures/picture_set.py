"""Labelled pictures, read one by one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from design_core.pictures import Picture

__all__ = ["SPLITS", "DatasetError", "PictureSet"]

SPLITS = ("train", "test")


class DatasetError(ValueError):
    """A data set that cannot be used; the message says why, and what to do."""


@dataclass(frozen=True, eq=False)
class PictureSet:
    """Labelled pictures, read one by one.

    Parameters
    ----------
    name, title
        For links, and for people.
    class_names
        In the order of the labels.
    labels
        int64, shape (N,), read-only: the class of each picture.
    """

    name: str
    title: str
    class_names: tuple[str, ...]
    labels: NDArray[np.int64]
    _read: Callable[[int], Picture] = field(repr=False)

    def __post_init__(self) -> None:
        """Hold the labels through a read-only view."""
        view = self.labels.view()
        view.flags.writeable = False
        object.__setattr__(self, "labels", view)

    def __len__(self) -> int:
        """Count the pictures."""
        return len(self.labels)

    def picture(self, index: int) -> Picture:
        """Return the picture at an index from 0 to N − 1.

        Raises
        ------
        IndexError
            There is no such index.
        PictureError
            The picture's file cannot be read; only in a class-folder tree.
        """
        return self._read(self._checked(index))

    def label(self, index: int) -> int:
        """Return the class of the picture at an index from 0 to N − 1.

        Raises
        ------
        IndexError
            There is no such index.
        """
        return int(self.labels[self._checked(index)])

    def _checked(self, index: int) -> int:
        """Refuse an index outside the set, negative ones too."""
        if not 0 <= index < len(self):
            raise IndexError(f"{self.title} has pictures 0 to {len(self) - 1}, not {index}.")
        return index
