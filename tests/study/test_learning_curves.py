"""Learning curves over seeds."""

from __future__ import annotations

import json

import numpy as np
import pytest

from design_core.study.learning_curves import QUANTITIES, convergence, learning_band
from design_core.zoo.card import find_card

CARD, _ = find_card("digits-tiny-w16-sign-affine_on")
LOGS = [
    [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    for path in sorted((CARD.folder / "logs").glob("*.jsonl"))
]


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_bands_hold_all_seeds(quantity: str) -> None:
    band = learning_band(CARD, quantity)
    for epoch in range(len(LOGS[0])):
        values = []
        for log in LOGS:
            value = log[epoch][quantity]
            values.append(sum(value.values()) / len(value) if isinstance(value, dict) else value)
        assert band.mean[epoch] == pytest.approx(sum(values) / len(values))
        assert (band.low[epoch], band.high[epoch]) == pytest.approx((min(values), max(values)))


def test_convergence_is_the_first_epoch_that_is_good_enough() -> None:
    for seed, epochs in zip(CARD.seeds, convergence(CARD, 0.9), strict=True):
        curve = np.array(CARD.curve(seed))
        assert epochs is not None
        assert curve[epochs - 1] >= 0.9
        assert (curve[: epochs - 1] < 0.9).all()
    assert convergence(CARD, 1.01) == [None] * len(CARD.seeds)
