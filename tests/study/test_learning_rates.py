"""Sentences on what the benchmark of learning rates recorded."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from design_core.study import learning_rates
from design_core.study.learning_rates import learning_rate_words


def test_each_activation_says_where_the_recipes_rate_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = tmp_path / "learning_rates.json"
    monkeypatch.setattr(learning_rates, "RECORD", record)
    assert learning_rate_words() == []
    accuracy = {
        "sign": {"0.005": 0.5, "0.01": 0.612, "0.02": 0.6},
        "design:2x2-v2": {"0.005": 0.5, "0.01": 0.6, "0.02": 0.61},
    }
    record.write_text(
        json.dumps({"setting": "CIFAR-10", "recipe_rate": 1e-2, "accuracy": accuracy})
    )
    assert learning_rate_words() == [
        (
            "CIFAR-10",
            "Sign reaches 50.0 % at 0.005, 61.2 % at 0.01, 60.0 % at 0.02: the recipe's own is "
            "the best of these.",
        ),
        (
            "CIFAR-10",
            "DeSign 2D reaches 50.0 % at 0.005, 60.0 % at 0.01, 61.0 % at 0.02: 0.02 is ahead of "
            "the recipe's own 0.01.",
        ),
        (
            "CIFAR-10",
            "Each at the best of these rates: Sign 61.2 %, DeSign 2D 61.0 %. One seed each, no "
            "claim.",
        ),
    ]
