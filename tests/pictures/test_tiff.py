"""TIFFs of numbers: every layout gives just the numbers that were written, or is refused."""

from __future__ import annotations

import io
import itertools
from typing import Any

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray

from design_core.pictures import Picture, PictureError, decode
from tests.tiff_files import DEFLATE, LZW, NONE, PACK_BITS, numbers_tiff

HEIGHT, WIDTH = 11, 19
DTYPES = ("u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8")
LAYOUTS: dict[str, dict[str, Any]] = {
    "one strip": {},
    "strips": {"rows": 4},
    "tiles": {"tile": (16, 16)},
    "planes": {"in_planes": True},
    "planes in tiles": {"in_planes": True, "tile": (16, 16)},
}


def numbers(dtype: str, channels: int) -> NDArray[Any]:
    """Numbers over the whole range of a type, its ends among them; real ones in [0, 1]."""
    kind = np.dtype(dtype)
    random = np.random.default_rng(0)
    shape = (HEIGHT, WIDTH, channels)
    if kind.kind == "f":
        values = random.random(shape).astype(kind)
    else:
        ends = np.iinfo(kind)
        values = random.integers(ends.min, ends.max, shape, dtype=kind, endpoint=True)
        values[0, 0], values[-1, -1] = ends.min, ends.max
    return values


def levels(values: NDArray[Any]) -> NDArray[np.float64]:
    """What a reader of TIFFs should show of numbers (H, W, C), by its documented rule."""
    colours = values[..., : 3 if values.shape[2] >= 3 else 1]
    if values.dtype == np.uint16 and colours.shape[2] == 3:
        shown = (colours >> 8).astype(float)
    elif values.dtype in (np.uint8, np.uint16):
        shown = colours.astype(float)
    else:
        most = 255 if colours.shape[2] == 3 else 65535
        real = colours.astype(float)
        if values.dtype.kind != "f":
            low, high = real.min(), real.max()
            real = (real - low) / (high - low)
        shown = np.rint(real * most)
    return np.broadcast_to(shown, (*values.shape[:2], 3))


def read(data: bytes) -> Picture:
    return decode(data, name="x.tif")


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_layout_of_every_number_is_read_exactly(dtype: str, layout: str, order: str) -> None:
    for channels, compression in itertools.product((1, 3, 5), (NONE, LZW, DEFLATE, PACK_BITS)):
        if channels == 5 and dtype == "u1":
            continue  # which Pillow reads, or refuses
        values = numbers(dtype, channels)
        data = numbers_tiff(values, order=order, compression=compression, **LAYOUTS[layout])
        picture = read(data)
        np.testing.assert_array_equal(picture.pixels, levels(values))
        left_out = "2 of its channels left out"
        assert (left_out in picture.notes) == (channels == 5)


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("compression", [LZW, DEFLATE])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(("dtype", "predictor"), [*((d, 2) for d in DTYPES), ("f4", 3), ("f8", 3)])
def test_differences_between_neighbours_are_undone(
    dtype: str, predictor: int, layout: str, compression: int, order: str
) -> None:
    values = numbers(dtype, 3)
    data = numbers_tiff(
        values, order=order, compression=compression, predictor=predictor, **LAYOUTS[layout]
    )
    np.testing.assert_array_equal(read(data).pixels, levels(values))


@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize("tile", [None, (16, 32)])
@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("dtype", ["u2", "i2", "u4", "f4"])
def test_files_of_another_writer(
    dtype: str, compression: str | None, tile: tuple[int, int] | None, planar: str
) -> None:
    values = numbers(dtype, 3)
    buffer = io.BytesIO()
    tifffile.imwrite(
        buffer,
        values if planar == "contig" else np.moveaxis(values, 2, 0),
        photometric="rgb",
        planarconfig=planar,
        tile=tile,
        compression=compression,
        predictor=bool(compression) and dtype[0] != "f",
        metadata=None,
    )
    np.testing.assert_array_equal(read(buffer.getvalue()).pixels, levels(values))


def test_whole_numbers_without_sign_are_stretched_over_their_own_range() -> None:
    values = np.array([[[0], [2**30]], [[2**31], [2**32 - 1]]], np.uint32)
    picture = read(numbers_tiff(values))
    assert picture.pixels[..., 0].tolist() == [[0, 16384], [32768, 65535]]
    assert picture.notes == ("values from 0 to 4.29497e+09 stretched over 16 bits",)


def test_16_bits_in_planes() -> None:
    ramp = np.arange(256).reshape(16, 16)
    values = np.stack([ramp * 257 % 65536, ramp.T * 257, (ramp + ramp.T) * 128], axis=2)
    picture = read(numbers_tiff(values.astype(np.uint16), in_planes=True))
    np.testing.assert_array_equal(picture.pixels, values >> 8)
    assert picture.notes == ("16 bits a channel reduced to 8",)


@pytest.mark.parametrize("in_planes", [False, True])
@pytest.mark.parametrize("dtype", ["u1", "u2", "f4"])
@pytest.mark.parametrize("premultiplied", [False, True])
def test_opacity_of_numbers(dtype: str, in_planes: bool, premultiplied: bool) -> None:
    values = numbers(dtype, 4)
    most = 1 if dtype == "f4" else np.iinfo(dtype).max
    if premultiplied:
        alpha = values[..., 3:] / most
        values[..., :3] = (values[..., :3] * alpha).astype(dtype)
    data = numbers_tiff(values, in_planes=in_planes, tags={338: 1 if premultiplied else 2})
    picture = decode(data, name="x", ground=(10, 20, 30))
    opacity = values[..., 3:].astype(float) / most
    own = levels(values) * (1 if premultiplied else opacity)
    expected = own + (1 - opacity) * np.array([10, 20, 30])
    # Where Pillow reads pixels of 8 bits, it parts colour and opacity and joins them again.
    np.testing.assert_allclose(picture.pixels, expected, atol=2 if dtype == "u1" else 0.51)
    assert picture.notes[-1] == "transparency laid over #0a141e"


@pytest.mark.parametrize("orientation", range(1, 9))
def test_numbers_are_turned_upright(orientation: int) -> None:
    values = numbers("u2", 3)
    picture = read(numbers_tiff(values, tags={274: orientation}))
    upright = levels(values)
    turned = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.swapaxes(0, 1),
        6: np.rot90(upright, -1),
        7: np.rot90(upright, 2).swapaxes(0, 1),
        8: np.rot90(upright),
    }
    np.testing.assert_array_equal(picture.pixels, turned[orientation])
    assert ("turned upright by its EXIF tag" in picture.notes) == (orientation > 1)


def test_bits_that_lie_the_other_way_round() -> None:
    values = numbers("u2", 1)
    data = bytearray(numbers_tiff(values, tags={266: 2}))
    packed = np.frombuffer(values.astype("<u2").tobytes(), np.uint8)
    data[8 : 8 + len(packed)] = np.packbits(np.unpackbits(packed, bitorder="little")).tobytes()
    np.testing.assert_array_equal(read(bytes(data)).pixels, levels(values))


def test_a_small_copy_says_that_it_is_one() -> None:
    assert "a small copy" in read(numbers_tiff(numbers("u2", 1), tags={254: 1})).notes[0]
    assert "a small copy" in read(numbers_tiff(numbers("u1", 1), tags={254: 1})).notes[0]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (numbers_tiff(numbers("u2", 1), tags={339: 5}), "of 16 bits and format 5 are not read"),
        (numbers_tiff(numbers("u2", 3), tags={262: 6}, in_planes=True), "neither grey nor RGB"),
        (numbers_tiff(numbers("f4", 3), tags={262: 5}), "neither grey nor RGB"),
        (numbers_tiff(numbers("u2", 1), tags={262: 2}), "1 samples a pixel where RGB has 3"),
        (numbers_tiff(numbers("u2", 1), tags={317: 2}), "predictor 2 does not go with"),
        (numbers_tiff(numbers("u2", 1), tags={279: 100}), "end before the last pixel"),
        (numbers_tiff(numbers("u2", 1), tags={279: 10**6}), "more bytes than the file"),
        (numbers_tiff(numbers("u2", 1), tags={278: 3}), "4 strips or tiles, but places of 1"),
        (numbers_tiff(numbers("u2", 1), tags={256: 2**20, 257: 2**20}), "million are decoded"),
        (numbers_tiff(numbers("u2", 1), tags={277: 2**20}), "256 are read"),
        (numbers_tiff(numbers("u2", 1), tags={257: 0}), "it has no pixels"),
        (numbers_tiff(numbers("u2", 1), tags={259: 34712}), "method 34712 are not read"),
        (numbers_tiff(numbers("u2", 1), compression=DEFLATE)[:9] + bytes(900), "unusual TIFF"),
        (b"MM\0+" + bytes(100), "big-endian numbers are not read"),
    ],
)
def test_what_does_not_fit_together_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(PictureError, match=reason):
        read(data)


@pytest.mark.parametrize("compression", [LZW, DEFLATE, PACK_BITS])
def test_compressed_data_that_are_cut_short_are_refused(compression: int) -> None:
    whole = numbers_tiff(numbers("u2", 1), compression=compression)
    short = numbers_tiff(numbers("u2", 1)[:5], compression=compression, tags={257: HEIGHT})
    assert read(whole).height == HEIGHT
    with pytest.raises(PictureError, match="damaged or unusual TIFF"):
        read(short)
