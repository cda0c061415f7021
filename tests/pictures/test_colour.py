"""Colour profiles and transparent colours, against the formulas that they stand for."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hostile import GREY16, UPRIGHT, chunk, encode, png
from numpy.typing import NDArray
from PIL import Image, ImageCms

from design_core.pictures import PictureError, decode
from tests.tiff_files import colour_profile, grey_profile, numbers_tiff

# Linear light to XYZ under D50: Display P3's primaries, Adobe RGB's, and sRGB's.
P3 = np.array([[0.51512, 0.29198, 0.1571], [0.2412, 0.69225, 0.0666], [-0.00105, 0.04189, 0.78407]])
ADOBE = np.array(
    [[0.60974, 0.20528, 0.14919], [0.31111, 0.62567, 0.06322], [0.01947, 0.06087, 0.74457]]
)
SRGB = np.array(
    [[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.7141]]
)

COLOURS = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)


def srgb_levels(light: NDArray[np.float64]) -> NDArray[np.float64]:
    """Linear light in [0, 1] as levels of sRGB, IEC 61966-2-1."""
    light = light.clip(0, 1)
    return 255 * np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def converted(to_xyz: NDArray[np.float64], gamma: float) -> NDArray[np.float64]:
    """`COLOURS` of a profile, in levels of sRGB."""
    light = (COLOURS / 255) ** gamma
    return srgb_levels(light @ to_xyz.T @ np.linalg.inv(SRGB).T)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize(("to_xyz", "gamma"), [(P3, 1.8), (ADOBE, 563 / 256), (SRGB, 1.0)])
def test_colours_of_a_profile_become_those_of_srgb(
    to_xyz: NDArray[np.float64], gamma: float, kind: str
) -> None:
    profile = colour_profile(to_xyz, gamma, name="Wide ![x](http://localhost/)")
    options = {"lossless": True} if kind == "WEBP" else {}
    data = encode(Image.fromarray(COLOURS), kind, icc_profile=profile, **options)
    picture = decode(data, name="x")
    np.testing.assert_allclose(picture.pixels, converted(to_xyz, gamma), atol=1.5)
    assert picture.notes == ("colours converted from Wide x (http localhost ) to sRGB",)


def test_opacity_and_deep_colours_go_with_a_profile() -> None:
    rgba = Image.fromarray(COLOURS)
    rgba.putalpha(255)
    rgba.putpixel((0, 0), (200, 0, 0, 0))
    profile = colour_profile(P3, 1.8)
    picture = decode(encode(rgba, "PNG", icc_profile=profile), name="x", ground=(1, 2, 3))
    assert picture.pixels[0, 0].tolist() == [1, 2, 3]
    expected = converted(P3, 1.8)
    np.testing.assert_allclose(picture.pixels[1:], expected[1:], atol=1.5)
    assert picture.notes[-1] == "transparency laid over #010203"
    deep = _with_profile(numbers_tiff(COLOURS.astype(np.uint16) * 257), profile)
    np.testing.assert_allclose(decode(deep, name="x").pixels, expected, atol=1.5)


def _with_profile(data: bytes, profile: bytes) -> bytes:
    """A TIFF of one directory with one more entry."""
    at = int.from_bytes(data[4:8], "little")
    count = int.from_bytes(data[at : at + 2], "little")
    directory = data[at + 2 : at + 2 + 12 * count]
    entry = b"".join(
        n.to_bytes(size, "little") for n, size in ((34675, 2), (7, 2), (len(profile), 4))
    )
    place = (at + 2 + 12 * (count + 1) + 4).to_bytes(4, "little")
    more = (count + 1).to_bytes(2, "little")
    return data[:at] + more + directory + entry + place + bytes(4) + profile


@pytest.mark.parametrize("gamma", [1.0, 1.8, 2.2])
def test_grey_of_a_profile_stays_grey(gamma: float) -> None:
    levels = np.arange(256, dtype=np.uint8)[None]
    data = encode(Image.fromarray(levels), "PNG", icc_profile=grey_profile(gamma))
    picture = decode(data, name="x")
    exact = srgb_levels((levels / 255) ** (round(gamma * 256) / 256))
    np.testing.assert_allclose(picture.pixels[..., 1], exact, atol=1)
    assert (picture.pixels == picture.pixels[..., :1]).all()
    assert picture.notes == ("grey converted from Made to sRGB",)
    coloured = encode(Image.fromarray(levels), "PNG", icc_profile=colour_profile(SRGB, gamma))
    picture = decode(coloured, name="x")
    np.testing.assert_allclose(picture.pixels[..., 1], exact, atol=1.5)
    assert (picture.pixels == picture.pixels[..., :1]).all()


@pytest.mark.parametrize("image", [Image.fromarray(UPRIGHT), Image.fromarray(UPRIGHT[..., 0])])
def test_the_profile_of_srgb_changes_no_bit(image: Image.Image) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    picture = decode(encode(image, "PNG", icc_profile=profile), name="x")
    np.testing.assert_array_equal(picture.pixels, np.asarray(image.convert("RGB")))
    assert picture.notes == ()


@pytest.mark.parametrize(
    ("image", "profile", "reason"),
    [
        (Image.fromarray(UPRIGHT), b"no profile at all", ": it cannot be read"),
        (Image.fromarray(UPRIGHT), colour_profile(P3, 1.8)[:200], ": it cannot be read"),
        (Image.fromarray(UPRIGHT), grey_profile(1.8), ": it is for L, the picture is RGB"),
        (Image.fromarray(GREY16), grey_profile(1.8), ""),
    ],
)
def test_a_profile_that_is_not_applied_is_told(
    image: Image.Image, profile: bytes, reason: str
) -> None:
    picture = decode(encode(image, "PNG", icc_profile=profile), name="x")
    np.testing.assert_array_equal(
        picture.pixels[..., 0], np.asarray(image).reshape(6, 10, -1)[..., 0]
    )
    assert picture.notes[-1] == f"its colour profile is not applied{reason}"


@pytest.mark.parametrize("depth", [1, 2, 4, 8])
@pytest.mark.parametrize("key", [0, 1])
def test_a_transparent_grey_of_every_depth(depth: int, key: int) -> None:
    levels = np.arange(8) % 2**depth
    bits = "".join(f"{level:0{depth}b}" for level in levels)
    row = b"\0" + int(bits, 2).to_bytes(depth)
    transparent = chunk(b"tRNS", key.to_bytes(2))
    data = png(8, 1, depth=depth, data=row, extra=transparent)
    picture = decode(data, name="x", ground=(1, 2, 3))
    shown = levels * (255 // (2**depth - 1))
    expected = [
        [1, 2, 3] if level == key else 3 * [own] for level, own in zip(levels, shown, strict=True)
    ]
    assert picture.pixels[0].tolist() == expected
    assert picture.notes == ("transparency laid over #010203",)


def test_a_transparent_deep_colour_is_refused_where_it_occurs() -> None:
    row = b"\0" + b"".join(value.to_bytes(2) for value in (0x1234, 0x5678, 0x9ABC, 1, 2, 3))

    def file(key: tuple[int, int, int]) -> bytes:
        transparent = chunk(b"tRNS", b"".join(value.to_bytes(2) for value in key))
        return png(2, 1, depth=16, colour=2, data=row, extra=transparent)

    picture = decode(file((0x1334, 0x5678, 0x9ABC)), name="x")
    assert picture.pixels.tolist() == [[[0x12, 0x56, 0x9A], [0, 0, 0]]]
    assert picture.notes == ("16 bits a channel reduced to 8",)
    with pytest.raises(PictureError, match="one of its colours of 16 bits is transparent"):
        decode(file((0x1234, 0x5678, 0x9ABC)), name="x")


def test_cmyk_without_and_with_a_profile_of_another_kind() -> None:
    cmyk = Image.fromarray(UPRIGHT).convert("CMYK")
    buffer = io.BytesIO()
    cmyk.save(buffer, "TIFF", icc_profile=grey_profile(1.8))
    picture = decode(buffer.getvalue(), name="x")
    np.testing.assert_array_equal(picture.pixels, UPRIGHT)
    assert picture.notes == (
        "its colour profile is not applied: it is for L, the picture is CMYK",
        "CMYK converted to RGB",
    )
