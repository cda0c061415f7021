"""Accuracies of the zoo by the side of the kernel."""

from __future__ import annotations

from dataclasses import replace

import pytest

from design_core.study.trained_sizes import trained_sizes
from design_core.zoo.card import Card
from tests.made_cards import DESIGN_OFF, DESIGN_ON, SIGN_OFF, SIGN_ON, made_card

pytestmark = pytest.mark.quick


def sized(cards: list[Card]) -> list[tuple[int, str, float]]:
    return [(row.side, row.name, round(row.accuracy, 4)) for row in trained_sizes(cards)]


def test_sizes_of_one_setting_stand_together() -> None:
    larger = made_card("design:bayer-4", True, {0: 0.8, 1: 0.8, 2: 0.8})
    found = sized([DESIGN_ON, larger, SIGN_ON, SIGN_OFF])
    assert [side for side, _, _ in found] == [1, 2, 4]
    assert found[0][1:] == ("Sign", 0.76)
    assert found[2][2] == 0.8


def test_a_setting_of_one_size_says_nothing() -> None:
    uniform = made_card("uniform:0.5", True, {0: 0.7, 1: 0.7, 2: 0.7})
    assert sized([SIGN_ON, uniform, DESIGN_OFF]) == []


def test_what_has_no_single_square_kernel_is_left_out() -> None:
    left_out = [
        made_card(activation, True, {0: 0.9, 1: 0.9, 2: 0.9})
        for activation in ("hardtanh", "design:bayer-4 then sign", "design:0 1 3")
    ]
    few = made_card("design:bayer-8", True, {0: 0.9, 1: 0.9})
    assert [side for side, _, _ in sized([SIGN_ON, DESIGN_ON, few, *left_out])] == [1, 2]


def test_of_a_cut_picture_the_cut_counts() -> None:
    def cut(card: Card, picture: str) -> Card:
        return replace(
            card,
            name=f"{card.name}-{picture}",
            recipe={**card.recipe, "network": {**card.recipe["network"], "picture": picture}},
            network={**card.network, "picture": picture},
        )

    cards = [cut(SIGN_ON, one) for one in ("sign", "design:bayer-2", "floyd-steinberg", "real")]
    assert [side for side, _, _ in sized(cards)] == [1, 2]
