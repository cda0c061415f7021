"""What networks are called."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from design_core.networks import network_options
from design_core.study.pairs import groups
from design_core.training.recipe import load_recipe
from design_core.zoo.arms import arm_of
from design_core.zoo.card import Card, card_name, load_cards
from design_core.zoo.naming import (
    describe_network,
    distinct_names,
    network_words,
    recipe_words,
    training_name,
)

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
    assert arm_of(activation).short == name


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
    assert describe_network(card, 3) == f"γ, β learned · tiny 16 · 20 epochs · seed 3 · {told}"


def test_enlarged_pictures_are_told() -> None:
    card = CARDS["digits-tiny-w16-sign-affine_on"]
    recipe = {**card.recipe, "network": {**card.recipe["network"], "image_size": 16}}
    enlarged = replace(card, name="enlarged", recipe=recipe)
    assert network_words(card) == "tiny of width 16"
    assert network_words(enlarged) == "tiny of width 16 on 16×16 pixels"
    assert "tiny 16 on 16×16 · 20 epochs" in describe_network(enlarged, 0)
    assert distinct_names([(card, 0), (enlarged, 0)]) == [
        "Sign, tiny 16",
        "Sign, tiny 16 on 16×16",
    ]


BASE = load_recipe("statistics")
# One thing is changed in each, and every thing that a recipe decides is changed in one.
CHANGES = (
    *("binarizer=recu", "first=binary", "last=binary", "surrogate=swish", "padding=zero"),
    *("picture=design:2x2-v2", "image_size=64", "stages=2", "width=16", "affine=false"),
    *("activation=design:2x2-v2", "name=resnet20", "epochs=30", "batch_size=64"),
    *("optimizer=sgd", "learning_rate=0.02", "warmup_epochs=3", "weight_decay=0.1"),
    *("momentum=0.5", "label_smoothing=0", "crop_padding=2", "flip=false"),
    *("precision=float32", "compile=false", "low_pass=true"),
    *("weight_bits=2", "activation_bits=2", "weight_bases=2", "activation_bases=2"),
)


def trained(*changes: str) -> Card:
    """A card of a run of the changed recipe, as `zoo collect` would name it."""
    base = CARDS["cifar10-vgg_small-w32-sign-affine_on"]
    recipe = BASE.with_changes(changes).to_dict()
    network = {**base.network, **recipe["network"]}
    name = card_name({"data": base.data, "recipe": recipe, "network": network})
    return replace(base, name=name, network=network, recipe=recipe)


def test_runs_that_differ_in_anything_are_told_apart() -> None:
    settings = {change.partition("=")[0] for change in CHANGES}
    decided = {*BASE.to_dict(), *network_options("vgg_small")} - {"network"}
    assert settings == decided - {"in_channels", "num_classes"}  # these are the data's
    cards = [trained(), *(trained(change) for change in CHANGES)]
    assert len({card.name for card in cards}) == len(cards)
    networks = [(card, 0) for card in cards]
    labels = [f"{arm_of(card.activation).short} · {describe_network(card, 0)}" for card in cards]
    assert len(set(labels)) == len(cards)
    assert len(set(distinct_names(networks))) == len(cards)
    # A longer training is not the longer recipe
    assert recipe_words(trained("epochs=30")) == "30 epochs by statistics"
    longer = CARDS["cifar10-vgg_small-w32-sign-affine_on-demonstration"]
    assert recipe_words(longer) == "30 epochs"


def test_only_what_may_be_compared_stands_in_one_table() -> None:
    cards = [trained(), *(trained(change) for change in CHANGES)]
    together = groups(cards)
    main = next(group for group in together if trained().name in {card.name for card in group})
    assert {card.name for card in main} == {
        trained(*changes).name for changes in ((), ("affine=false",), ("activation=design:2x2-v2",))
    }
    assert len(together) == len(cards) - 2
    assert len({training_name(group[0]) for group in together}) == len(together)
