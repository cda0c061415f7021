"""Channels that carry nothing: those that never fire, or always do, on the embedded samples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from design_core.lab.subset import sample_subset
from design_core.networks import activation_maps
from design_core.study.report import setting_words
from design_core.zoo.arms import arm_of
from design_core.zoo.card import CHECKPOINTS, Card
from design_core.zoo.entry import open_entry

__all__ = ["constant_channel_words"]


def constant_channel_words(
    cards: Sequence[Card], root: Path = CHECKPOINTS
) -> Iterator[tuple[str, str]]:
    """Setting and sentence per card with binary activations, over all seeds, on its samples."""
    for card in cards:
        counts = [_counts(card, seed, root) for seed in card.seeds]
        known = [count for count in counts if count is not None]
        if not known:
            continue
        dead, saturated, channels = (sum(column) for column in zip(*known, strict=True))
        yield (
            setting_words(card),
            f"With {arm_of(card.activation).short}, {dead} of {channels:,} "
            f"channels never fire and {saturated} always do, on the embedded samples, "
            f"{len(known)} seed{'s' * (len(known) > 1)}.",
        )


def _counts(card: Card, seed: int, root: Path) -> tuple[int, int, int] | None:
    """Dead, saturated and all channels of a network."""
    checkpoint = open_entry(f"{card.name}@{seed}", root).checkpoint
    model, subset = checkpoint.model, sample_subset(checkpoint.pictures, card.dataset)
    if subset is None or card.activation in ("hardtanh", "relu"):
        return None
    x = checkpoint.pictures.normalized(subset.pixels)
    fires = [(maps.y > 0).transpose(0, 1).flatten(1) for maps in activation_maps(model, x)[1]]
    return (
        sum(int((~one.any(1)).sum()) for one in fires),
        sum(int(one.all(1).sum()) for one in fires),
        sum(len(one) for one in fires),
    )
