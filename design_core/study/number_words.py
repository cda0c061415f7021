"""Numbers as the study writes them."""

from __future__ import annotations

__all__ = ["probability", "signed_points"]


def signed_points(share: float) -> str:
    """A difference of shares in percentage points, with its sign."""
    return f"{100 * share:+.2f}".replace("-", "−")


def probability(p: float) -> str:
    """A p-value for people."""
    return f"{p:.4f}" if p >= 0.0001 else "< 0.0001"
