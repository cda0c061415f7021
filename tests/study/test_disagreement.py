"""Who got it wrong, against a loop over the pictures."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from design_core.study.disagreement import card_disagreement, disagreement, spread
from design_core.zoo.card import Card, load_cards

CARDS = load_cards()


@pytest.mark.parametrize("seed", range(5))
def test_every_number_by_brute_force(seed: int) -> None:
    rng = np.random.default_rng(seed)
    count, classes = int(rng.integers(1, 40)), int(rng.integers(2, 6))
    true, first, second = rng.integers(0, classes, (3, count))
    both, only_first, only_second, neither = [], [], [], []
    by_class = [[0, 0] for _ in range(classes)]
    for place, (t, a, b) in enumerate(zip(true, first, second, strict=True)):
        if a == t and b == t:
            both.append(place)
        elif a == t:
            only_first.append(place)
            by_class[t][0] += 1
        elif b == t:
            only_second.append(place)
            by_class[t][1] += 1
        else:
            neither.append(place)
    found = disagreement(true, first, second)
    assert found.counts == ((len(both), len(only_first)), (len(only_second), len(neither)))
    assert found.only_first.tolist() == only_first
    assert found.only_second.tolist() == only_second
    assert found.neither.tolist() == neither
    assert found.by_class(classes).tolist() == by_class
    assert found.same_answer == sum(a == b for a, b in zip(first, second, strict=True)) / count
    split = len(only_first) + len(only_second)
    less = min(len(only_first), len(only_second))
    tail = sum(math.comb(split, k) for k in range(less + 1)) / 2**split
    assert found.test.p == pytest.approx(min(1.0, 2 * tail))


def test_predictions_must_be_of_the_same_pictures() -> None:
    for lists in (([0, 1], [0, 1], [0]), ([], [], []), ([[0]], [[0]], [[0]])):
        with pytest.raises(ValueError, match="one number per picture; got shapes"):
            disagreement(*lists)


def pairs() -> list[tuple[Card, Card]]:
    return [
        (one, other)
        for one, other in itertools.combinations(CARDS, 2)
        if one.class_names == other.class_names
    ]


def test_all_pairs_of_the_zoo_agree_with_their_cards() -> None:
    for one, other in pairs():
        seed, its = one.seeds[-1], other.seeds[0]
        (both, first), (second, neither) = card_disagreement(one, seed, other, its).counts
        assert both + first == one.result(seed).right
        assert both + second == other.result(its).right
        assert both + first + second + neither == one.data["test"]


def test_networks_of_different_classes_are_not_compared() -> None:
    digits = next(card for card in CARDS if card.dataset == "digits")
    cifar = next(card for card in CARDS if card.dataset == "cifar10")
    with pytest.raises(ValueError, match="know different classes: digits and cifar10"):
        card_disagreement(digits, 0, cifar, 0)
    with pytest.raises(ValueError, match="has no seed 99"):
        card_disagreement(cifar, 99, cifar, 0)


def test_spreading_goes_round_the_classes() -> None:
    rng = np.random.default_rng(0)
    true = np.sort(rng.integers(0, 6, 60))
    places = np.sort(rng.choice(60, 30, replace=False))
    order = spread(places, true)
    assert sorted(order.tolist()) == places.tolist()
    classes = true[order].tolist()
    met = [classes[:k].count(label) for k, label in enumerate(classes)]
    assert met == sorted(met)  # no class a second time before all that have one came once
    assert spread(places[:0], true).size == 0
