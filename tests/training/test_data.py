"""Data in memory, and the batches cut from it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from design_core.pictures.picture import Picture
from design_core.training.data import (
    TrainingData,
    load_data,
    normalized,
    picture_size,
    training_batches,
)


def numbered(count: int, side: int = 4, channels: int = 1) -> torch.Tensor:
    """Pictures whose every pixel is their own number; 0 stays free for the border."""
    return (
        torch.arange(1, count + 1, dtype=torch.uint8)
        .view(-1, 1, 1, 1)
        .expand(count, side, side, channels)
    )


def batches(x: torch.Tensor, y: torch.Tensor, **changes: int | bool) -> list[tuple]:
    options = {"batch_size": 4, "crop_padding": 0, "flip": False, "seed": 0, "epoch": 0}
    return list(training_batches(x, y, **{**options, **changes}))


def test_an_epoch_takes_every_picture_at_most_once_with_its_label() -> None:
    x, y = numbered(10), torch.arange(10)
    drawn = batches(x, y)
    assert [len(labels) for _, labels in drawn] == [4, 4]
    labels = torch.cat([labels for _, labels in drawn])
    assert len(labels.unique()) == 8
    for pictures, classes in drawn:
        assert torch.equal(pictures[:, 0, 0, 0].long() - 1, classes)


def test_epochs_repeat_exactly_and_differ_from_each_other_and_between_seeds() -> None:
    x, y = torch.randint(0, 256, (32, 6, 6, 3), dtype=torch.uint8), torch.arange(32)

    def drawn(**changes: int) -> torch.Tensor:
        return torch.cat([p for p, _ in batches(x, y, crop_padding=2, flip=True, **changes)])

    assert torch.equal(drawn(epoch=3), drawn(epoch=3))
    assert not torch.equal(drawn(epoch=3), drawn(epoch=4))
    assert not torch.equal(drawn(seed=1), drawn(seed=2))


def test_processes_share_each_batch() -> None:
    x, y = torch.randint(0, 256, (16, 5, 5, 1), dtype=torch.uint8), torch.arange(16)
    options = {"crop_padding": 1, "flip": True}
    whole = batches(x, y, **options)
    parts = [batches(x, y, rank=rank, world=2, **options) for rank in range(2)]
    for (pictures, labels), first, second in zip(whole, *parts, strict=True):
        assert torch.equal(pictures[0::2], first[0])
        assert torch.equal(labels[1::2], second[1])


def test_crops_are_windows_of_the_padded_picture_mirrored_or_not() -> None:
    x = torch.arange(1, 10, dtype=torch.uint8).view(1, 3, 3, 1)
    padded = np.pad(x[0, ..., 0].numpy(), 1)
    windows = [padded[i : i + 3, j : j + 3] for i in range(3) for j in range(3)]
    allowed = {w.tobytes() for w in windows} | {w[:, ::-1].tobytes() for w in windows}
    seen = set()
    for epoch in range(300):
        ((picture, _),) = batches(
            x, torch.zeros(1), batch_size=1, crop_padding=1, flip=True, epoch=epoch
        )
        seen.add(picture.numpy().tobytes())
    assert seen == allowed


def test_without_augmentation_pictures_are_untouched() -> None:
    x = torch.randint(0, 256, (8, 3, 5, 3), dtype=torch.uint8)
    for pictures, labels in batches(x, torch.arange(8)):
        assert torch.equal(pictures, x[labels])


def test_mean_and_deviation_against_numpy() -> None:
    x = torch.randint(0, 256, (20, 4, 5, 3), dtype=torch.uint8)
    data = TrainingData("", ("a",), x, torch.zeros(20), x[:1], torch.zeros(1))
    mean, deviation = data.mean_and_deviation()
    values = x.numpy() / 255
    np.testing.assert_allclose(mean, values.mean((0, 1, 2)), rtol=1e-6)
    np.testing.assert_allclose(deviation, values.std((0, 1, 2)), rtol=1e-6)
    z = normalized(x, mean, deviation)
    assert z.shape == (20, 3, 4, 5)
    np.testing.assert_allclose(z.mean((0, 2, 3)), 0, atol=1e-5)
    np.testing.assert_allclose(z.std((0, 2, 3), unbiased=False), 1, rtol=1e-5)


def test_digits_need_no_files() -> None:
    data = load_data("digits")
    assert data.train_x.shape == (1437, 8, 8, 1)
    assert data.test_x.shape == (360, 8, 8, 1)
    assert data.train_x.max() == 255
    assert data.test_y.bincount().min() >= 30
    assert data.class_names == tuple("0123456789")


@pytest.fixture
def class_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two classes of one colour each; train has two pictures per class, one not square."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for split, sizes in (("train", [(8, 8), (12, 8)]), ("test", [(8, 8)])):
        for name, colour in (("blue", (0, 0, 255)), ("red", (255, 0, 0))):
            folder = tmp_path / "shapes" / split / name
            folder.mkdir(parents=True)
            for index, size in enumerate(sizes):
                Image.new("RGB", size, colour).save(folder / f"{index}.png")
    return tmp_path / "shapes"


def test_class_folders(class_folders: Path) -> None:
    data = load_data(f"folder:{class_folders}", image_size=8)
    assert data.name == "folder:shapes"
    assert data.class_names == ("blue", "red")
    assert data.train_x.shape == (4, 8, 8, 3)
    assert data.train_y.tolist() == [0, 0, 1, 1]
    assert data.test_x[1, 0, 0].tolist() == [255, 0, 0]


def test_the_size_of_pictures_is_a_networks_option() -> None:
    assert picture_size({"name": "vgg_small", "image_size": 64}) == (3, 64)
    assert picture_size({"name": "resnet20", "in_channels": 1}) == (1, 32)
    with pytest.raises(ValueError, match="number of pixels from 1; got 'large'"):
        picture_size({"image_size": "large"})
    with pytest.raises(ValueError, match="in_channels is 4"):
        picture_size({"in_channels": 4})


def test_grey_pictures_are_the_luminance(class_folders: Path) -> None:
    colours = load_data(f"folder:{class_folders}", image_size=8)
    grey = load_data(f"folder:{class_folders}", image_size=8, channels=1)  # not the cached ones
    assert colours.train_x.shape == (4, 8, 8, 3)
    assert grey.train_x.shape == (4, 8, 8, 1)
    red = Picture.from_pixels(np.full((8, 8, 3), [255, 0, 0], np.uint8), name="red")
    grey_of_red = 255 * float(red.luminance().max())
    assert grey.test_x[1, 0, 0].item() == round(grey_of_red)


def test_class_folders_are_decoded_once_and_anew_when_a_file_changes(class_folders: Path) -> None:
    def first_pixel() -> list[int]:
        data = load_data(f"folder:{class_folders}", image_size=8)
        return data.train_x[0, 0, 0].tolist()

    cache = class_folders.parent / "cache" / "design"
    assert first_pixel() == first_pixel() == [0, 0, 255]
    assert len(list(cache.iterdir())) == 1
    Image.new("RGB", (8, 8), (0, 255, 0)).save(class_folders / "train" / "blue" / "0.png")
    assert first_pixel() == [0, 255, 0]
    assert len(list(cache.iterdir())) == 2


@pytest.mark.parametrize(
    "damage", [b"", b"PK\x03\x04 garbage", b"\x93NUMPY", None], ids=["empty", "zip", "npy", "cut"]
)
def test_a_damaged_cache_is_made_anew(class_folders: Path, damage: bytes | None) -> None:
    first = load_data(f"folder:{class_folders}", image_size=8)
    (kept,) = (class_folders.parent / "cache" / "design").iterdir()
    whole = kept.read_bytes()
    kept.write_bytes(whole[: len(whole) // 2] if damage is None else damage)
    again = load_data(f"folder:{class_folders}", image_size=8)
    assert again.sha256() == first.sha256()
    assert kept.read_bytes() == whole


def test_a_cache_of_other_arrays_is_made_anew(class_folders: Path) -> None:
    first = load_data(f"folder:{class_folders}", image_size=8)
    (kept,) = (class_folders.parent / "cache" / "design").iterdir()
    for wrong in (np.zeros((4, 8, 8, 1), np.uint8), np.zeros((4, 8, 8, 3), np.float32)):
        np.savez(kept, train=wrong, test=wrong)
        assert load_data(f"folder:{class_folders}", image_size=8).sha256() == first.sha256()


@pytest.mark.parametrize("obstacle", ["a file in its way", "a full disk"])
def test_a_cache_that_cannot_be_written_costs_one_warning(
    class_folders: Path, obstacle: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = class_folders.parent / "cache"
    if obstacle == "a full disk":
        cache.mkdir(exist_ok=True)

        def full(*_: object, **__: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(np, "savez", full)
    else:
        cache.write_bytes(b"")
    with pytest.warns(UserWarning, match="cannot be kept in .*; they will be decoded") as told:
        data = load_data(f"folder:{class_folders}", image_size=8)
    assert len(told) == 1
    assert data.train_x.shape == (4, 8, 8, 3)
    if cache.is_dir():
        assert not list(cache.rglob("*.npz"))


def test_clutter_changes_no_cache_and_is_no_data(class_folders: Path) -> None:
    first = load_data(f"folder:{class_folders}", image_size=8)
    (class_folders / "train" / ".ipynb_checkpoints").mkdir()
    (class_folders / "train" / "blue" / "._0.png").write_bytes(b"\0\5\x16\7")
    (class_folders / ".DS_Store").write_bytes(b"x")
    (class_folders / "train" / "blue" / "gone.txt").symlink_to(class_folders / "nowhere")
    again = load_data(f"folder:{class_folders}", image_size=8)
    assert again.sha256() == first.sha256()
    assert again.class_names == first.class_names
    assert len(list((class_folders.parent / "cache" / "design").iterdir())) == 1


@pytest.mark.parametrize("level", [0, 77, 255])
def test_a_channel_of_one_value_becomes_zero(level: int) -> None:
    x = torch.randint(0, 256, (50, 4, 4, 3), dtype=torch.uint8)
    x[..., 2] = level
    y = torch.zeros(50, dtype=torch.int64)
    data = TrainingData("made", ("a",), x, y, x, y)
    mean, deviation = data.mean_and_deviation()
    assert deviation[2] == 1
    assert (deviation[:2] > 0.1).all()
    ready = normalized(x, mean, deviation)
    assert ready.isfinite().all()
    assert ready[:, 2].abs().max() < 1e-6


def test_a_named_set_may_lie_as_class_folders(class_folders: Path) -> None:
    class_folders.rename(class_folders.parent / "cifar10")
    data = load_data("cifar10", root=class_folders.parent)
    assert data.name == "cifar10"
    assert data.train_x.shape == (4, 32, 32, 3)


def test_missing_and_unknown_data_are_refused(class_folders: Path) -> None:
    with pytest.raises(ValueError, match="Unknown data 'mnist'; write cifar10, cifar100"):
        load_data("mnist")
    with pytest.raises(ValueError, match="CIFAR-10 is not in"):
        load_data("cifar10", root=class_folders)
    (class_folders / "test" / "red").rename(class_folders / "test" / "green")
    with pytest.raises(ValueError, match="must have the same class folders"):
        load_data(f"folder:{class_folders}")
