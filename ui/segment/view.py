"""Class maps as HTML: figures side by side, and which colour is which class."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

from design_core.output.class_maps import (
    class_colour,
    class_map_png,
    class_shares,
    difference_png,
)
from design_core.output.drawing import pixels_png
from design_core.segmentation.scores import UNLABELLED
from ui.figures import map_figure

__all__ = ["difference_figure", "figures_html", "legend_html", "map_of_classes", "picture_figure"]

Classes = NDArray[np.integer]

_TOLD = 5  # classes that a text alternative names


def picture_figure(pixels: NDArray[np.uint8], title: str) -> str:
    """The picture as the networks get it."""
    return map_figure(pixels_png(pixels), shape=pixels.shape[:2], title="Picture", alt=title)


def map_of_classes(classes: Classes, names: Sequence[str], title: str) -> str:
    """A class map with its largest classes as text alternative."""
    shares = class_shares(classes, names)[:_TOLD]
    told = ", ".join(f"{name} {share:.0%}" for name, share in shares) or "no class"
    alt = f"{title}, class by class: {told}."
    return map_figure(class_map_png(classes), shape=classes.shape, title=title, alt=alt)


def difference_figure(
    first: Classes, second: Classes, truth: Classes | None, names: tuple[str, str]
) -> str:
    """Where two maps differ, and who is right there."""
    differ = f"{np.mean(first != second):.0%} of the pixels differ"
    if truth is None:
        told = f"{differ}, in blue"
    else:
        told = (
            f"{differ}: orange where {names[0]} alone is right, blue where {names[1]} alone is, "
            "paper where neither is or no class is known"
        )
    png = difference_png(first, second, truth)
    figure = map_figure(png, shape=first.shape, title="Where they differ", alt=f"{told}.")
    return f'<div>{figure}<p class="ds-note">{escape(told)}.</p></div>'


def figures_html(figures: Sequence[str]) -> str:
    """Figures in as many columns as fit."""
    return f'<div class="ds-segment">{"".join(figures)}</div>'


def legend_html(names: Sequence[str]) -> str:
    """Every class with its colour; pixels without a class at the end."""
    rows = [(class_colour(number), name) for number, name in enumerate(names)]
    rows.append((class_colour(UNLABELLED), "no class, in truths alone"))
    items = "".join(
        f'<li><span style="background:{colour}" aria-hidden="true"></span>{escape(name)}</li>'
        for colour, name in rows
    )
    return f'<ul class="ds-classes" aria-label="Classes and their colours">{items}</ul>'
