"""Recipes: what is read, what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from design_core.training.data import picture_size
from design_core.training.recipe import Recipe, load_recipe, recipe_names

TINY = {"name": "tiny"}


@pytest.mark.parametrize("name", recipe_names())
def test_recipes_of_the_library_are_valid(name: str) -> None:
    recipe = load_recipe(name)
    assert recipe.name == name
    _, side = picture_size(recipe.network)
    recipe.network_spec(in_channels=3, image_size=side, num_classes=10).build()


def test_there_is_a_recipe_for_statistics_and_one_for_digits() -> None:
    assert {"digits", "statistics"} <= set(recipe_names())


def test_round_trip_through_json() -> None:
    recipe = load_recipe("statistics")
    assert Recipe.from_dict(json.loads(json.dumps(recipe.to_dict()))) == recipe


def test_changes_reach_training_and_network() -> None:
    recipe = load_recipe("statistics").with_changes(
        ["epochs=3", "affine=false", "activation=design:1 3;3 1", "learning_rate=1"]
    )
    assert recipe.epochs == 3
    assert recipe.learning_rate == 1
    assert recipe.network["affine"] is False
    assert recipe.network["activation"] == "design:1 3;3 1"
    assert recipe.network["width"] == 32


def test_network_takes_the_shape_of_the_data_where_it_has_an_option() -> None:
    shape = {"in_channels": 1, "image_size": 8, "num_classes": 5}
    assert Recipe(TINY).network_spec(**shape).options["num_classes"] == 5
    assert "image_size" not in Recipe({"name": "resnet20"}).network_spec(**shape).options


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"epochs": 0}, "epochs must be above 0; got 0"),
        ({"epochs": 2.5}, "epochs in a recipe is of type int; got 2.5"),
        ({"flip": "yes"}, "flip in a recipe is of type bool; got 'yes'"),
        ({"optimizer": "lion"}, "optimizer is one of adamw, sgd; got 'lion'"),
        ({"precision": "int8"}, "precision is one of bfloat16, float32; got 'int8'"),
        ({"label_smoothing": 1}, "label_smoothing is from 0 to below 1; got 1"),
        ({"crop_padding": -1}, "crop_padding must not be negative; got -1"),
        ({"epoch": 3}, "A recipe has no entry 'epoch'"),
        ({"network": {}}, r"A recipe's \[network\] table needs a 'name'"),
    ],
)
def test_bad_entries_are_refused(entries: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Recipe.from_dict({"network": TINY, **entries})


def test_a_change_without_a_value_is_refused() -> None:
    with pytest.raises(ValueError, match="written KEY=VALUE; got 'epochs'"):
        Recipe(TINY).with_changes(["epochs"])


def test_pictures_of_another_size_than_asked_for_are_refused() -> None:
    recipe = Recipe({**TINY, "image_size": 16})
    spec = recipe.network_spec(in_channels=1, image_size=16, num_classes=10)
    assert spec.options["image_size"] == 16
    with pytest.raises(ValueError, match="asks for pictures of 16 pixels a side; the data have 8"):
        recipe.network_spec(in_channels=1, image_size=8, num_classes=10)


def test_an_unknown_network_option_is_refused() -> None:
    recipe = Recipe(TINY).with_changes(["depth=3"])
    with pytest.raises(ValueError, match="tiny has no option 'depth'; it has width"):
        recipe.network_spec(in_channels=1, image_size=8, num_classes=10)


def test_unknown_recipe_lists_the_known(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"No recipe 'fast'; give a TOML file or one of .*digits"):
        load_recipe("fast")
    with pytest.raises(ValueError, match="No recipe"):
        load_recipe(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[network", "is not a TOML file"),
        ("[training]\nepochs = 1", r"must have the tables \[network\] and \[training\]"),
        ('[network]\nname = "tiny"\n[data]', "got data, network"),
    ],
)
def test_bad_files_are_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "recipe.toml"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        load_recipe(path)
