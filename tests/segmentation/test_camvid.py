"""CamVid's layout, on tiny files written here; no picture of the set is needed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from design_core.pictures.picture_set import DatasetError
from design_core.segmentation.camvid import CLASSES, is_at_hand, open_scenes
from design_core.segmentation.scores import UNLABELLED
from design_core.training.data import load_data, training_batches
from tests.made_scenes import SIZE, write_scenes


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_scenes(tmp_path)
    return tmp_path


def test_pictures_and_labels_are_read_in_the_order_of_names(root: Path) -> None:
    assert is_at_hand(root)
    scenes = open_scenes(root)
    pictures, labels = scenes.arrays()
    assert pictures.shape == (len(scenes), *SIZE, 3) == (4, *SIZE, 3)
    assert labels.shape == (4, *SIZE)
    for k, (picture, label) in enumerate(zip(pictures, labels, strict=True)):
        folder = root / "camvid" / "test"
        assert np.array_equal(picture, np.asarray(Image.open(folder / f"pictures/{k:05}.png")))
        stored = np.asarray(Image.open(folder / f"labels/{k:05}.png")).astype(int)
        assert np.array_equal(label, np.where(stored == 11, UNLABELLED, stored))
        assert np.array_equal(scenes.truth(k), label)
        assert scenes.picture(k).name == f"{k:05}.png"


def test_training_data_have_a_class_for_each_pixel(root: Path) -> None:
    data = load_data("camvid", root=root)
    assert data.per_pixel
    assert (data.name, data.class_names) == ("camvid", CLASSES)
    assert (len(data.train_x), len(data.test_x)) == (6, 4)
    assert data.form.shape == (3, *SIZE)
    assert not load_data("digits").per_pixel


def test_mirror_and_crop_move_pictures_and_labels_together(root: Path) -> None:
    data = load_data("camvid", root=root)
    # A picture that says its own classes shows whether they still belong to each other.
    told = torch.where(data.train_y == UNLABELLED, 99, data.train_y + 50).to(torch.uint8)
    beyond = 0
    for pictures, labels in training_batches(
        told[..., None].expand(-1, -1, -1, 3),
        data.train_y,
        batch_size=3,
        crop_padding=5,
        flip=True,
        seed=0,
        epoch=0,
    ):
        expected = torch.where(labels == UNLABELLED, 99, labels + 50).to(torch.uint8)
        border = pictures[..., 0] == 0
        assert torch.equal(pictures[..., 0][~border], expected[~border])
        assert (labels[border] == UNLABELLED).all()
        beyond += int(border.sum())
    assert beyond > 0


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ("missing", "test pictures are not in"),
        ("odd", "has 00002 as a picture or as labels alone"),
        ("number", "holds the number 12; labels are class numbers 0 to 10, and 11 for"),
        ("size", "has 24×16 pixels and its labels 8×8; all of test must have 24×16"),
        ("broken", "cannot be read"),
    ],
)
def test_damage_is_told(root: Path, damage: str, message: str) -> None:
    folder = root / "camvid" / "test"
    if damage == "missing":
        for path in folder.glob("*/*.png"):
            path.unlink()
    elif damage == "odd":
        (folder / "labels" / "00002.png").unlink()
    elif damage == "broken":
        (folder / "labels" / "00002.png").write_bytes(b"\x89PNG\r\n\x1a\nno")
    else:
        size, value = (SIZE, 12) if damage == "number" else ((8, 8), 0)
        Image.fromarray(np.full(size, value, np.uint8)).save(folder / "labels" / "00002.png")
    with pytest.raises(DatasetError, match=message):
        open_scenes(root).arrays()


def test_other_splits_and_other_places(root: Path, tmp_path: Path) -> None:
    assert len(open_scenes(root, split="val")) == 2
    with pytest.raises(DatasetError, match="has the splits train, val, test, not 'trial'"):
        open_scenes(root, split="trial")
    assert not is_at_hand(tmp_path / "nowhere")
    with pytest.raises(ValueError, match=r"train pictures are not in .*Put them there"):
        load_data("camvid", root=tmp_path / "nowhere")
