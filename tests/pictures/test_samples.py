"""Samples: every one loads, anywhere, and is what its formula or its source says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from design_core.paths import RESOURCES
from design_core.pictures import PictureError
from design_core.pictures.dataset_cards import CIFAR10_CLASSES, CIFAR100_CLASSES
from design_core.pictures.samples import GROUPS, SAMPLES, load_picture, sample, sample_names

I, J = np.indices((256, 256))  # noqa: E741 (row index, as in the formulas)


@pytest.mark.parametrize("name", SAMPLES)
def test_sample_loads(name: str) -> None:
    picture = sample(name)
    assert picture.name == name
    assert picture.pixels.dtype == np.uint8
    profiled = name == "rocket"
    assert picture.notes == ("colours converted from Adobe RGB (1998) to sRGB",) * profiled
    assert picture.pixels.std() > 10  # there is something to see
    assert sample(name) is picture


@pytest.mark.parametrize("name", SAMPLES)
def test_sample_is_described(name: str) -> None:
    described = SAMPLES[name]
    assert described.name == name
    assert described.group in GROUPS
    assert described.title
    for sentence in (described.attribution, described.alt):
        assert sentence.endswith(".")
        assert sentence[0].isupper()
    assert (described.label is None) == (described.group in ("patterns", "photos"))


def test_samples_differ() -> None:
    assert len({sample(name).sha256 for name in SAMPLES}) == len(SAMPLES)
    assert len({one.title for one in SAMPLES.values()}) == len(SAMPLES)


def test_names_come_group_by_group() -> None:
    assert sample_names() == tuple(SAMPLES)
    assert sample_names() == sum((sample_names(group) for group in GROUPS), ())
    counts = [len(sample_names(group)) for group in GROUPS]
    assert counts == [5, 12, 10, 20, 20]
    with pytest.raises(ValueError, match="no group 'photo'"):
        sample_names("photo")


def test_an_unknown_name_gets_suggestions() -> None:
    with pytest.raises(PictureError, match=r"no sample 'zoneplate'\. Try zone-plate"):
        sample("zoneplate")
    with pytest.raises(PictureError, match="Try "):
        sample("")


def test_samples_do_not_depend_on_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    sample.cache_clear()
    for group in GROUPS:
        sample(sample_names(group)[0])


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("design_core.pictures.samples.find_spec", lambda _name: None)
    sample.cache_clear()
    with pytest.raises(PictureError, match="package skimage is not installed"):
        sample("camera")


# Patterns, against their formulas


def pattern(name: str) -> np.ndarray:
    """Return the plane of a pattern, after checking that it is grey."""
    pixels = sample(name).pixels
    assert pixels.shape == (256, 256, 3)
    assert (pixels == pixels[..., :1]).all()
    return pixels[..., 0].astype(int)


def test_ramp_holds_every_level_once_a_row() -> None:
    np.testing.assert_array_equal(pattern("ramp"), J)


def test_step_wedge_has_sixteen_equal_steps() -> None:
    np.testing.assert_array_equal(pattern("step-wedge"), 17 * (J // 16))


def test_checker_has_squares_of_16_pixels() -> None:
    np.testing.assert_array_equal(pattern("checker"), 255 * ((I // 16 + J // 16) % 2))


def test_one_pixel_lines_stand_left_and_lie_right() -> None:
    lines = pattern("one-pixel-lines")
    np.testing.assert_array_equal(lines[:, :128], 255 * (J[:, :128] % 2))
    np.testing.assert_array_equal(lines[:, 128:], 255 * (I[:, 128:] % 2))


def test_zone_plate_is_round_and_reaches_half_a_cycle_a_pixel() -> None:
    plate = pattern("zone-plate")
    assert plate[128, 128] == 255
    np.testing.assert_array_equal(plate, plate.T)
    np.testing.assert_array_equal(plate[1:], plate[:0:-1])
    # r² = 64 and 256: a quarter and a whole turn of π r² / 256.
    assert plate[128, 128 + 8] == round(255 * (0.5 + 0.5 * np.cos(np.pi / 4)))
    assert plate[128, 128 + 16] == 0
    # At the edge neighbours differ by almost half a turn.
    assert abs(plate[128, 1] - plate[128, 0]) > 250


# Digits and CIFAR


def test_digits_are_those_of_scikit_learn() -> None:
    datasets = pytest.importorskip("sklearn.datasets")
    digits = datasets.load_digits()
    for digit in range(10):
        assert digits.target[digit] == digit
        expected = np.rint(digits.images[digit] * 255 / 16)
        np.testing.assert_array_equal(sample(f"digit-{digit}").pixels[..., 0], expected)
        assert SAMPLES[f"digit-{digit}"].label == str(digit)


@pytest.mark.parametrize(
    ("group", "classes"), [("cifar10", CIFAR10_CLASSES), ("cifar100", CIFAR100_CLASSES)]
)
def test_cifar_samples_are_labelled_by_their_files(group: str, classes: tuple[str, ...]) -> None:
    files = sorted((RESOURCES / "samples" / group).iterdir())
    assert len(files) == 20
    for index, (name, file) in enumerate(zip(sample_names(group), files, strict=True)):
        label = SAMPLES[name].label
        assert label in classes
        assert name == f"{group}-{index:02d}"
        assert file.name == f"{index:02d}-{label}.png"
        assert sample(name).pixels.shape == (32, 32, 3)


def test_load_picture_reads_samples_and_files(tmp_path: Path) -> None:
    file = tmp_path / "photo.png"
    Image.fromarray(sample("zone-plate").pixels).save(file)
    np.testing.assert_array_equal(load_picture(str(file)).pixels, sample("zone-plate").pixels)
    assert load_picture(str(file)).name == "photo.png"
    assert load_picture("sample:zone-plate") is sample("zone-plate")


@pytest.mark.parametrize("reference", ["sample:zone-plates", "sample:", "nowhere.png", "a\0b", ""])
def test_load_picture_says_what_is_missing(reference: str) -> None:
    with pytest.raises(PictureError):
        load_picture(reference)
