"""Uploads that must be refused, and unusual ones that must be read; all made in code.

Nothing here is larger than the upload limit by more than a byte, and nothing but the decoder is
asked to expand anything.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from design_core.pictures import MAX_BYTES
from tests.tiff_files import (
    DEFLATE,
    LZW,
    PACK_BITS,
    colour_profile,
    grey_profile,
    numbers_tiff,
)

__all__ = ["GREY16", "RGBA", "UPRIGHT", "hostile_pictures", "odd_pictures"]

_HEIGHT, _WIDTH = 6, 10

#: What each of the oriented files shows once upright: uint8, shape (6, 10, 3).
UPRIGHT: NDArray[np.uint8] = np.random.default_rng(1).integers(
    0, 256, (_HEIGHT, _WIDTH, 3), dtype=np.uint8
)

#: Colour and alpha, 0 and 255 among the alphas: uint8, shape (6, 10, 4).
RGBA: NDArray[np.uint8] = np.dstack(
    [UPRIGHT, np.linspace(0, 255, _HEIGHT * _WIDTH).astype(np.uint8).reshape(_HEIGHT, _WIDTH)]
)

#: Grey values over the whole range, 0 and 65535 among them: uint16, shape (6, 10).
GREY16: NDArray[np.uint16] = (
    np.linspace(0, 65535, _HEIGHT * _WIDTH).astype(np.uint16).reshape(_HEIGHT, _WIDTH)
)

_WIDTH_TAG, _LENGTH_TAG, _BITS, _COMPRESSION, _PHOTOMETRIC = 256, 257, 258, 259, 262
_OFFSET, _SAMPLES, _ROWS, _BYTES, _FORMAT = 273, 277, 278, 279, 339
_TILE_WIDTH, _TILE_LENGTH, _TILE_OFFSET, _TILE_BYTES = 322, 323, 324, 325


def encode(image: Image.Image, kind: str, **options: Any) -> bytes:
    """Return a file written by Pillow."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def chunk(name: bytes, data: bytes) -> bytes:
    """Return a PNG chunk with its checksum."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(
    width: int, height: int, *, depth: int = 8, colour: int = 0, data: bytes, extra: bytes = b""
) -> bytes:
    """Return a PNG of any header and any raw scan lines."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    body = chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + header + extra + body


def tiff(tags: Mapping[int, int], payload: bytes, *, following: int = 0) -> bytes:
    """Return a little-endian TIFF of one directory of whole numbers; the payload is at byte 8."""
    directory = struct.pack("<H", len(tags))
    directory += b"".join(struct.pack("<HHII", tag, 4, 1, tags[tag]) for tag in sorted(tags))
    start = 8 + len(payload)
    return b"II*\0" + struct.pack("<I", start) + payload + directory + struct.pack("<I", following)


def grey_tiff(values: NDArray[Any], **changes: int) -> bytes:
    """Return an uncompressed grey TIFF of one strip; `changes` are tag numbers after ``t``."""
    height, width = values.shape
    sample_format = {"u": 1, "i": 2, "f": 3}[values.dtype.kind]
    tags = {
        _WIDTH_TAG: width,
        _LENGTH_TAG: height,
        _BITS: 8 * values.dtype.itemsize,
        _COMPRESSION: 1,
        _PHOTOMETRIC: 1,
        _OFFSET: 8,
        _SAMPLES: 1,
        _ROWS: height,
        _BYTES: values.nbytes,
        _FORMAT: sample_format,
    }
    tags |= {int(tag[1:]): value for tag, value in changes.items()}
    return tiff(tags, values.astype(values.dtype.newbyteorder("<")).tobytes())


def hostile_pictures() -> dict[str, bytes]:
    """Return uploads, by telling file name, each of which must give a `PictureError`."""
    return {**_foreign(), **_hostile_png(), **_hostile_jpeg(), **_hostile_others()}


def odd_pictures() -> dict[str, bytes]:
    """Return unusual but valid uploads, by telling file name, each of which must be read."""
    return {
        **_oriented(),
        **_transparent(),
        **_deep(),
        **_numbers(),
        **_profiled(),
        **_several(),
        **_odd_others(),
    }


def _foreign() -> dict[str, bytes]:
    """Files that are no picture, or none of an accepted format."""
    noise = np.random.default_rng(2).bytes(4096)
    return {
        "empty.png": b"",
        "one-byte.png": b"\x89",
        "text.png": b"This is no picture.\n" * 20,
        "umlauts.txt": "Käse\n".encode() * 100,
        "drawing.svg": b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>',
        "page.html": b"<!doctype html><html><body><img src=x></body></html>",
        "document.pdf": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
        "archive.zip": b"PK\x03\x04" + noise,
        "phone.heic": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + noise,
        "web.avif": b"\0\0\0\x18ftypavif\0\0\0\0mif1avif" + noise,
        "film.mp4": b"\0\0\0\x18ftypisom\0\0\0\0isommp42" + noise,
        "noise.jpg": b"\0" + noise,
        "zeros.bmp": bytes(1000),
        "icon.ico": encode(Image.fromarray(UPRIGHT), "ICO"),
        "portable.ppm": encode(Image.fromarray(UPRIGHT), "PPM"),
        "postscript.eps": encode(Image.fromarray(UPRIGHT), "EPS"),
        "large.png": b"\x89PNG\r\n\x1a\n".ljust(MAX_BYTES + 1, b"\0"),
    }


def _hostile_png() -> dict[str, bytes]:
    """Damaged PNGs, and PNGs that ask for far more memory than they have bytes."""
    sound = encode(Image.fromarray(UPRIGHT), "PNG")
    rows = bytes((_WIDTH + 1) * _HEIGHT)
    data_at = sound.index(b"IDAT")
    bomb = zlib.compress(bytes(64 * 2**20), 9)
    small_bomb = zlib.compress(bytes(10**6), 9)  # just what Pillow inflates
    return {
        "signature-only.png": sound[:8],
        "header-only.png": sound[:33],
        "half.png": sound[: data_at + 40],
        "no-end.png": sound[:-12],
        "bad-header-checksum.png": sound[:20] + b"\1" + sound[21:],
        "bad-data-checksum.png": sound[: data_at + 8] + b"\x55" + sound[data_at + 9 :],
        "zero-width.png": png(0, _HEIGHT, data=rows),
        "zero-height.png": png(_WIDTH, 0, data=rows),
        "unknown-colour.png": png(_WIDTH, _HEIGHT, colour=5, data=rows),
        "unknown-depth.png": png(_WIDTH, _HEIGHT, depth=3, data=rows),
        "unknown-filter.png": png(_WIDTH, _HEIGHT, data=b"\x09" * len(rows)),
        "no-palette-nor-data.png": png(_WIDTH, _HEIGHT, colour=3, data=b""),
        "wide.png": png(2**31 - 1, 1, data=rows),
        "square-bomb.png": png(20_000, 20_000, depth=1, data=bytes(2501 * 20_000)),
        "just-too-many-pixels.png": png(8000, 5001, depth=1, data=bytes(1001 * 5001)),
        "text-bomb.png": png(
            _WIDTH, _HEIGHT, data=rows, extra=chunk(b"zTXt", b"Comment\0\0" + bomb)
        ),
        "international-text-bomb.png": png(
            _WIDTH, _HEIGHT, data=rows, extra=chunk(b"iTXt", b"Comment\0\1\0\0\0" + bomb)
        ),
        "profile-bomb.png": png(_WIDTH, _HEIGHT, data=rows, extra=chunk(b"iCCP", b"x\0\0" + bomb)),
        "many-profiles.png": png(
            _WIDTH, _HEIGHT, data=rows, extra=500 * chunk(b"iCCP", b"x\0\0" + small_bomb)
        ),
        "many-chunks.png": png(_WIDTH, _HEIGHT, data=rows, extra=20_000 * chunk(b"teXt", b"")),
    }


def _hostile_jpeg() -> dict[str, bytes]:
    """Damaged JPEGs, one of absurd size, and one of absurdly many scans."""
    photo = Image.fromarray(np.kron(UPRIGHT, np.ones((16, 16, 1), np.uint8)))
    sound = encode(photo, "JPEG")
    size_at = sound.index(b"\xff\xc0") + 5
    progressive = encode(photo.convert("L"), "JPEG", progressive=True)
    last_scan = progressive[progressive.rindex(b"\xff\xda") : -2]
    return {
        "marker-only.jpg": sound[:4],
        "no-scan.jpg": sound[: sound.index(b"\xff\xda")],
        "half.jpg": sound[: len(sound) // 2],
        "no-end.jpg": sound[: sound.index(b"\xff\xda") + 40],
        "zero-size.jpg": sound[:size_at] + bytes(4) + sound[size_at + 4 :],
        "huge.jpg": sound[:size_at] + b"\xff\xdc\xff\xdc" + sound[size_at + 4 :],
        "twelve-bit.jpg": sound[: size_at - 1] + b"\x0c" + sound[size_at:],
        "five-channels.jpg": sound[: size_at + 4] + b"\x05" + sound[size_at + 5 :],
        "thousand-scans.jpg": progressive[:-2] + last_scan * 1000 + progressive[-2:],
    }


def _hostile_others() -> dict[str, bytes]:
    """Damaged and oversized GIF, WebP, TIFF and BMP files."""
    picture = Image.fromarray(UPRIGHT)
    gif, webp, bmp = (encode(picture, kind) for kind in ("GIF", "WEBP", "BMP"))
    frame_at = gif.index(b",\0\0\0\0")
    not_numbers = np.array([[0, np.nan], [0.5, 1]], np.float32)
    tile = {
        _WIDTH_TAG: 64,
        _LENGTH_TAG: 64,
        _BITS: 8,
        _COMPRESSION: 8,
        _PHOTOMETRIC: 1,
        _SAMPLES: 1,
        _TILE_WIDTH: 40_000,
        _TILE_LENGTH: 40_000,
        _TILE_OFFSET: 8,
    }
    packed = zlib.compress(bytes(64 * 64))
    return {
        "signature-only.gif": gif[:6],
        "no-frames.gif": gif[:frame_at] + b";",
        "half.gif": gif[: frame_at + 20],
        "huge-frame.gif": gif[: frame_at + 5] + b"\xff\xff\xff\xff" + gif[frame_at + 9 :],
        "half.webp": webp[: len(webp) // 2],
        "header-only.webp": webp[:30],
        "huge.webp": _webp_canvas(16_000, 16_000),
        "large.webp": _webp_canvas(12_000, 9000),
        "header-only.tif": b"II*\0\x08\0\0\0",
        "directory-nowhere.tif": b"MM\0*\xff\xff\xff\xff",
        "half.tif": grey_tiff(GREY16)[8 + 60 :],
        "short-strip.tif": grey_tiff(GREY16, t256=1000),
        "huge.tif": grey_tiff(GREY16, t256=2**31, t257=2**31),
        "unknown-compression.tif": grey_tiff(GREY16, t259=12345),
        "many-samples.tif": grey_tiff(GREY16, t277=2**31),
        "not-a-number.tif": grey_tiff(not_numbers),
        "infinite.tif": grey_tiff(np.where(np.isnan(not_numbers), np.float32(np.inf), not_numbers)),
        "tile-bomb.tif": tiff({**tile, _TILE_BYTES: len(packed)}, packed),
        "header-only.bmp": bmp[:54],
        "half.bmp": bmp[: len(bmp) // 2],
        "huge.bmp": bmp[:18] + struct.pack("<ii", 2**31 - 1, 2**31 - 1) + bmp[26:],
        "unknown-depth.bmp": bmp[:28] + struct.pack("<H", 7) + bmp[30:],
    }


def _webp_canvas(width: int, height: int) -> bytes:
    """Return an animated WebP of a declared canvas whose one frame is a single pixel."""

    def block(name: bytes, data: bytes) -> bytes:
        return name + struct.pack("<I", len(data)) + data + bytes(len(data) % 2)

    def three(value: int) -> bytes:
        return struct.pack("<I", value)[:3]

    pixel = encode(Image.new("RGBA", (1, 1)), "WEBP", lossless=True)[12:]
    frames = block(b"ANIM", bytes(6)) + block(b"ANMF", bytes(16) + pixel)
    header = block(b"VP8X", bytes([2, 0, 0, 0]) + three(width - 1) + three(height - 1))
    return block(b"RIFF", b"WEBP" + header + frames)


def _oriented() -> dict[str, bytes]:
    """The picture `UPRIGHT`, stored in each of the eight EXIF orientations."""
    stored: Sequence[NDArray[np.uint8]] = (
        UPRIGHT,
        UPRIGHT[:, ::-1],
        UPRIGHT[::-1, ::-1],
        UPRIGHT[::-1],
        UPRIGHT.swapaxes(0, 1),
        np.rot90(UPRIGHT),
        np.rot90(UPRIGHT, 2).swapaxes(0, 1),
        np.rot90(UPRIGHT, -1),
    )
    files = {}
    for orientation, pixels in enumerate(stored, start=1):
        exif = Image.Exif()
        exif[0x0112] = orientation
        image = Image.fromarray(np.ascontiguousarray(pixels))
        files[f"orientation-{orientation}.png"] = encode(image, "PNG", exif=exif)
        files[f"orientation-{orientation}.tif"] = encode(image, "TIFF", exif=exif)
        files[f"orientation-{orientation}.webp"] = encode(
            image, "WEBP", lossless=True, exif=exif.tobytes()
        )
        files[f"orientation-{orientation}.jpg"] = encode(
            image, "JPEG", quality=100, subsampling=0, exif=exif
        )
    return files


def _transparent() -> dict[str, bytes]:
    """Transparency as each format holds it."""
    image = Image.fromarray(RGBA)
    palette = Image.fromarray(np.arange(_HEIGHT * _WIDTH, dtype=np.uint8).reshape(_HEIGHT, _WIDTH))
    palette.putpalette(RGBA[..., :3].tobytes())
    grey = Image.fromarray(RGBA[..., 0])
    opaque = image.copy()
    opaque.putalpha(255)
    return {
        "rgba.png": encode(image, "PNG"),
        "rgba.tif": encode(image, "TIFF"),
        "rgba.webp": encode(image, "WEBP", lossless=True, exact=True),
        "opaque-rgba.png": encode(opaque, "PNG"),
        "grey-alpha.png": encode(Image.merge("LA", (grey, image.getchannel("A"))), "PNG"),
        "grey-premultiplied.tif": tiff(
            {
                _WIDTH_TAG: 2,
                _LENGTH_TAG: 1,
                _BITS: 8,
                _COMPRESSION: 1,
                _PHOTOMETRIC: 1,
                _OFFSET: 8,
                _SAMPLES: 2,
                _ROWS: 1,
                _BYTES: 4,
                338: 1,
            },
            bytes([50, 100, 200, 255]),
        ),
        "grey-key.png": encode(grey, "PNG", transparency=int(RGBA[0, 0, 0])),
        "rgb-key.png": encode(
            Image.fromarray(UPRIGHT), "PNG", transparency=tuple(UPRIGHT[0, 0].tolist())
        ),
        "palette-alpha.png": encode(palette, "PNG", transparency=RGBA[..., 3].tobytes()),
        "palette-key.gif": encode(palette, "GIF", transparency=5),
    }


def _deep() -> dict[str, bytes]:
    """Grey of more than 8 bits, colour of more than 8 bits, and 1 bit."""
    twelve_bits = bytes([0x00, 0x08, 0x01, 0xFF, 0xF1, 0x23])  # 0x000 0x801 0xfff 0x123
    ramp = np.linspace(-2, 6, _HEIGHT * _WIDTH).astype(np.float32).reshape(_HEIGHT, _WIDTH)
    rows = np.zeros((_HEIGHT, 1 + 6 * _WIDTH), np.uint8)
    rows[:, 1::2] = UPRIGHT.reshape(_HEIGHT, -1)
    bits = Image.fromarray(UPRIGHT[..., 0] > 127)
    return {
        "grey16.png": encode(Image.fromarray(GREY16), "PNG"),
        "grey16-key.png": encode(Image.fromarray(GREY16), "PNG", transparency=int(GREY16[0, 3])),
        "grey16.tif": grey_tiff(GREY16),
        "grey16-big-endian.tif": encode(Image.fromarray(GREY16.astype(">u2")), "TIFF"),
        "grey16-white-is-zero.tif": grey_tiff(GREY16, t262=0),
        "grey16-signed.tif": grey_tiff((GREY16 - np.int32(32768)).astype(np.int16)),
        "grey12.tif": tiff(
            {
                _WIDTH_TAG: 4,
                _LENGTH_TAG: 1,
                _BITS: 12,
                _COMPRESSION: 1,
                _PHOTOMETRIC: 1,
                _OFFSET: 8,
                _SAMPLES: 1,
                _ROWS: 1,
                _BYTES: len(twelve_bits),
            },
            twelve_bits,
        ),
        "int32.tif": grey_tiff(GREY16.astype(np.int32) * 1000),
        "float-unit.tif": grey_tiff((GREY16 / 65535).astype(np.float32)),
        "float-range.tif": grey_tiff(ramp),
        "float-constant.tif": grey_tiff(np.full((2, 3), 7, np.float32)),
        "rgb16.png": png(_WIDTH, _HEIGHT, depth=16, colour=2, data=rows.tobytes()),
        "one-bit.png": encode(bits, "PNG"),
        "one-bit.tif": encode(bits, "TIFF", compression="group4"),
        "one-bit.bmp": encode(bits, "BMP"),
    }


def _numbers() -> dict[str, bytes]:
    """TIFFs of numbers in layouts that Pillow takes for others, or for none."""
    deep = UPRIGHT.astype(np.uint16) * 257
    return {
        "planes16.tif": numbers_tiff(deep, in_planes=True),
        "planes16-lzw-tiles.tif": numbers_tiff(
            deep, in_planes=True, tile=(16, 16), compression=LZW, predictor=2, order=">"
        ),
        "uint32.tif": numbers_tiff(GREY16[..., None].astype(np.uint32) * 65537),
        "int8-deflate.tif": numbers_tiff(
            UPRIGHT.astype(np.int8), compression=DEFLATE, rows=2, predictor=2
        ),
        "float16-pack-bits.tif": numbers_tiff(
            (GREY16[..., None] / 65535).astype(np.float16), compression=PACK_BITS
        ),
        "float64-predicted.tif": numbers_tiff(
            UPRIGHT / 255, compression=DEFLATE, predictor=3, order=">"
        ),
    }


def _profiled() -> dict[str, bytes]:
    """Colours of profiles; the grey one is linear, the other has the primaries of XYZ."""
    image = Image.fromarray(UPRIGHT)
    options: dict[str, dict[str, Any]] = {"webp": {"lossless": True}}
    return {
        f"profile.{kind}": encode(
            image,
            Image.registered_extensions()[f".{kind}"],
            icc_profile=colour_profile(np.eye(3), 2.0),
            **options.get(kind, {}),
        )
        for kind in ("png", "jpg", "webp", "tif")
    } | {"grey-profile.png": encode(image.convert("L"), "PNG", icc_profile=grey_profile(1.0))}


def _several() -> dict[str, bytes]:
    """Files of more than one picture; `UPRIGHT` is the first."""
    first = Image.fromarray(UPRIGHT)  # with few enough colours for an exact palette
    rest = [Image.fromarray(255 - UPRIGHT), Image.fromarray(np.roll(UPRIGHT, 3, axis=1))]
    options: dict[str, Any] = {"save_all": True, "append_images": rest}
    page = grey_tiff(UPRIGHT[..., 0])
    return {
        "animated.gif": encode(first, "GIF", **options),
        "animated.png": encode(first, "PNG", **options),
        "animated.webp": encode(first, "WEBP", lossless=True, **options),
        "pages.tif": encode(first, "TIFF", **options),
        "page-that-follows-itself.tif": page[:-4] + page[4:8],
        "stereo.jpg": encode(first, "MPO", **options),
    }


def _odd_others() -> dict[str, bytes]:
    """Rare colour models, layouts, shapes and headers."""
    image = Image.fromarray(UPRIGHT)
    cmyk = image.convert("CMYK")
    return {
        "cmyk.jpg": encode(cmyk, "JPEG", quality=100),
        "cmyk.tif": encode(cmyk, "TIFF"),
        "lab.tif": encode(image.convert("LAB"), "TIFF"),
        "ycbcr.tif": encode(image.convert("YCbCr"), "TIFF"),
        "progressive.jpg": encode(image, "JPEG", progressive=True),
        "broken-exif.jpg": encode(image, "JPEG", exif=b"Exif\0\0no directory here"),
        "broken-exif.png": encode(image, "PNG", exif=b"no directory here"),
        "lzw.tif": encode(image, "TIFF", compression="tiff_lzw"),
        "deflate.tif": encode(image, "TIFF", compression="tiff_adobe_deflate"),
        "trailing-junk.png": encode(image, "PNG") + b"junk" * 100,
        "really-a-png.jpg": encode(image, "PNG"),
        "one-pixel.png": encode(Image.new("RGB", (1, 1), (1, 2, 3)), "PNG"),
        "one-row.png": encode(Image.new("L", (20_000, 1), 7), "PNG"),
        "one-column.bmp": encode(Image.new("L", (1, 20_000), 7), "BMP"),
        "web.avif": encode(image, "AVIF"),
        "motion.jpg": encode(image, "JPEG") + b"\0\0\0\x18ftypmp42" + b"\xff\xda" * 500,
        "just-few-enough-pixels.png": png(8000, 5000, depth=1, data=bytes(1001 * 5000)),
    }
