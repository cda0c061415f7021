"""Numbers as the study writes them."""

from __future__ import annotations

__all__ = ["p_words", "probability", "signed_points"]


def signed_points(share: float) -> str:
    """A difference of shares in percentage points, with its sign."""
    return f"{100 * share:+.2f}".replace("-", "−")


def probability(p: float) -> str:
    """A p-value for a column of them."""
    return f"{p:.4f}" if p >= 0.0001 else "< 0.0001"


def p_words(p: float) -> str:
    """A p-value within a sentence.

    Examples
    --------
    >>> p_words(0.0312), p_words(0.00001)
    ('p = 0.0312', 'p < 0.0001')
    """
    told = probability(p)
    return f"p {told}" if told.startswith("<") else f"p = {told}"
