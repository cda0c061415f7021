"""When the study claims a difference, and how it words a test that was corrected."""

from __future__ import annotations

from design_core.statistics import Difference
from design_core.study.number_words import p_words, signed_points

__all__ = ["LEAST_PAIRS", "LEVEL", "claim_words", "corrected_words", "is_shown"]

#: Pairs of seeds; fewer carry no claim.
LEAST_PAIRS = 3

#: Of all tests.
LEVEL = 0.05


def is_shown(difference: Difference, p: float) -> bool:
    """Whether enough pairs show a difference, by a p-value that may be corrected."""
    return min(difference.counts) >= LEAST_PAIRS and p < LEVEL


def claim_words(difference: Difference, p: float) -> str:
    """What a difference claims, by a p-value that may be corrected."""
    if min(difference.counts) < LEAST_PAIRS:
        return "too few seeds for a claim"
    if not is_shown(difference, p):
        return "no difference is shown"
    return "a gain" if difference.mean > 0 else "a loss"


def corrected_words(difference: Difference, p: float) -> str:
    """A paired difference with its interval, its pairs, and p after Holm's correction."""
    low, high = (signed_points(bound) for bound in difference.ci95)
    return (
        f"{signed_points(difference.mean)} points (95 % interval {low} to {high}, "
        f"{difference.counts[0]} paired seeds, paired t test, {p_words(p)} by Holm)"
    )
