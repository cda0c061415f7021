"""Confusion as rates, and accuracy per class."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from design_core.statistics import mean_interval, wilson_interval
from design_core.study.class_accuracy import class_accuracies, confusion_rates, most_confused
from design_core.zoo.card import Card, find_card, load_cards


def test_rows_are_shares_of_the_true_class() -> None:
    counts = np.random.default_rng(0).integers(0, 50, (7, 7))
    counts[3] = 0
    rates = confusion_rates(counts)
    for i in range(7):
        total = counts[i].sum()
        for j in range(7):
            assert rates[i, j] == (counts[i, j] / total if total else 0)


def test_the_largest_entry_beside_the_diagonal() -> None:
    rates = np.array([[9.0, 0.1, 0.2], [-0.5, 9.0, 0.3], [0.0, 0.1, 9.0]])
    assert most_confused(rates) == (1, 0)


@pytest.mark.parametrize("card", load_cards(), ids=lambda card: card.name)
def test_class_accuracies_are_the_diagonal_of_the_confusion(card: Card) -> None:
    found = class_accuracies(card)
    rates = confusion_rates(card.confusion)
    # All seeds see the same pictures, so the mean of shares is the share of the sum.
    assert [one.mean for one in found] == pytest.approx(np.diag(rates).tolist())
    assert all(one.ci95[0] <= one.mean <= one.ci95[1] for one in found)


def test_intervals_over_seeds_and_over_pictures() -> None:
    card, _ = find_card("digits-tiny-w16-sign-affine_on")
    shares = []
    for seed in card.seeds:
        predicted, true = card.predictions(seed)
        shares.append((predicted[true == 8] == 8).mean())
    assert class_accuracies(card)[8].ci95 == mean_interval(shares)
    alone = replace(card, results=card.results[:1])
    predicted, true = card.predictions(card.seeds[0])
    right, count = int((predicted[true == 8] == 8).sum()), int((true == 8).sum())
    assert class_accuracies(alone)[8].ci95 == wilson_interval(right, count)
