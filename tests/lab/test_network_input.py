"""What a network sees."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from design_core.lab.network_input import picture_bits, seen
from design_core.networks import NetworkSpec, activation_maps
from design_core.pictures import Picture
from design_core.pictures.samples import sample
from design_core.zoo.card import find_card
from design_core.zoo.checkpoint import save_checkpoint
from design_core.zoo.entry import Entry, open_entry
from design_core.zoo.network_file import NetworkFile, PictureForm

COLOUR = open_entry("cifar10-vgg_small-w32-sign-affine_on").checkpoint.pictures
GREY = open_entry("digits-tiny-w16-sign-affine_on").checkpoint.pictures


def test_a_picture_of_the_right_size_is_seen_as_it_is() -> None:
    picture = sample("cifar10-03")
    found = seen(picture, COLOUR)
    assert np.array_equal(found.pixels, picture.pixels)
    assert found.crop == (0, 0, 1, 1)
    assert found.words() == "All 32×32 pixels as they are."
    assert found.unchanged
    assert not found.grey


def test_one_channel_is_luminance() -> None:
    picture = sample("digit-4")
    found = seen(picture, GREY)
    assert found.grey
    assert np.array_equal(found.pixels[..., 0], picture.pixels[..., 0])
    assert found.words() == "All 8×8 pixels as they are, in grey."
    assert found.unchanged
    colourful = np.dstack([picture.pixels[..., 0], *[np.zeros((8, 8), np.uint8)] * 2])
    assert not seen(Picture.from_pixels(colourful, name="red"), GREY).unchanged


@pytest.mark.parametrize(
    ("shape", "crop", "words"),
    [
        (
            (60, 100),
            (0.2, 0, 0.6, 1),
            "The middle 60×60 of 100×60 pixels, reduced to 32×32.",
        ),
        ((90, 45), (0, 0.25, 1, 0.5), "The middle 45×45 of 45×90 pixels, reduced to 32×32."),
        ((8, 8), (0, 0, 1, 1), "All 8×8 pixels, enlarged to 32×32."),
        ((32, 50), (0.18, 0, 0.64, 1), "The middle 32×32 of 50×32 pixels."),
    ],
)
def test_the_middle_is_kept(shape: tuple[int, int], crop: tuple[float, ...], words: str) -> None:
    """A picture that is white only where it is kept is seen white, up to the filter's reach."""
    left, top, width, height = crop
    rows, columns = shape
    pixels = np.zeros((*shape, 3), np.uint8)
    pixels[
        round(top * rows) : round((top + height) * rows),
        round(left * columns) : round((left + width) * columns),
    ] = 255
    found = seen(Picture.from_pixels(pixels, name="frame"), COLOUR)
    assert found.crop == pytest.approx(crop)
    assert found.words() == words
    assert not found.unchanged
    assert (found.pixels[3:-3, 3:-3] == 255).all()
    assert found.pixels.mean() > 250


@pytest.mark.parametrize(
    ("picture", "copies"), [("sign", 1), ("thermometer:3", 3), ("floyd-steinberg", 1)]
)
def test_bits_of_a_picture_have_the_colours_that_they_stand_for(
    picture: str, copies: int, tmp_path: Path
) -> None:
    entry = made_entry(picture, tmp_path)
    photo = sample("astronaut")
    found = picture_bits(photo, entry)
    assert found is not None
    form, model = entry.pictures, entry.checkpoint.model
    bits = activation_maps(model, form.normalized(form.pixels(photo)))[1][0].y[0]
    assert found.shape == (32, 32, 3)
    for i, j, c in np.ndindex(*found.shape):
        own = [bits[c * copies + k, i, j].item() > 0 for k in range(copies)]
        assert found[i, j, c] == round(255 * sum(own) / copies)


def test_a_network_of_real_pictures_has_no_bits_of_them(tmp_path: Path) -> None:
    assert picture_bits(sample("astronaut"), made_entry("real", tmp_path)) is None


def made_entry(picture: str, folder: Path) -> Entry:
    """A network that nobody trained, as the zoo opens it."""
    spec = NetworkSpec("vgg_small", {"width": 4, "picture": picture})
    form = PictureForm((3, 32, 32), (0.5,) * 3, (0.25,) * 3, tuple("abcdefghij"))
    file = folder / "made.safetensors"
    save_checkpoint(file, spec.build().eval(), spec, form)
    card, _ = find_card("cifar10-vgg_small-w32-sign-affine_on")
    return Entry(card, 0, NetworkFile("made", file.read_bytes()))
