"""Pictures: what must be refused, what must be read, and exactly how."""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hostile import GREY16, RGBA, UPRIGHT, hostile_pictures, odd_pictures
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from design_core.pictures import (
    MAX_BYTES,
    MAX_PIXELS,
    SUFFIXES,
    Picture,
    PictureError,
    decode,
    fit,
    load_file,
)

# Pillow remarks on what it mends, and on bombs that are refused anyway.
pytestmark = [
    pytest.mark.filterwarnings("ignore::UserWarning:PIL"),
    pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning"),
]

HOSTILE = hostile_pictures()
ODD = odd_pictures()
#: Small files of every format, to mutate.
SEEDS = [data for data in ODD.values() if len(data) < 4096]


def grey(name: str) -> NDArray[np.uint16]:
    """Decode an odd file that must come out as 16-bit grey; return its plane."""
    picture = decode(ODD[name], name=name)
    assert picture.pixels.dtype == np.uint16
    assert (picture.pixels == picture.pixels[..., :1]).all()
    return picture.pixels[..., 0].astype(np.uint16)


# Refused


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_file_gives_one_readable_error(name: str) -> None:
    with pytest.raises(PictureError) as caught:
        decode(HOSTILE[name], name=name)
    message = str(caught.value)
    assert message.startswith(f"{name} ")
    assert message.endswith(".")
    assert "\n" not in message
    assert "object at 0x" not in message


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("empty.png", "is empty"),
        ("text.png", "is text"),
        ("umlauts.txt", "is text"),
        ("drawing.svg", "is an SVG drawing"),
        ("document.pdf", "is a PDF document"),
        ("phone.heic", "is a HEIC picture"),
        ("web.avif", "a damaged or unusual AVIF file"),
        ("film.mp4", "is a video"),
        ("archive.zip", "is a ZIP archive"),
        ("noise.jpg", "is of an unknown kind"),
        ("large.png", f"has {MAX_BYTES + 1:,} bytes"),
        ("just-too-many-pixels.png", "has 8000×5001 pixels"),
        ("square-bomb.png", "has far more than the 40 million pixels"),
        ("large.webp", "has 12000×9000 pixels"),
        ("huge.webp", "has far more than the 40 million pixels"),
        ("tile-bomb.tif", "has tiles of 40000×40000 pixels"),
        ("thousand-scans.jpg", "has 1006 scans"),
        ("many-profiles.png", "has 500 colour profiles where a PNG has one"),
        ("many-chunks.png", "has more than 20000 chunks"),
        ("not-a-number.tif", "1 of 4 values in it are no finite numbers"),
        ("bad-data-checksum.png", "checksum"),
        ("half.jpg", "Truncated"),
    ],
)
def test_error_says_what_came(name: str, what: str) -> None:
    with pytest.raises(PictureError, match=what):
        decode(HOSTILE[name], name=name)


def test_refusing_touches_no_setting_that_threads_share() -> None:
    filters, limit = list(warnings.filters), Image.MAX_IMAGE_PIXELS

    def refuse(data: bytes) -> bool:
        with pytest.raises(PictureError):
            decode(data, name="x")
        return warnings.filters == filters and limit == Image.MAX_IMAGE_PIXELS

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(refuse, HOSTILE.values()))


def test_a_warning_turned_into_an_error_is_still_a_picture_error() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(PictureError, match="far more than the 40 million pixels"):
            decode(HOSTILE["large.webp"], name="x")


@settings(max_examples=400)
@given(data=st.data())
def test_no_mutation_of_a_valid_file_raises_anything_else(data: st.DataObject) -> None:
    mutated = bytearray(data.draw(st.sampled_from(SEEDS)))
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(mutated)))
        cut = data.draw(st.sampled_from([0, 1, 1, 1, 2, 4, 64]))
        mutated[at : at + cut] = data.draw(st.binary(max_size=4))
    try:
        picture = decode(bytes(mutated), name="mutated")
    except PictureError:
        return
    assert picture.pixels.shape == (picture.height, picture.width, 3)


# Read


@pytest.mark.parametrize("name", ODD)
def test_odd_file_is_read(name: str) -> None:
    picture = decode(ODD[name], name=name)
    assert picture.name == name
    assert picture.sha256 == hashlib.sha256(ODD[name]).hexdigest()
    assert picture.pixels.shape == (picture.height, picture.width, 3)
    assert picture.pixels.dtype in (np.uint8, np.uint16)
    small = fit(picture, 256)
    assert small.rgb().shape == (3, small.height, small.width)
    assert small.luminance().shape == (small.height, small.width)


@pytest.mark.parametrize("suffix", ["png", "tif", "webp"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_all_orientations_decode_to_the_same_pixels(orientation: int, suffix: str) -> None:
    picture = decode(ODD[f"orientation-{orientation}.{suffix}"], name="x")
    np.testing.assert_array_equal(picture.pixels, UPRIGHT)
    turned = () if orientation == 1 else ("turned upright by its EXIF tag",)
    assert picture.notes == turned


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_jpeg_is_turned_as_its_tag_asks(orientation: int) -> None:
    picture = decode(ODD[f"orientation-{orientation}.jpg"], name="x")
    # JPEG rounds coefficients and colours even at its best quality.
    np.testing.assert_allclose(picture.pixels.astype(int), UPRIGHT, atol=4)


@pytest.mark.parametrize("ground", [(255, 255, 255), (0, 0, 0), (10, 130, 250)])
@pytest.mark.parametrize("name", ["rgba.png", "rgba.tif", "rgba.webp", "palette-alpha.png"])
def test_transparency_is_laid_over_the_ground(name: str, ground: tuple[int, int, int]) -> None:
    picture = decode(ODD[name], name="x", ground=ground)
    colour, alpha = RGBA[..., :3].astype(float), RGBA[..., 3:].astype(float)
    # No tie occurs: 255 is odd.
    expected = np.rint((alpha * colour + (255 - alpha) * ground) / 255)
    np.testing.assert_array_equal(picture.pixels, expected)
    over = "white" if ground == (255, 255, 255) else "#{:02x}{:02x}{:02x}".format(*ground)
    assert picture.notes == (f"transparency laid over {over}",)


def test_grey_with_alpha_and_with_premultiplied_alpha() -> None:
    level, alpha = RGBA[..., 0].astype(float), RGBA[..., 3].astype(float)
    picture = decode(ODD["grey-alpha.png"], name="x", ground=(0, 0, 0))
    np.testing.assert_array_equal(picture.pixels[..., 1], np.rint(alpha * level / 255))
    premultiplied = decode(ODD["grey-premultiplied.tif"], name="x", ground=(0, 0, 0))
    assert premultiplied.pixels[0, :, 0].tolist() == [50, 200]


@pytest.mark.parametrize("name", ["grey-key.png", "rgb-key.png"])
def test_a_transparent_colour_becomes_the_ground(name: str) -> None:
    picture = decode(ODD[name], name="x", ground=(1, 2, 3))
    source = UPRIGHT if name == "rgb-key.png" else np.repeat(UPRIGHT[..., :1], 3, axis=2)
    keyed = (source == source[0, 0]).all(axis=2, keepdims=True)
    np.testing.assert_array_equal(picture.pixels, np.where(keyed, (1, 2, 3), source))
    assert picture.notes == ("transparency laid over #010203",)


def test_opaque_alpha_changes_nothing() -> None:
    picture = decode(ODD["opaque-rgba.png"], name="x", ground=(0, 0, 0))
    np.testing.assert_array_equal(picture.pixels, UPRIGHT)
    assert picture.notes == ()


@pytest.mark.parametrize("name", ["grey16.png", "grey16.tif", "grey16-big-endian.tif"])
def test_16_bit_grey_is_exact(name: str) -> None:
    np.testing.assert_array_equal(grey(name), GREY16)
    picture = decode(ODD[name], name="x")
    assert picture.notes == ("16-bit grey kept at 16 bits",)
    np.testing.assert_array_equal(picture.luminance(), GREY16.astype(np.float32) / 65535)


def test_deep_grey_of_every_kind() -> None:
    np.testing.assert_array_equal(grey("grey16-white-is-zero.tif"), 65535 - GREY16)
    np.testing.assert_array_equal(grey("grey16-signed.tif"), GREY16)
    np.testing.assert_array_equal(grey("int32.tif"), GREY16)
    np.testing.assert_array_equal(grey("float-unit.tif"), GREY16)
    assert grey("grey12.tif").tolist() == [[0x0000, 0x8018, 0xFFFF, 0x1231]]
    assert not grey("float-constant.tif").any()


def test_float_range_is_stretched_over_16_bits() -> None:
    ramp = np.linspace(-2, 6, GREY16.size).astype(np.float32).astype(float)
    expected = np.rint((ramp + 2) / 8 * 65535).reshape(GREY16.shape)
    np.testing.assert_array_equal(grey("float-range.tif"), expected)
    picture = decode(ODD["float-range.tif"], name="x")
    assert picture.notes == ("values from -2 to 6 stretched over 16 bits",)


def test_a_transparent_16_bit_level_becomes_the_ground() -> None:
    picture = decode(ODD["grey16-key.png"], name="x", ground=(100, 100, 100))
    keyed = np.equal(GREY16, GREY16[0, 3])
    np.testing.assert_array_equal(picture.pixels[..., 0], np.where(keyed, 100 * 257, GREY16))
    assert picture.notes[-1] == "transparency laid over #646464"


def test_16_bit_colour_keeps_its_high_byte() -> None:
    picture = decode(ODD["rgb16.png"], name="x")
    np.testing.assert_array_equal(picture.pixels, UPRIGHT)
    assert picture.notes == ("16 bits a channel reduced to 8",)


@pytest.mark.parametrize("name", ["one-bit.png", "one-bit.tif", "one-bit.bmp"])
def test_one_bit_becomes_black_and_white(name: str) -> None:
    picture = decode(ODD[name], name="x")
    np.testing.assert_array_equal(picture.pixels[..., 0], np.where(UPRIGHT[..., 0] > 127, 255, 0))


@pytest.mark.parametrize(
    ("name", "note"),
    [
        ("animated.gif", "first of several frames"),
        ("animated.png", "first of several frames"),
        ("animated.webp", "first of several frames"),
        ("pages.tif", "first of several pages"),
    ],
)
def test_the_first_frame_is_shown(name: str, note: str) -> None:
    picture = decode(ODD[name], name="x")
    np.testing.assert_array_equal(picture.pixels, UPRIGHT)
    assert picture.notes == (note,)


def test_cmyk_becomes_rgb() -> None:
    picture = decode(ODD["cmyk.tif"], name="x")
    np.testing.assert_array_equal(picture.pixels, UPRIGHT)
    assert picture.notes == ("CMYK converted to RGB",)


@pytest.mark.parametrize(
    "name",
    ["lzw.tif", "deflate.tif", "trailing-junk.png", "really-a-png.jpg", "broken-exif.png"],
)
def test_lossless_files_are_exact(name: str) -> None:
    picture = decode(ODD[name], name="x")
    np.testing.assert_array_equal(picture.pixels, UPRIGHT)
    assert picture.notes == ()


def test_the_largest_picture_is_read() -> None:
    picture = decode(ODD["just-few-enough-pixels.png"], name="x")
    assert picture.height * picture.width == MAX_PIXELS


# Pictures


def test_pixels_are_read_only_and_stay_so() -> None:
    picture = decode(ODD["rgba.png"], name="x")
    again = pickle.loads(pickle.dumps(picture, protocol=4))
    np.testing.assert_array_equal(again.pixels, picture.pixels)
    for one in (picture, again):
        with pytest.raises(ValueError, match="read-only"):
            one.pixels[0, 0, 0] = 0


def test_a_picture_does_not_freeze_the_array_that_it_was_made_of() -> None:
    pixels = np.zeros((2, 2, 3), np.uint8)
    Picture.from_pixels(pixels, name="x")
    pixels[0, 0, 0] = 1


def test_luminance_of_grey_is_exact() -> None:
    levels = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    picture = Picture.from_pixels(levels, name="x")
    np.testing.assert_array_equal(picture.luminance(), levels.astype(np.float32) / 65535)
    levels8 = np.arange(256, dtype=np.uint8)[None]
    picture8 = Picture.from_pixels(levels8, name="x")
    np.testing.assert_array_equal(picture8.luminance(), levels8.astype(np.float32) / 255)


def test_luminance_is_the_weighted_sum() -> None:
    corners = np.stack(np.meshgrid(*3 * [np.array([0, 1, 127, 254, 255])]), axis=-1)
    picture = Picture.from_pixels(corners.reshape(5, 25, 3).astype(np.uint8), name="x")
    luminance = picture.luminance()
    expected = corners.reshape(5, 25, 3) / 255 @ np.array([0.299, 0.587, 0.114])
    np.testing.assert_allclose(luminance, expected, atol=1e-7)
    assert luminance.dtype == np.float32
    assert luminance.min() == 0
    assert luminance.max() == 1


def test_rgb_are_planes_in_the_unit_range() -> None:
    planes = Picture.from_pixels(UPRIGHT, name="x").rgb()
    assert planes.dtype == np.float32
    assert planes.flags.c_contiguous
    np.testing.assert_array_equal(planes, UPRIGHT.transpose(2, 0, 1).astype(np.float32) / 255)


def test_from_pixels_tells_shapes_apart_by_digest() -> None:
    flat = np.arange(12, dtype=np.uint8)
    shapes = [(3, 4), (4, 3), (2, 2, 3), (1, 4, 3)]
    pictures = [Picture.from_pixels(flat.reshape(shape), name="x") for shape in shapes]
    assert len({picture.sha256 for picture in pictures}) == len(shapes)
    assert pictures[0].pixels[1, 2].tolist() == [6, 6, 6]


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((2, 2), np.float32),
        np.zeros((2, 2, 3), np.uint16),
        np.zeros((2, 2, 4), np.uint8),
        np.zeros((0, 2), np.uint8),
        np.zeros(4, np.uint8),
    ],
)
def test_from_pixels_refuses_other_arrays(pixels: NDArray[np.uint8]) -> None:
    with pytest.raises(PictureError, match="has shape"):
        Picture.from_pixels(pixels, name="x")


# Reducing


@pytest.mark.parametrize(
    ("size", "longest", "expected"),
    [
        ((300, 400), 100, (75, 100)),
        ((400, 300), 100, (100, 75)),
        ((7, 5), 3, (3, 2)),
        ((1, 500), 10, (1, 10)),
        ((64, 64), 1, (1, 1)),
    ],
)
def test_fit_keeps_the_aspect_ratio(
    size: tuple[int, int], longest: int, expected: tuple[int, int]
) -> None:
    for dtype in (np.uint8, np.uint16):
        reduced = fit(Picture.from_pixels(np.full(size, 77, dtype), name="x"), longest)
        assert (reduced.height, reduced.width) == expected
        assert reduced.pixels.dtype == dtype
        assert (reduced.pixels == 77).all()
        note = f"reduced from {size[1]}×{size[0]} to {expected[1]}×{expected[0]}"
        assert reduced.notes == (note,)


@pytest.mark.parametrize("longest", [10, 11, 10_000])
def test_fit_never_enlarges(longest: int) -> None:
    picture = Picture.from_pixels(UPRIGHT, name="x")
    assert fit(picture, longest) is picture


def test_fit_does_not_alias() -> None:
    checker = (np.indices((256, 256)).sum(axis=0) % 2 * 255).astype(np.uint8)
    reduced = fit(Picture.from_pixels(checker, name="x"), 64)
    assert {127, 128} >= set(reduced.pixels.ravel().tolist())


def test_fit_keeps_a_ramp() -> None:
    ramp = np.tile(np.arange(0, 65536, 256, dtype=np.uint16), (256, 1))
    reduced = fit(Picture.from_pixels(ramp, name="x"), 64).pixels[..., 0]
    # Each new pixel lies in the middle of four old ones; the borders are one-sided.
    expected = 256 * (4 * np.arange(64) + 1.5)
    np.testing.assert_array_equal(reduced[:, 4:-4], np.tile(expected[4:-4], (64, 1)))


def test_fit_gives_each_size_its_own_digest() -> None:
    picture = Picture.from_pixels(UPRIGHT, name="x")
    digests = {fit(picture, longest).sha256 for longest in range(1, 11)}
    assert len(digests) == 10
    assert fit(picture, 5).sha256 == fit(picture, 5).sha256


@pytest.mark.parametrize("longest", [0, -3])
def test_fit_refuses_to_reduce_to_nothing(longest: int) -> None:
    with pytest.raises(PictureError, match="at least 1 pixel"):
        fit(Picture.from_pixels(UPRIGHT, name="x"), longest)


# Files


def test_load_file_refuses_folders_pipes_and_large_files(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match="is a folder or a device"):
        load_file(tmp_path)
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(PictureError, match="is a folder or a device"):
        load_file(tmp_path / "pipe.png")
    with (tmp_path / "large.png").open("wb") as file:
        file.truncate(MAX_BYTES * 1000)  # sparse: it must not be read
    with pytest.raises(PictureError, match="bytes, and at most"):
        load_file(tmp_path / "large.png")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_suffix_belongs_to_a_format_that_is_read(suffix: str) -> None:
    buffer = io.BytesIO()
    Image.fromarray(UPRIGHT).save(buffer, Image.registered_extensions()[suffix])
    assert decode(buffer.getvalue(), name=f"x{suffix}").width == UPRIGHT.shape[1]
