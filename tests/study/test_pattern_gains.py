"""What patterns gain, against how alike neighbours are."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from design_core.statistics import paired_difference
from design_core.study import smoothness
from design_core.study.pattern_gains import gains_sentence, pattern_gain_words, pattern_gains
from design_core.study.plan import inside_pattern
from design_core.zoo.arms import PICTURE_ARMS
from design_core.zoo.card import Card
from tests.made_cards import DESIGN_ON, SIGN_ON, made_card

BAYER = {0: 0.83, 1: 0.84, 2: 0.86}
SIGN = {0: 0.80, 1: 0.82, 2: 0.81}


def cut(key: str, accuracies: dict[int, float]) -> Card:
    card = made_card("sign", True, accuracies)
    asked = {"picture": PICTURE_ARMS[key].activation}
    recipe = {**card.recipe, "network": {**card.recipe["network"], **asked}}
    network = {**card.network, **asked}
    return replace(card, name=f"picture-{key}", network=network, recipe=recipe)


@pytest.fixture
def cards(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Card]:
    made = [
        *(cut("bayer2", BAYER), cut("sign", SIGN)),
        *(made_card(inside_pattern(1), True, {0: 0.74, 1: 0.75}), SIGN_ON),
        *(DESIGN_ON, made_card("uniform:2x2-v2", True, {5: 0.7})),  # no common seeds, one run
    ]
    measured = {
        "picture-sign@0": {"picture": 0.9, "block1": 0.5},
        f"{SIGN_ON.name}@1": {"picture": 0.9, "block1": 0.2, "block2": 0.6},
    }
    record = tmp_path / "smoothness.json"
    record.write_text(
        json.dumps({name: {"pictures": 1, "correlation": kept} for name, kept in measured.items()})
    )
    monkeypatch.setattr(smoothness, "SMOOTHNESS", record)
    return made


def test_patterns_stand_beside_their_controls_in_the_order_of_smoothness(
    cards: list[Card],
) -> None:
    inside, picture = pattern_gains(cards)
    assert (inside.at_picture, picture.at_picture) == (False, True)
    assert inside.correlation == pytest.approx((0.2, 0.4, 0.6))
    assert picture.correlation == pytest.approx((0.9, 0.9, 0.9))
    expected = paired_difference(list(BAYER.values()), list(SIGN.values()))
    assert picture.gain == expected
    assert inside.gain.mean == pytest.approx(np.mean([0.74 - 0.75, 0.75 - 0.77]))


def test_words_hold_the_numbers(cards: list[Card]) -> None:
    told = dict(pattern_gain_words(cards))
    (picture,) = (told[title] for title in told if title.startswith("Bayer 2×2 minus Sign"))
    assert "correlate with 0.90; the pattern gains +3.33 points" in picture
    assert told["Picture and hidden layers"] == (
        "Where neighbours correlate with 0.90, at the picture, the pattern gains +3.33 points over "
        "one threshold; in hidden layers, where they correlate with 0.40 on average, −1.50."
    )
    assert gains_sentence(pattern_gains(cards[:2])) == ""


def test_what_was_not_measured_is_left_out(
    cards: list[Card], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(smoothness, "SMOOTHNESS", tmp_path / "nothing.json")
    assert pattern_gains(cards) == []
