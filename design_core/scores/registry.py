"""The scores that tables show: one entry each, from which command line, app and Batch follow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from design_core import scores
from design_core.registry import Registry
from design_core.scores.comparison import ActivationScores

__all__ = ["BATCH_ACTIVATIONS", "SCORES", "Score", "batch_scores"]

Floats = NDArray[np.float64]

#: What Batch compares: the beginnings of its columns, and their names for people.
BATCH_ACTIVATIONS = {"sign": "Sign", "design": "DeSign"}


@dataclass(frozen=True)
class Score:
    """A score of the maps that an activation makes.

    Parameters
    ----------
    title
        For people, with the unit if there is one.
    measure
        From the activation's maps (`ActivationScores`, whose `output` they are) and the
        pre-activations x, float32 (C, H, W), to a number for each map, shape (C,); NaN where it
        says nothing.
    column
        Its name in the heads of Batch's CSV file, behind ``sign_`` and ``design_``; empty where
        Batch does not have it.
    short
        Its name in Batch's table and lines.
    form
        How its numbers are written.
    in_line
        Whether it is a column of the command ``maps``; with ``--json``, all are.
    """

    title: str
    measure: Callable[[ActivationScores, NDArray[np.float32]], Floats]
    column: str = ""
    short: str = ""
    form: Literal["number", "percent"] = "number"
    in_line: bool = True

    def text(self, value: float) -> str:
        """A value as Batch's lines have it."""
        return f"{value:.1%}" if self.form == "percent" else f"{value:.3f}"


def _psnr(one: ActivationScores, x: NDArray[np.float32]) -> Floats:
    return scores.psnr(x, scores.reconstruct(one.output, x))


def _ssim(one: ActivationScores, x: NDArray[np.float32]) -> Floats:
    return scores.ssim(x, scores.reconstruct(one.output, x))


#: The scores by name, in the order of tables.
SCORES: Registry[Score] = Registry(
    "score",
    {
        "tv": Score(
            "Edges per pixel (total variation)", lambda one, _: one.tv, "tv", "edges per pixel"
        ),
        "pattern_tv": Score(
            "of them the pattern's, on flat ground", lambda one, _: one.pattern_tv, in_line=False
        ),
        "tv_isotropic": Score("Edges per pixel, isotropic", lambda one, _: one.tv_isotropic),
        "density": Score(
            "Activation density", lambda one, _: one.density, "density", "density", form="percent"
        ),
        "entropy_2x2": Score(
            "Bits per pixel (information)",
            lambda one, _: one.entropy_2x2,
            "entropy",
            "bits per pixel",
        ),
        "correlation": Score("Correlation with the pre-activation", lambda one, _: one.correlation),
        "likeness": Score(
            "Correlation of the local average", lambda one, _: one.likeness, in_line=False
        ),
        "psnr": Score("PSNR of the local average, dB", _psnr, in_line=False),
        "ssim": Score("SSIM of the local average", _ssim, in_line=False),
    },
)


def batch_scores() -> dict[str, tuple[str, Score]]:
    """Batch's columns, ``sign_tv``, ``design_tv`` and so on: which activation's, and which score.

    Pairs of columns stand together, Sign's first.
    """
    return {
        f"{activation}_{score.column}": (activation, score)
        for score in SCORES.values()
        if score.column
        for activation in BATCH_ACTIVATIONS
    }
