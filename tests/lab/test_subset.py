"""Subsets in the form of a network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from design_core.lab.subset import held_out_subset, picture_subset, sample_subset
from design_core.pictures.dataset_cards import CIFAR10_CLASSES
from design_core.pictures.picture_set import DatasetError
from design_core.pictures.samples import sample
from design_core.training.data import load_data
from design_core.zoo.checkpoint import Checkpoint
from design_core.zoo.entry import open_entry

DIGITS = "digits-tiny-w16-sign-affine_on"
CIFAR = "cifar10-vgg_small-w32-sign-affine_on"


@pytest.fixture(scope="module")
def digits() -> Checkpoint:
    return open_entry(DIGITS).checkpoint


@pytest.fixture(scope="module")
def cifar() -> Checkpoint:
    return open_entry(CIFAR).checkpoint


def class_folders(root: Path, names: tuple[str, ...], each: int) -> Path:
    """Even grey pictures, each value once."""
    for number, name in enumerate(names):
        folder = root / "cifar10" / "test" / name
        folder.mkdir(parents=True)
        for k in range(each):
            grey = np.full((32, 32, 3), number * each + k, np.uint8)
            Image.fromarray(grey).save(folder / f"{k:02d}.png")
    return root


def test_one_picture(digits: Checkpoint) -> None:
    subset = picture_subset(digits.pictures, sample("digit-3"))
    assert subset.pixels.numpy()[0, ..., 0].tolist() == sample("digit-3").pixels[..., 0].tolist()
    assert (len(subset), subset.labels.tolist()) == (1, [-1])


def test_samples_carry_their_classes(digits: Checkpoint, cifar: Checkpoint) -> None:
    subset = sample_subset(digits.pictures, "digits")
    assert subset is not None
    assert subset.labels.tolist() == list(range(10))
    pictures = sample_subset(cifar.pictures, "cifar10")
    assert pictures is not None
    assert tuple(pictures.pixels.shape) == (20, 32, 32, 3)
    assert [CIFAR10_CLASSES[k] for k in pictures.labels[:3]] == ["cat", "ship", "ship"]
    assert pictures.title == "the 20 embedded samples of CIFAR-10"
    assert sample_subset(cifar.pictures, "stl10") is None
    # Classes that the network does not know have no number.
    strangers = sample_subset(cifar.pictures, "cifar100")
    assert strangers is not None
    assert set(strangers.labels.tolist()) == {-1}


def test_digits_are_always_there(digits: Checkpoint) -> None:
    whole, part, again = (
        held_out_subset(digits.pictures, "digits", count=n) for n in (1000, 50, 50)
    )
    assert whole is not None
    assert part is not None
    assert again is not None
    data = load_data("digits")
    assert (whole.pixels == data.test_x).all()
    assert (whole.labels == data.test_y).all()
    assert (part.pixels == again.pixels).all()
    assert (len(part), part.title) == (50, "50 digits test pictures")


def test_a_part_of_class_folders_holds_many_classes(cifar: Checkpoint, tmp_path: Path) -> None:
    root = class_folders(tmp_path, CIFAR10_CLASSES, 5)
    subset = held_out_subset(cifar.pictures, "cifar10", count=20, root=root)
    assert subset is not None
    assert subset.title == "20 CIFAR-10 test pictures"
    assert len(set(subset.labels.tolist())) >= 7
    values = subset.pixels[:, 0, 0, 0].tolist()
    assert sorted(set(values)) == values  # each once, in their order
    assert [value // 5 for value in values] == subset.labels.tolist()


def test_data_that_are_not_there_or_of_others(cifar: Checkpoint, tmp_path: Path) -> None:
    assert held_out_subset(cifar.pictures, "cifar10", root=tmp_path) is None
    assert held_out_subset(cifar.pictures, "folder:pets", root=tmp_path) is None
    (tmp_path / "damaged" / "cifar-10-batches-py").mkdir(parents=True)
    with pytest.raises(DatasetError, match="incomplete or damaged"):
        held_out_subset(cifar.pictures, "cifar10", root=tmp_path / "damaged")
    root = class_folders(tmp_path / "pets", ("cat", "dog"), 1)
    with pytest.raises(ValueError, match="has the classes cat, dog …; the network knows airplane"):
        held_out_subset(cifar.pictures, "cifar10", root=root)


def test_the_pictures_of_a_folder_that_was_trained_on(cifar: Checkpoint, tmp_path: Path) -> None:
    class_folders(tmp_path, CIFAR10_CLASSES, 2)
    (tmp_path / "cifar10").rename(tmp_path / "mine")
    subset = held_out_subset(cifar.pictures, "folder:mine", root=tmp_path)
    assert subset is not None
    assert (len(subset), subset.title) == (20, "20 mine test pictures")
