"""The tables of results."""

from __future__ import annotations

from dataclasses import replace

import pytest

from design_core.study.markdown_tables import results_markdown
from design_core.study.pairs import comparisons
from design_core.zoo.card import Card, find_card


def card(activation: str, affine: bool, accuracies: dict[int, float]) -> Card:
    """A card of the digits with another network and other results."""
    base, _ = find_card("digits-tiny-w16-sign-affine_on")
    result = base.results[0]
    return replace(
        base,
        name=f"{activation}-{affine}",
        network={**base.network, "activation": activation, "affine": affine},
        results=tuple(
            replace(result, seed=seed, accuracy=accuracy) for seed, accuracy in accuracies.items()
        ),
    )


def test_what_is_compared_with_what() -> None:
    cards = [
        card("sign", False, {0: 0.70, 1: 0.71}),
        card("sign", True, {0: 0.75, 1: 0.77}),
        card("design:2x2-v2", False, {0: 0.72, 1: 0.74}),
        card("uniform:2x2-v2", False, {0: 0.73}),
    ]
    found = {c.question: c.difference for c in comparisons(cards)}
    assert set(found) == {
        "DeSign 2D [1 1; 3 3] minus Sign, γ, β not learned",
        "DeSign 2D [1 1; 3 3] minus the uniform control, γ, β not learned",
        "control: uniform threshold of the same mean minus Sign, γ, β not learned",
        "Sign: γ, β learned minus not learned",
    }
    design = found["DeSign 2D [1 1; 3 3] minus Sign, γ, β not learned"]
    assert design is not None
    assert design.mean == pytest.approx(0.025)
    affine = found["Sign: γ, β learned minus not learned"]
    assert affine is not None
    assert affine.mean == pytest.approx(0.055)
    # A single network: McNemar's test, on its very predictions.
    assert found["DeSign 2D [1 1; 3 3] minus the uniform control, γ, β not learned"] is None
    text = results_markdown(cards)
    assert "| Sign | 70.50 ± 6.35 (2 seeds) | 76.00 ± 12.71 (2 seeds) |" in text
    assert "minus Sign, γ, β not learned | +2.50 | −3.85 to +8.85 | 0.1257 | 0.5000 |" in text
    assert "minus the uniform control, γ, β not learned | 0 | 0 | 1.0000 |" in text


def test_cards_of_other_training_are_not_compared() -> None:
    one, other = card("sign", False, {0: 0.7, 1: 0.7}), card("relu", False, {0: 0.8, 1: 0.8})
    longer = replace(other, recipe={**other.recipe, "epochs": 30})
    assert comparisons([one, longer]) == []
    wider = replace(other, network={**other.network, "width": 64})
    assert comparisons([one, wider]) == []
    assert len(comparisons([one, other])) == 1
