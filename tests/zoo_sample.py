"""A choice of the zoo's networks for tests that run them: the zoo grows, and time with it."""

from __future__ import annotations

import os

from design_core.networks.facts import PLANE_OPTIONS
from design_core.zoo.card import Card, load_cards

__all__ = ["one_of_each_kind"]

_TOLD_APART_BY = ("binarizer", "first", "last", "width", "image_size", *PLANE_OPTIONS)


def one_of_each_kind() -> list[Card]:
    """The first card of each kind of network; with DESIGN_WHOLE_ZOO in the environment, all cards.

    Cards of a kind run through the same code: they differ in thresholds, weights and training. The
    whole zoo is also what `zoo verify` goes through, picture by picture.
    """
    if "DESIGN_WHOLE_ZOO" in os.environ:
        return load_cards()
    found: dict[tuple[object, ...], Card] = {}
    for card in load_cards():
        words = [text.partition(":")[0] for text in (card.activation, card.picture)]
        options = [card.network.get(key) for key in _TOLD_APART_BY]
        kind = (card.dataset, card.network["name"], card.affine, *words, *options)
        found.setdefault(kind, card)
    return list(found.values())
