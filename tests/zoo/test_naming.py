"""What networks are called."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from design_core.zoo.card import load_cards
from design_core.zoo.naming import describe_network, distinct_names, network_words, short_name

CARDS = {card.name: card for card in load_cards()}


@pytest.mark.parametrize(
    ("activation", "name"),
    [
        ("sign", "Sign"),
        ("uniform:2x2-v2", "Uniform"),
        ("design:2x2x4-shifted-v1", "DeSign3D"),
        ("design:1 1;0 3", "DeSign 1 1;0 3"),
        ("uniform:bayer-4", "Uniform bayer-4"),
        ("design:code=x", "DeSign own"),
        ("relu", "ReLU"),
    ],
)
def test_short_names(activation: str, name: str) -> None:
    assert short_name(activation) == name


def test_what_tells_apart_is_added_and_no_more() -> None:
    sign_on = CARDS["cifar10-vgg_small-w32-sign-affine_on"]
    sign_off = CARDS["cifar10-vgg_small-w32-sign-affine_off"]
    design = CARDS["cifar10-vgg_small-w32-design_2x2-v2-affine_on"]
    assert distinct_names([(sign_on, 0), (design, 0)]) == ["Sign", "DeSign 2D"]
    assert distinct_names([(sign_on, 0), (sign_off, 0), (design, 0)]) == [
        "Sign, γ, β learned",
        "Sign, γ, β fixed",
        "DeSign 2D",
    ]
    assert distinct_names([(sign_off, 0), (sign_off, 1)]) == ["Sign, seed 0", "Sign, seed 1"]
    assert distinct_names([(sign_on, 0), (sign_off, 0), (sign_off, 1)]) == [
        "Sign, γ, β learned",
        "Sign, γ, β fixed, seed 0",
        "Sign, γ, β fixed, seed 1",
    ]


def test_names_of_the_whole_zoo_are_distinct() -> None:
    networks = [(card, seed) for card in CARDS.values() for seed in card.seeds]
    assert len(set(distinct_names(networks))) == len(networks)
    for one, other in itertools.combinations(networks, 2):
        assert len(set(distinct_names([one, other]))) == 2


def test_a_line_on_a_network() -> None:
    card = CARDS["digits-tiny-w16-sign-affine_on"]
    told = f"{100 * card.accuracies[3]:.1f} % on test"
    assert describe_network(card, 3) == f"γ, β learned · width 16 · 20 epochs · seed 3 · {told}"


def test_enlarged_pictures_are_told() -> None:
    card = CARDS["digits-tiny-w16-sign-affine_on"]
    recipe = {**card.recipe, "network": {**card.recipe["network"], "image_size": 16}}
    enlarged = replace(card, name="enlarged", recipe=recipe)
    assert network_words(card) == "tiny of width 16"
    assert network_words(enlarged) == "tiny of width 16 on 16×16 pixels"
    assert "width 16 on 16×16 · 20 epochs" in describe_network(enlarged, 0)
    assert distinct_names([(card, 0), (enlarged, 0)]) == [
        "Sign, tiny 16",
        "Sign, tiny 16 on 16×16",
    ]
