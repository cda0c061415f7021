"""Two networks against each other: what they are, how they are trained, and what to say of them.

Nothing here needs PyTorch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from design_core.jobs.queue import Look
from design_core.training.recipe import Recipe, load_recipe

if TYPE_CHECKING:
    from design_core.training.data import TrainingData

__all__ = [
    "LENGTHS",
    "NETWORKS",
    "binned",
    "contest_finding",
    "contest_recipes",
    "minutes",
]

#: Networks to choose from: their options.
NETWORKS: dict[str, dict[str, str | int]] = {
    "tiny": {"name": "tiny"},
    "vgg_small 8": {"name": "vgg_small", "width": 8},
    "vgg_small 16": {"name": "vgg_small", "width": 16},
    "vgg_small 32": {"name": "vgg_small", "width": 32},
}
#: Steps of a training, at least; whole epochs are trained.
LENGTHS = {"Short": 150, "Medium": 600, "Long": 2400}

_BATCH = 64
_BINS = 120  # of a curve


def contest_recipes(
    data: TrainingData, network: str, differs: str, sides: Sequence[str], length: str
) -> list[Recipe]:
    """The recipes of networks that differ in one option.

    Parameters
    ----------
    network, length
        Keys of `NETWORKS` and `LENGTHS`.
    differs
        The option: ``activation`` or ``picture``; the activation of the latter is Sign.
    sides
        Its values.

    Raises
    ------
    ValueError
        Sides that are the same.
    """
    if len(set(sides)) < len(sides):
        raise ValueError("Both networks are the same. Choose another one at the right.")
    count, side = len(data.train_x), data.train_x.shape[1]
    batch = min(_BATCH, max(4, count // 4))
    epochs = max(2, -(-LENGTHS[length] // (count // batch)))
    base = load_recipe("digits")
    is_photo = data.name != "digits"
    training = replace(
        base,
        epochs=epochs,
        batch_size=batch,
        warmup_epochs=round(epochs / 5, 1),
        crop_padding=max(1, side // 12) if is_photo else base.crop_padding,
        flip=is_photo,
        name="contest",
    )
    shape = {"in_channels": data.train_x.shape[-1], "image_size": side}
    return [
        replace(
            training,
            network={**NETWORKS[network], "activation": "sign", **shape, differs: value},
        )
        for value in sides
    ]


def binned(values: Sequence[float], steps: int) -> list[tuple[float, float]]:
    """A curve of means over bins that do not move while it grows: pairs of step and mean."""
    width = max(1, -(-steps // _BINS))
    curve = []
    for start in range(0, len(values), width):
        part = values[start : start + width]
        curve.append((start + len(part) / 2, float(np.mean(part))))
    return curve


def contest_finding(look: Look, names: Sequence[str]) -> str:
    """How both stand, in a sentence that keeps its length while they learn."""
    count = int(look.sides[0].confusion.sum())
    first, second = (
        f"{name} {100 * int(side.confusion.trace()) / count:.1f} %"
        for name, side in zip(names, look.sides, strict=True)
    )
    return f"{first}, {second} of {count} test pictures right"


def minutes(seconds: float) -> str:
    """A stretch of time as people say it."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min"
