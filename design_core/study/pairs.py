"""Which cards may be set against each other: partners alike in all but one thing, and groups."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from design_core.pictures.dataset_cards import is_embedded
from design_core.statistics import Difference, compare_seeds
from design_core.zoo.arms import ARMS, arm_of
from design_core.zoo.card import Card

__all__ = ["Comparison", "batch_norm_column", "comparisons", "groups", "partner"]

_BASELINE = "sign"
_UNIFORM = ARMS["uniform"].activation


@dataclass(frozen=True)
class Comparison:
    """Two cards that differ in one thing.

    Parameters
    ----------
    question
        What is compared, for people.
    first, second
        The cards; a positive difference speaks for the first.
    difference
        Over the seeds; None where a single network each leaves only McNemar's test.
    """

    question: str
    first: Card
    second: Card
    difference: Difference | None


def comparisons(cards: Sequence[Card]) -> list[Comparison]:
    """All comparisons that answer a question, among cards alike in all else.

    Every activation against Sign, every kernel against the uniform control, and batch norm's γ
    and β learned against not.
    """
    found = []
    for card in cards:
        title, batch_norm = arm_of(card.activation).title, batch_norm_column(card)
        for base, name in ((_BASELINE, "Sign"), (_UNIFORM, "the uniform control")):
            other = partner(card, cards, activation=base)
            if other and card.activation not in (_BASELINE, base):
                found.append(_compared(f"{title} minus {name}, {batch_norm}", card, other))
        if card.affine and (other := partner(card, cards, affine=False)):
            found.append(_compared(f"{title}: γ, β learned minus not learned", card, other))
    return found


def partner(card: Card, cards: Sequence[Card], **changed: object) -> Card | None:
    """The card that is the same but for the changed options of its network, None without one."""
    wanted = {**card.network, **changed}
    recipe = {**card.recipe, "network": None}
    for other in cards:
        same_training = {**other.recipe, "network": None} == recipe and other.data == card.data
        if other is not card and same_training and other.network == wanted:
            return other
    return None


def _compared(question: str, first: Card, second: Card) -> Comparison:
    return Comparison(question, first, second, compare_seeds(first.accuracies, second.accuracies))


def groups(cards: Sequence[Card]) -> list[list[Card]]:
    """Cards of one data set, network and recipe together: what may be compared, the main first."""
    found: dict[str, list[Card]] = {}
    for card in sorted(cards, key=_rank):
        found.setdefault(_group(card), []).append(card)
    return list(found.values())


def _rank(card: Card) -> tuple[object, ...]:
    """CIFAR-10 before the rest, pictures of their own size, the shorter recipe, plan's order."""
    order = [arm.activation for arm in ARMS.values()]
    known = card.activation in order
    return (
        *(is_embedded(card.dataset), card.dataset, bool(card.enlarged)),
        *(card.recipe["epochs"], card.width or 0),
        *(not known, order.index(card.activation) if known else 0, card.name),
    )


def _group(card: Card) -> str:
    """All that `partner` wants equal, but for what is compared."""
    compared = {"activation", "affine"}
    if card.about_the_picture:
        compared |= {"picture", "first"}
    network = {key: value for key, value in card.network.items() if key not in compared}
    recipe = {**card.recipe, "network": card.about_the_picture}
    return json.dumps([card.data, network, recipe], sort_keys=True)


def batch_norm_column(card: Card) -> str:
    """The column of a table that a card belongs to."""
    return "γ, β learned" if card.affine else "γ, β not learned"
