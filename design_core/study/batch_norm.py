"""What batch norm takes over: the gain over Sign with γ and β learned, and without.

A learned β can move each channel's threshold to where a uniform shift would put it. It cannot undo
a pattern in space. So the gain without γ and β minus the gain with them is what batch norm does
just as well, and what is left with them is what only the activation can do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from design_core.statistics import (
    Difference,
    compare_seeds,
    mean_difference,
    paired_difference,
)
from design_core.study.pairs import partner
from design_core.zoo.arms import ARMS
from design_core.zoo.card import Card

__all__ = ["DESIGN", "SIGN", "BatchNormGains", "Gain", "batch_norm_gains", "gain_over"]

#: The activation that all others are measured against, as recipes call it.
SIGN = ARMS["sign"].activation

#: What the paper calls ours.
DESIGN = ARMS["design2d"].activation


@dataclass(frozen=True)
class Gain:
    """The accuracy of a card minus that of another, as shares.

    Parameters
    ----------
    mean
        See `mean_difference`; that of `difference` where there is one.
    difference
        With interval and test; None for a single seed.
    """

    card: Card
    other: Card
    mean: float
    difference: Difference | None


@dataclass(frozen=True)
class BatchNormGains:
    """One activation against Sign, with γ and β learned and without.

    Parameters
    ----------
    without, learned
        The gain in either case; None where a card is missing.
    taken_over
        Paired difference of the two gains, the first minus the second; None unless two or more
        seeds have all four networks.
    """

    activation: str
    without: Gain | None
    learned: Gain | None
    taken_over: Difference | None


def gain_over(card: Card, other: Card) -> Gain:
    """What a card gains over another, paired over seeds where it can be."""
    first, second = card.accuracies, other.accuracies
    return Gain(card, other, mean_difference(first, second), compare_seeds(first, second))


def batch_norm_gains(cards: Sequence[Card]) -> list[BatchNormGains]:
    """The influence of γ and β on every activation's gain over Sign, one per recipe and network."""
    found = []
    for card in cards:
        if card.activation == SIGN:
            continue
        other = partner(card, cards, affine=not card.affine)
        if card.affine and other:
            continue  # told with the card without γ and β
        pair = {one.affine: one for one in (card, other) if one}
        gains = {affine: _over_sign(one, cards) for affine, one in pair.items()}
        without, learned = gains.get(False), gains.get(True)
        if without or learned:
            both = _taken_over(without, learned)
            found.append(BatchNormGains(card.activation, without, learned, both))
    return found


def _over_sign(card: Card, cards: Sequence[Card]) -> Gain | None:
    sign = partner(card, cards, activation=SIGN)
    return gain_over(card, sign) if sign else None


def _taken_over(without: Gain | None, learned: Gain | None) -> Difference | None:
    if without is None or learned is None:
        return None
    one, other = _by_seed(without), _by_seed(learned)
    common = sorted(one.keys() & other.keys())
    if len(common) < 2:
        return None
    return paired_difference([one[s] for s in common], [other[s] for s in common])


def _by_seed(gain: Gain) -> Mapping[int, float]:
    first, second = gain.card.accuracies, gain.other.accuracies
    return {seed: first[seed] - second[seed] for seed in first.keys() & second.keys()}
