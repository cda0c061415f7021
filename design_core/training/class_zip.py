"""A ZIP file of class folders as a data set: ``CLASS/picture.png``, at least two classes.

The folder right above a picture is its class; folders above that do not matter, so that
``pets/cat/1.png`` and ``train/cat/1.png`` are pictures of ``cat`` alike. Nothing is unpacked to the
disk: each picture is decoded from memory, within the bounds that hold for any stranger's picture,
and kept as small as networks take it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from design_core.pictures.items import archive_items
from design_core.pictures.picture import PictureError
from design_core.pictures.squares import square_pixels
from design_core.text import printable

__all__ = [
    "LEAST_EACH",
    "MOST_CLASSES",
    "MOST_PICTURES",
    "ClassPictures",
    "ClassZipError",
    "read_class_zip",
]

MOST_CLASSES, MOST_PICTURES, LEAST_EACH = 20, 1000, 5
_MOST_SECONDS = 60.0
_TOLD = 8  # problems of one kind that are named; the rest is counted
_MOST_NAME = 60  # letters of a class's name


class ClassZipError(ValueError):
    """A ZIP file that no network can learn from.

    Attributes
    ----------
    problems
        A sentence for each thing that is wrong with it.
    """

    def __init__(self, problems: list[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = problems


@dataclass(frozen=True, eq=False)
class ClassPictures:
    """What a ZIP file holds.

    Parameters
    ----------
    name
        Of the file, without folders and ending.
    class_names
        Sorted.
    x, y
        Pictures uint8 (N, side, side, channels), and their classes int64 (N,).
    left_out
        A sentence for each picture, or kind of pictures, that is not among them.
    """

    name: str
    class_names: tuple[str, ...]
    x: NDArray[np.uint8]
    y: NDArray[np.int64]
    left_out: tuple[str, ...]


def read_class_zip(
    data: bytes,
    name: str,
    *,
    channels: int = 3,
    side: int = 32,
    report: Callable[[float], object] = lambda _: None,
) -> ClassPictures:
    """Read a ZIP file of class folders.

    Parameters
    ----------
    name
        Of the file.
    channels, side
        What pictures become: 1 or 3 channels, cropped to a square in the middle.
    report
        Hears the share that is done.

    Raises
    ------
    ClassZipError
        No ZIP file, a damaged one, fewer than two classes, a class of fewer than five pictures,
        too many of either; every problem that was found is told.
    """
    name = PurePosixPath(name.replace("\\", "/")).name
    try:
        items = archive_items(data, name)
    except PictureError as error:
        raise ClassZipError([str(error)]) from error
    placed = [(item, _class_of(item.name)) for item in items]
    loose = [item.name for item, label in placed if not label]
    found = sorted({label for _, label in placed if label})
    problems = []
    if len(items) > MOST_PICTURES:
        problems.append(f"{name} holds {len(items):,} pictures; {MOST_PICTURES:,} are taken.")
    if len(found) > MOST_CLASSES:
        problems.append(f"{name} has {len(found)} class folders; {MOST_CLASSES} are taken.")
    if problems:
        raise ClassZipError(problems)
    pictures, labels, broken = [], [], []
    end = time.monotonic() + _MOST_SECONDS
    for done, (item, label) in enumerate(placed):
        if time.monotonic() > end:
            raise ClassZipError(
                [f"{name} takes more than {_MOST_SECONDS:.0f} seconds to read. Use smaller ones."]
            )
        if label:
            try:
                pictures.append(square_pixels(item.open(), channels, side))
                labels.append(found.index(label))
            except ValueError as error:
                broken.append(str(error))
        report((done + 1) / len(placed))
    left_out = [*_told(broken, "cannot be read either")]
    if loose:
        left_out.append(
            f"{_names(loose)} in no class folder: a picture's class is the folder that it lies in."
        )
    counts = np.bincount(np.array(labels, np.int64), minlength=len(found))
    if len(found) < 2:
        has = f"only the class {found[0]}" if found else "no class folders"
        problems.append(
            f"{name} has {has}; two at least are told apart. Pack one folder per class, each with "
            "its pictures: cats/1.jpg, cats/2.jpg, dogs/1.jpg, …"
        )
    problems += [
        f"The class {label} has {count} picture{'' if count == 1 else 's'} that can be read; "
        f"{LEAST_EACH} at least are needed."
        for label, count in zip(found, counts, strict=True)
        if count < LEAST_EACH
    ]
    if problems:
        raise ClassZipError([*problems, *left_out])
    return ClassPictures(
        Path(name).stem[:_MOST_NAME] or "pictures",
        tuple(found),
        np.stack(pictures),
        np.array(labels, np.int64),
        tuple(left_out),
    )


def _class_of(path: str) -> str:
    """The folder that a picture lies in; empty where that is no name."""
    parts = [part for part in path.replace("\\", "/").split("/")[:-1] if part.strip()]
    label = " ".join(printable(parts[-1]).split()) if parts else ""
    return "" if label.strip(". ") == "" else label[:_MOST_NAME]


def _told(reasons: list[str], rest: str) -> list[str]:
    more = len(reasons) - _TOLD
    return [*reasons[:_TOLD], *([f"{more} more {rest}."] if more > 0 else [])]


def _names(names: list[str]) -> str:
    shown = ", ".join(printable(name)[:_MOST_NAME] for name in names[:_TOLD])
    more = len(names) - _TOLD
    return f"{shown}{f' and {more} more' if more > 0 else ''} {'is' if len(names) == 1 else 'are'}"
