"""What trained networks say of a kernel's size: their accuracies by the side of their kernels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from design_core.networks.activation import cut_kernel, is_real
from design_core.study.pairs import groups
from design_core.study.report import setting_words
from design_core.zoo.card import Card
from design_core.zoo.naming import card_short_name

__all__ = ["TrainedSize", "trained_sizes"]

_FEWEST = 3  # seeds of a network that is told


@dataclass(frozen=True)
class TrainedSize:
    """A network, and the side of the kernel that is compared in its setting; Sign has side 1."""

    setting: str
    side: int
    name: str
    accuracy: float
    seeds: int


def trained_sizes(cards: Sequence[Card]) -> list[TrainedSize]:
    """Rows of the settings that hold two sizes or more, by setting and side.

    Networks of one kernel with equal sides and three seeds or more; of those whose recipe cuts the
    picture, that cut counts.
    """
    found: list[TrainedSize] = []
    for group in groups(cards):
        for affine in (True, False):
            rows = [_row(card) for card in group if card.affine == affine and _tells(card)]
            if len({row.side for row in rows}) > 1:
                found += sorted(rows, key=lambda row: (row.side, -row.accuracy))
    return found


def _cut(card: Card) -> str:
    return card.picture if card.about_the_picture else card.activation


def _tells(card: Card) -> bool:
    """Whether it cuts with one kernel of equal sides, or with Sign, and has seeds enough."""
    text = _cut(card)
    if len(card.seeds) < _FEWEST or is_real(text) or text == "real" or " then " in text:
        return False
    if text != "sign" and cut_kernel(text) is None:
        return False  # of another kind, as error diffusion
    return len(set(_sides(card))) == 1


def _sides(card: Card) -> tuple[int, ...]:
    kernel = cut_kernel(_cut(card))
    return (1, 1) if kernel is None else kernel.shape[1:]


def _row(card: Card) -> TrainedSize:
    name = card_short_name(card)
    return TrainedSize(setting_words(card), _sides(card)[0], name, card.accuracy, len(card.seeds))
