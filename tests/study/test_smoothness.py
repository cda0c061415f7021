"""What was recorded of neighbours, in words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from design_core.study import smoothness
from design_core.study.smoothness import PICTURE, recorded_smoothness, smoothness_words
from design_core.zoo.card import load_cards

REFERENCE = "digits-tiny-w16-sign-affine_on@1"


def test_words_hold_the_recorded_numbers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    record = tmp_path / "smoothness.json"
    monkeypatch.setattr(smoothness, "SMOOTHNESS", record)
    assert recorded_smoothness() == {}
    assert list(smoothness_words()) == []
    measured = {PICTURE: 0.91, "block1": 0.35, "block2": 0.62}
    record.write_text(json.dumps({REFERENCE: {"pictures": 9, "correlation": measured}}))
    assert recorded_smoothness() == {REFERENCE: measured}
    ((setting, told),) = smoothness_words()
    assert setting.startswith("digits, tiny of width 16")
    assert setting.endswith("Sign, seed 1")
    assert "0.91" in told
    assert "0.35 to 0.62" in told


def test_the_record_is_of_networks_that_are_here() -> None:
    kept = recorded_smoothness()
    known = {f"{card.name}@{seed}" for card in load_cards() for seed in card.seeds}
    assert kept.keys() <= known
    for measured in kept.values():
        assert measured.pop(PICTURE) > max(measured.values())
