"""Upper bounds on the scores of kernels that are too large to be searched exactly.

A kernel repeats without end, so its score is the mean weight of a walk over rows that never ends:
no more than the largest mean weight λ of a cycle of any length. With A the step from rows to the
rows below them, where + is max and × is +, and v any weights of rows,

    λ ≤ max over rows s of ((Aᵖ v)[s] − v[s]) / p,

which comes close once v has come some way (Collatz and Wielandt, for max-plus). Kernels of few
columns walk over whole rows, and the bound forgets how many there are. Those of many columns are
cut into strips: the mean over a tiling is the mean over all its strips of a few columns, so that no
kernel beats the best strip.
"""

from __future__ import annotations

from contextlib import suppress

import numpy as np

from design_core.progress import Progress, StoppedError, no_progress
from design_core.search.objectives import LocalScore
from design_core.search.row_steps import BlockSteps, Front, RowSteps, row_steps

__all__ = ["score_bound"]

_STEPS = 24
_PERIODS = (1, 2, 3, 4, 5, 6, 8, 12)  # p: of the best rows, in most cases
_MOST_OPERATIONS = 2**31  # of all steps
_WIDEST = 16  # columns of a strip


def score_bound(
    score: LocalScore, shape: tuple[int, int], *, progress: Progress = no_progress
) -> float:
    """No kernel of this size scores more; the size may be any.

    `StoppedError` of `progress` ends the work with a bound that is less close.
    """
    if shape[1] > shape[0]:
        return score_bound(score.transposed(), shape[::-1], progress=progress)
    steps, cells = _widest(score, shape[1])
    front = Front(np.zeros((len(steps.rows), steps.lanes), steps.dtype))
    weights = [front.best[:, 0].astype(np.int64)]
    with suppress(StoppedError):
        for done in range(1, _STEPS + 1):
            front = steps.advance(front)
            weights.append(front.best[:, 0].astype(np.int64))
            progress(done / _STEPS, "Bounding the score from above")
    mean = min(
        float((weights[-1] - weights[-1 - period]).max()) / period
        for period in _PERIODS
        if period < len(weights)
    )
    return (mean / cells + score.tolerance) / score.denominator


def _widest(score: LocalScore, width: int) -> tuple[RowSteps, int]:
    """Steps over whole rows or over strips of them, and how many cells a step counts."""
    whole = row_steps(score, (_STEPS, width))
    if whole.operations * _STEPS <= _MOST_OPERATIONS:
        return whole, width
    for columns in range(min(width, _WIDEST), 1, -1):
        strip = BlockSteps(score.table, (_STEPS, columns), slack=0, closed=False)
        if strip.operations * _STEPS <= _MOST_OPERATIONS:
            break
    return strip, columns - 1
