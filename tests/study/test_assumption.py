"""What was recorded of the assumption behind scaling."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from design_core.lab.half_normal import half_normal_fit
from design_core.lab.subset import held_out_subset
from design_core.networks import activation_maps
from design_core.study import assumption
from design_core.study.assumption import assumption_markdown, assumption_words, card_assumptions
from design_core.zoo.card import find_card, load_cards
from design_core.zoo.entry import open_entry

SIGN, DESIGN = (f"digits-tiny-w16-{key}-affine_on" for key in ("sign", "design_2x2-v2"))


def layer(distance: float, kurtosis: float, designed: list[float], reached: list[float]) -> object:
    return {"distance": distance, "kurtosis": kurtosis, "designed": designed, "reached": reached}


def test_words_hold_the_recorded_numbers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    record = tmp_path / "half_normal.json"
    monkeypatch.setattr(assumption, "ASSUMPTION", record)
    cards = [find_card(name)[0] for name in (SIGN, DESIGN)]
    assert card_assumptions(cards) == []
    assert assumption_markdown(cards) == ""
    networks = {
        f"{DESIGN}@0": {
            "block1": layer(0.10, 1.0, [0.3, 0.2], [0.25, 0.05]),
            "block2": layer(0.30, 0.2, [0.3, 0.2], [0.30, 0.20]),
        },
        f"{DESIGN}@1": {
            "block1": layer(0.20, 2.0, [0.3, 0.2], [0.30, 0.25]),
            "block2": layer(0.10, 0.4, [0.3, 0.2], [0.30, 0.20]),
        },
        f"{SIGN}@0": {"block1": layer(0.12, 0.5, [0.5], [0.1])},
    }
    record.write_text(json.dumps({"pictures": 9, "networks": networks}))
    (_, sign), (_, design) = assumption_words(cards)
    assert "0.15 to 0.20 from a half-normal (Kolmogorov–Smirnov; farthest in block2)" in design
    assert "kurtosis up to 1.5 (block1)" in design
    assert "misses the designed one by up to 10 points" in design  # 15 and 5
    assert "misses" not in sign  # a threshold of 0 is placed by no scale
    assert "| 0.15 to 0.20 | 1.5 | 10 |" in assumption_markdown(cards)


def test_the_record_is_of_networks_that_are_here_and_right() -> None:
    stored = json.loads(assumption.ASSUMPTION.read_text("utf-8"))
    known = {
        f"{card.name}@{seed}"
        for card in load_cards()
        if not card.about_the_picture
        for seed in card.seeds
    }
    assert set(stored["networks"]) == known
    entry = open_entry(f"{DESIGN}@1")
    subset = held_out_subset(entry.pictures, "digits", count=stored["pictures"])
    assert subset is not None
    x = entry.pictures.normalized(subset.pixels)
    for tap in activation_maps(entry.checkpoint.model, x)[1]:
        kept = stored["networks"][f"{DESIGN}@1"][tap.name]
        fit = half_normal_fit(tap.x)
        assert kept["distance"] == pytest.approx(fit.distance, abs=2e-3)
        assert kept["above"] == pytest.approx(fit.above, abs=2e-3)
        reached = [
            float((tap.x >= t).double().mean()) for t in np.unique(tap.activation.thresholds)
        ]
        assert kept["reached"] == pytest.approx(reached, abs=2e-3)
