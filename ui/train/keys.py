"""Keys of the session that Train sets and others read, or that stand in its links."""

from __future__ import annotations

DIFFERS = "train_differs"
LENGTH = "train_length"
NETWORK = "train_network"
SEED = "train_seed"
SOURCE = "train_source"


def of_side(difference: str, side: int) -> str:
    """Of what one of the two networks has, where they differ."""
    return f"train_{difference}_{side}"
