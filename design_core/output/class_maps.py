"""Class maps as pictures, and what stands where: colours that people tell apart, and names.

Colours are those of Paul Tol's qualitative scheme *muted*, made for people who see few colours,
with a dark grey and an orange; names stand beside them, for colours alone are never enough.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from design_core.output.drawing import INK, PAPER, pixels_png
from design_core.segmentation.scores import UNLABELLED

__all__ = ["COLOURS", "class_colour", "class_map_png", "class_shares", "difference_png"]

#: ``#RRGGBB`` by class number; class numbers beyond begin anew.
COLOURS: tuple[str, ...] = (
    *("#88CCEE", "#CC6677", "#DDCC77", "#555555", "#AA4499", "#117733"),
    *("#332288", "#999933", "#882255", "#44AA99", "#EE8866"),
)

# As everywhere in this project, for what only the first and only the second says.
_FIRST, _SECOND = (0xE6, 0x9F, 0x00), (0x00, 0x72, 0xB2)


def class_colour(number: int) -> str:
    """The colour of a class, ``#RRGGBB``; paper for pixels without a class."""
    if number == UNLABELLED:
        return "#{:02X}{:02X}{:02X}".format(*PAPER)
    return COLOURS[number % len(COLOURS)]


def class_map_png(classes: NDArray[np.integer]) -> bytes:
    """A class map (H, W) as PNG, a pixel for each pixel."""
    pixels = np.zeros((*classes.shape, 3), np.uint8)
    for number in np.unique(classes):
        pixels[classes == number] = list(bytes.fromhex(class_colour(int(number))[1:]))
    return pixels_png(pixels)


def class_shares(
    classes: NDArray[np.integer], class_names: Sequence[str]
) -> list[tuple[str, float]]:
    """Names of the classes in a map and their shares of its labelled pixels, the largest first.

    Examples
    --------
    >>> class_shares(np.array([[0, 0, 0], [1, UNLABELLED, UNLABELLED]]), ["sky", "road"])
    [('sky', 0.75), ('road', 0.25)]
    """
    known = classes[classes != UNLABELLED]
    counts = np.bincount(known.ravel(), minlength=len(class_names))
    order = [int(k) for k in np.argsort(-counts, kind="stable") if counts[k]]
    return [(class_names[k], float(counts[k] / known.size)) for k in order]


def difference_png(
    first: NDArray[np.integer],
    second: NDArray[np.integer],
    truth: NDArray[np.integer] | None = None,
) -> bytes:
    """Where two class maps (H, W) differ, as PNG.

    Ink where they agree. With a truth, orange where only the first is right, blue where only the
    second is, paper where they differ and neither is or nobody knows; without, blue where they
    differ.
    """
    differ = first != second
    pixels = np.full((*first.shape, 3), INK, np.uint8)
    pixels[differ] = _SECOND if truth is None else PAPER
    if truth is not None:
        pixels[differ & (first == truth)] = _FIRST
        pixels[differ & (second == truth)] = _SECOND
    return pixels_png(pixels)
