"""From the bytes of a file to pixels, or to one readable error."""

from __future__ import annotations

import io
import stat
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from PIL import ExifTags, Image, ImageFile, TiffImagePlugin, UnidentifiedImageError

from design_core.pictures.colour import (
    Colour,
    colour_pixels,
    deep_grey_pixels,
    number_pixels,
    shown_key,
)
from design_core.pictures.guards import (
    EXPECTED,
    MAX_PIXELS,
    check_bytes,
    check_dimensions,
    check_passes,
    reduction,
)
from design_core.pictures.kinds import READ, kind_of
from design_core.pictures.picture import Picture, PictureError, Pixels
from design_core.pictures.tiff import orientation, read_numbers, tags_of

__all__ = ["decode", "load_file"]

_SAVE_AGAIN = "Open it in a picture program and save it again as PNG."
_HEIC_ADVICE = (
    "Share or save it as JPEG; phones write JPEG when their camera is set to the most compatible "
    "format."
)

_NEW_SUBFILE, _ICC = 254, 34675
_REDUCED_COPY = 1

# What brings a picture of each EXIF orientation upright.
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_TURNED = "turned upright by its EXIF tag"


def decode(data: bytes, *, name: str, ground: Colour = (255, 255, 255)) -> Picture:
    """Return the picture in a file's bytes.

    Parameters
    ----------
    data
        A PNG, JPEG, WebP, GIF, TIFF, BMP or AVIF file, known by its content whatever its name says.
    name
        For people, and for messages.
    ground
        The colour that transparent pixels are laid over; not part of the digest.

    Raises
    ------
    PictureError
        The data are empty, too large, damaged, or of another kind. Nothing else is raised.
    """
    check_bytes(len(data), name)
    kind = kind_of(data)
    if kind not in READ:
        advice = _HEIC_ADVICE if "HEIC" in kind else EXPECTED
        raise PictureError(f"{name} is {kind}, which is not read. {advice}")
    try:
        pixels, notes = _read(data, kind, name=name, ground=ground)
    except PictureError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PictureError(
            f"{name} has far more than the {MAX_PIXELS // 10**6} million pixels that are decoded. "
            "Make the picture smaller."
        ) from error
    except Exception as error:  # on damaged files Pillow raises whatever its parsers stumble over
        # Pillow's text for an unreadable header only tells the address of the buffer.
        unreadable = isinstance(error, UnidentifiedImageError)
        reason = "its header cannot be read" if unreadable else str(error) or type(error).__name__
        raise PictureError(
            f"{name} is a damaged or unusual {kind} file: {reason}. {_SAVE_AGAIN}"
        ) from error
    return Picture(pixels, name, sha256(data).hexdigest(), tuple(notes))


def load_file(path: Path) -> Picture:
    """Return the picture in a file, whose size is checked before it is read.

    Raises
    ------
    PictureError
        The file is missing, no regular file, too large, or no picture.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise PictureError(f"{path} is a folder or a device, not a picture file. {EXPECTED}")
        check_bytes(status.st_size, str(path))
        data = path.read_bytes()
    except PictureError:
        raise
    except (OSError, ValueError) as error:  # ValueError for a path that no file can have
        raise PictureError(
            f"{path} cannot be read: {getattr(error, 'strerror', error)}. Give the path of a "
            "picture file, or sample:NAME for an embedded one."
        ) from error
    return decode(data, name=path.name)


def _read(data: bytes, kind: str, *, name: str, ground: Colour) -> tuple[Pixels, list[str]]:
    """Decode the first frame; return pixels and notes. May raise anything."""
    check_passes(data, kind)
    if kind == "TIFF" and (found := _numbers(data, ground)):
        return found
    with _open(data, kind) as header:
        reduced = reduction(data, header.size, name) if kind == "JPEG" else 1
        if reduced == 1:
            check_dimensions(header, name)
        header.verify()  # for PNG: the checksum of every chunk; consumes the file
    with _open(data, kind) as image:
        notes = _frame_notes(image)
        if reduced > 1:
            notes.append(_decode_reduced(image, reduced))
        raw_mode = _raw_mode(image)
        upright, turned = _upright(image)
        shown_key(upright, raw_mode)
        if upright.mode.startswith(("I", "F")):
            pixels, converted = deep_grey_pixels(upright, raw_mode=raw_mode, ground=ground)
            return pixels, notes + turned + converted
        pixels, converted = colour_pixels(upright, ground)
        if ";16" in raw_mode:
            converted.append("16 bits a channel reduced to 8")
        return pixels, notes + turned + converted


def _numbers(data: bytes, ground: Colour) -> tuple[Pixels, list[str]] | None:
    """Pixels and notes of a TIFF of numbers; None for one that is left to Pillow."""
    tags = tags_of(data)
    numbers = read_numbers(data, tags)
    if numbers is None:
        return None
    profile = tags.get(_ICC)
    pixels, converted = number_pixels(
        numbers, profile if isinstance(profile, bytes) else None, ground
    )
    notes = _page_notes(tags, is_first_of_several=tags.next != 0)
    turn = _TURNS.get(orientation(tags))
    if turn is not None:
        pixels = _turned(pixels, turn)
        notes.append(_TURNED)
    return pixels, notes + converted


def _turned(pixels: Pixels, turn: Image.Transpose) -> Pixels:
    """Turn pixels (H, W, 3) as Pillow turns a picture."""
    planes = (Image.fromarray(plane).transpose(turn) for plane in np.moveaxis(pixels, 2, 0))
    return np.stack([np.asarray(plane) for plane in planes], axis=2)


def _open(data: bytes, kind: str) -> ImageFile.ImageFile:
    """Read the header, with the plugin of one format."""
    return Image.open(io.BytesIO(data), formats=(kind,))


def _decode_reduced(image: ImageFile.ImageFile, by: int) -> str:
    """Have a JPEG decode itself at a fraction of its size; say so."""
    width, height = image.size
    image.draft(None, (width // by, height // by))
    return f"decoded at 1/{by} of its size, {width}×{height}"


def _frame_notes(image: ImageFile.ImageFile) -> list[str]:
    """Say what is left out of an animation or a document."""
    several = bool(getattr(image, "is_animated", False))
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        return _page_notes(image.tag_v2, is_first_of_several=several)
    # How many is not said: to count them takes as long as to decode, and headers may lie.
    return ["first of several frames"] if several else []


def _page_notes(tags: Any, *, is_first_of_several: bool) -> list[str]:
    """Say what is left out of a TIFF of several pages."""
    kind = tags.get(_NEW_SUBFILE, 0)
    if isinstance(kind, int) and kind & _REDUCED_COPY:
        return ["its first page, a small copy of the picture"]
    return ["first of several pages"] if is_first_of_several else []


def _raw_mode(image: ImageFile.ImageFile) -> str:
    """Return how a pixel lies in the file, in Pillow's notation; known before decoding only."""
    arguments = image.tile[0].args if image.tile else ""
    return str(arguments[0] if isinstance(arguments, tuple) else arguments)


def _upright(image: ImageFile.ImageFile) -> tuple[Image.Image, list[str]]:
    """Decode, and turn as the EXIF orientation asks; a broken EXIF block asks for nothing."""
    turned_by_pillow = False
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        turned_by_pillow = orientation(image.tag_v2) in _TURNS
    image.load()
    if turned_by_pillow:
        return image, [_TURNED]
    turn = None
    with suppress(Exception):  # whatever the parser stumbles over; the pixels are sound
        turn = _TURNS.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    return (image, []) if turn is None else (image.transpose(turn), [_TURNED])
