"""Pictures behind stored predictions: the right ones, or none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from design_core.lab.predicted_pictures import are_the_same, predict_set
from design_core.pictures.datasets import open_split
from design_core.pictures.picture_set import PictureSet
from design_core.training.data import load_data
from design_core.zoo.entry import Entry, open_entry


@pytest.fixture(scope="module")
def entry() -> Entry:
    return open_entry("digits-tiny-w16-sign-affine_on@2")


@pytest.fixture(scope="module")
def digits() -> PictureSet:
    found = open_split("digits")
    assert found is not None
    return found


def reordered(pictures: PictureSet, order: list[int]) -> PictureSet:
    labels = pictures.labels[order]
    names = pictures.class_names
    return PictureSet("x", "x", names, labels, lambda index: pictures.picture(order[index]))


def test_digits_are_at_hand(digits: PictureSet) -> None:
    data = load_data("digits")
    assert len(digits) == len(data.test_y) == 360
    for place in (0, 17, 359):
        assert np.array_equal(digits.picture(place).pixels[..., 0], data.test_x[place, ..., 0])
        assert digits.label(place) == data.test_y[place]


def test_a_set_that_is_not_here(tmp_path: Path) -> None:
    assert open_split("cifar10", tmp_path) is None
    assert open_split("moon", tmp_path) is None


def test_a_tree_of_class_folders(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / "cifar10" / "test" / name).mkdir(parents=True)
        Image.new("RGB", (32, 32)).save(tmp_path / "cifar10" / "test" / name / "0.png")
    found = open_split("cifar10", tmp_path)
    assert found is not None
    assert found.class_names == ("a", "b")


def test_predictions_are_the_stored_ones(digits: PictureSet, entry: Entry) -> None:
    predicted, true = entry.card.predictions(2)
    heard: list[float] = []
    assert np.array_equal(predict_set(entry, digits, report=heard.append), predicted)
    assert heard[-1] == 1
    assert are_the_same(digits, entry, predicted, true)


def test_other_pictures_of_the_same_classes_are_noticed(digits: PictureSet, entry: Entry) -> None:
    """Every class has its pictures in another order: to a list of classes all seems the same."""
    predicted, true = entry.card.predictions(2)
    order = np.arange(len(true))
    for label in range(10):
        places = np.flatnonzero(true == label)
        order[places] = places[::-1]
    shuffled = reordered(digits, order.tolist())
    assert np.array_equal(shuffled.labels, true)
    assert not are_the_same(shuffled, entry, predicted, true)
    assert not are_the_same(reordered(digits, list(range(359))), entry, predicted, true)
    assert not are_the_same(reordered(digits, list(range(360))[::-1]), entry, predicted, true)


def test_a_set_of_other_classes(entry: Entry, digits: PictureSet) -> None:
    strange = PictureSet("x", "Strange", ("a", "b"), digits.labels, digits.picture)
    predicted, true = entry.card.predictions(2)
    assert not are_the_same(strange, entry, predicted, true)
    with pytest.raises(ValueError, match="Strange has the classes a, b"):
        predict_set(entry, strange)
