"""Pictures: any uploaded file becomes pixels, or one readable error.

A file from a stranger is a program for the decoder, so everything that it can ask for is bounded
before it is granted: its bytes, its pixels, its tiles, its scans. Only six formats are opened, each
by its own Pillow plugin. No setting of Pillow or of `warnings` is touched, so that threads cannot
see each other's.

Colour profiles are not applied, and values stay gamma-encoded as in the file.
"""

from __future__ import annotations

import io
import re
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageFile, TiffImagePlugin, UnidentifiedImageError

__all__ = [
    "MAX_BYTES",
    "MAX_PIXELS",
    "SUFFIXES",
    "Picture",
    "PictureError",
    "decode",
    "fit",
    "load_file",
]

#: No larger file is read.
MAX_BYTES = 10 * 2**20

#: No larger picture is decoded. Pillow's own limit is twice this and only warns.
MAX_PIXELS = 40_000_000

#: File name endings of the formats that are read.
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".tif", ".tiff", ".bmp")

Pixels: TypeAlias = NDArray[np.uint8 | np.uint16]
Colour: TypeAlias = tuple[int, int, int]

_EXPECTED = "Give a PNG, JPEG, WebP, GIF, TIFF or BMP file."
_SAVE_AGAIN = "Open it in a picture program and save it again as PNG."

# Each scan of a progressive JPEG is a pass over all pixels: 10 MiB hold enough of them for hours.
# Encoders write about ten.
_MAX_SCANS = 100
_START_OF_SCAN = b"\xff\xda"

# Pillow looks at each chunk of a PNG twice, and inflates every colour profile, of which a PNG has
# one: 10 MiB hold enough of either for minutes. Encoders put 8 KiB and more into a chunk.
_MAX_CHUNKS = 20_000

# What a file begins with, and what it then is: a format that is read (Pillow's name), or a thing
# that people take for a picture.
_READ = ("PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP")
_SIGNATURES = (
    (rb"\x89PNG\r\n\x1a\n", "PNG"),
    (rb"\xff\xd8\xff", "JPEG"),
    (rb"RIFF....WEBP", "WEBP"),
    (rb"GIF8[79]a", "GIF"),
    (rb"II[*+]\0|MM\0[*+]", "TIFF"),
    (rb"BM", "BMP"),
    (rb"....ftypavi", "an AVIF picture"),
    (rb"....ftyp(?:hei|hev|mif|msf)", "a HEIC picture"),
    (rb"....ftyp", "a video"),
    (rb"%PDF", "a PDF document"),
    (rb"PK\x03\x04", "a ZIP archive"),
    (rb"\s*<(?:.{0,500}<)?svg", "an SVG drawing"),
    (rb"[\t\n\r -~][\t\n\r -~\x80-\xff]*\Z", "text"),
)

# Weights of Rec. 601, the ones of MATLAB's rgb2gray, OpenCV and torchvision, so that figures can be
# compared with theirs.
_RED, _GREEN, _BLUE = 0.299, 0.587, 0.114

_WHITE_IS_ZERO = 0

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


class PictureError(ValueError):
    """A picture that cannot be read; the message says what came, what was expected, what to do."""


@dataclass(frozen=True, eq=False)
class Picture:
    """A decoded picture.

    Parameters
    ----------
    pixels
        Shape (H, W, 3), read-only. uint8; uint16 with three equal channels when the source is grey
        and finer than 8 bits.
    name
        For people: the file's name, or the sample's.
    sha256
        What these pixels are, for caches: the digest of the file's bytes, of shape and pixels when
        there is no file, and one derived from it for a reduced picture.
    notes
        Every conversion made on the way, in short phrases for people.
    """

    pixels: Pixels = field(repr=False)
    name: str
    sha256: str
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Hold the pixels through a read-only view."""
        view = self.pixels.view()
        view.flags.writeable = False
        object.__setattr__(self, "pixels", view)

    def __reduce__(self) -> tuple[Any, ...]:
        """Build anew when unpickled: an array forgets that it is read-only."""
        return Picture, (self.pixels, self.name, self.sha256, self.notes)

    @classmethod
    def from_pixels(cls, pixels: Pixels, *, name: str) -> Picture:
        """Return a picture of an array: grey (H, W), or colour (H, W, 3) of uint8.

        Raises
        ------
        PictureError
            Another shape or dtype.
        """
        grey = pixels.ndim == 2 and pixels.dtype in (np.uint8, np.uint16)
        colour = pixels.ndim == 3 and pixels.shape[2] == 3 and pixels.dtype == np.uint8
        if pixels.size == 0 or not (grey or colour):
            raise PictureError(
                f"{name} has shape {pixels.shape} of {pixels.dtype}. A picture is (H, W) of uint8 "
                "or uint16, or (H, W, 3) of uint8."
            )
        pixels = _three_channels(pixels) if grey else pixels
        digest = sha256(f"{pixels.shape} {pixels.dtype}".encode() + pixels.tobytes())
        return cls(pixels, name, digest.hexdigest())

    @property
    def height(self) -> int:
        """Rows of pixels."""
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        """Columns of pixels."""
        return int(self.pixels.shape[1])

    def rgb(self) -> NDArray[np.float32]:
        """Return red, green and blue planes: float32, shape (3, H, W), range [0, 1]."""
        planes = self.pixels.transpose(2, 0, 1).astype(np.float32, order="C")
        planes /= np.float32(np.iinfo(self.pixels.dtype).max)
        return planes

    def luminance(self) -> NDArray[np.float32]:
        """Return the luma Y' = 0.299 R' + 0.587 G' + 0.114 B': float32, shape (H, W), range [0, 1].

        Grey pixels keep their value exactly.

        References
        ----------
        ITU-R Recommendation BT.601-7, section 2.5.1.
        """
        red, green, blue = self.rgb()
        # The same sum, written so that the weights multiply zeros where red = green = blue.
        luma: NDArray[np.float32] = green + _RED * (red - green) + _BLUE * (blue - green)
        return luma


def decode(data: bytes, *, name: str, ground: Colour = (255, 255, 255)) -> Picture:
    """Return the picture in a file's bytes.

    Parameters
    ----------
    data
        A PNG, JPEG, WebP, GIF, TIFF or BMP file, known by its content whatever its name says.
    name
        For people, and for messages.
    ground
        The colour that transparent pixels are laid over; not part of the digest.

    Raises
    ------
    PictureError
        The data are empty, too large, damaged, or of another kind. Nothing else is raised.
    """
    _check_bytes(len(data), name)
    kind = _kind(data)
    if kind not in _READ:
        raise PictureError(f"{name} is {kind}, which is not read. {_EXPECTED}")
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


def fit(picture: Picture, longest: int) -> Picture:
    """Return the picture reduced, never enlarged, to at most `longest` pixels a side.

    The aspect ratio is kept to the nearest pixel; the filter is Lanczos', which does not alias.

    Raises
    ------
    PictureError
        `longest` is less than 1.
    """
    if longest < 1:
        raise PictureError(f"The longest side must have at least 1 pixel, not {longest}.")
    height, width = picture.height, picture.width
    scale = longest / max(height, width)
    if scale >= 1:
        return picture
    size = max(1, round(width * scale)), max(1, round(height * scale))
    change = f"reduced from {width}×{height} to {size[0]}×{size[1]}"
    return replace(
        picture,
        pixels=_resized(picture.pixels, size),
        sha256=sha256(f"{picture.sha256} {change}".encode()).hexdigest(),
        notes=(*picture.notes, change),
    )


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
            raise PictureError(f"{path} is a folder or a device, not a picture file. {_EXPECTED}")
        _check_bytes(status.st_size, str(path))
        data = path.read_bytes()
    except PictureError:
        raise
    except (OSError, ValueError) as error:  # ValueError for a path that no file can have
        raise PictureError(
            f"{path} cannot be read: {getattr(error, 'strerror', error)}. Give the path of a "
            "picture file, or sample:NAME for an embedded one."
        ) from error
    return decode(data, name=path.name)


def _check_bytes(count: int, name: str) -> None:
    """Refuse an empty file and one above MAX_BYTES."""
    if count == 0:
        raise PictureError(f"{name} is empty, 0 bytes. {_EXPECTED}")
    if count > MAX_BYTES:
        raise PictureError(
            f"{name} has {count:,} bytes, and at most {MAX_BYTES:,} are read "
            f"({MAX_BYTES // 2**20} MiB). Make the picture smaller, or save it as JPEG or WebP."
        )


def _kind(data: bytes) -> str:
    """Return Pillow's name of a format that is read, or a phrase for anything else."""
    for signature, kind in _SIGNATURES:
        if re.match(signature, data[:1024], re.DOTALL):
            return kind
    return "of an unknown kind"


def _read(data: bytes, kind: str, *, name: str, ground: Colour) -> tuple[Pixels, list[str]]:
    """Decode the first frame; return pixels and notes. May raise anything."""
    _check_passes(data, kind)
    with _open(data, kind) as header:
        _check_dimensions(header, name)
        header.verify()  # for PNG: the checksum of every chunk; consumes the file
    with _open(data, kind) as image:
        notes = _frame_notes(image)
        raw_mode = _raw_mode(image)
        photometric = _tiff_tag(image, TiffImagePlugin.PHOTOMETRIC_INTERPRETATION)
        upright, turned = _upright(image)
        if upright.mode.startswith(("I", "F")):
            grey, converted = _deep_grey(upright, raw_mode=raw_mode, ground=ground)
            if photometric == _WHITE_IS_ZERO:  # which Pillow minds for 8 bits only
                grey = np.iinfo(np.uint16).max - grey
            return _three_channels(grey), notes + turned + converted
        pixels, converted = _colour(upright, ground)
        if ";16" in raw_mode:
            converted.append("16 bits a channel reduced to 8")
        return pixels, notes + turned + converted


def _check_passes(data: bytes, kind: str) -> None:
    """Refuse a file that asks for more work than its size lets expect."""
    if kind == "JPEG" and (scans := data.count(_START_OF_SCAN)) > _MAX_SCANS:
        raise ValueError(f"it has {scans} scans where encoders write about ten")
    if kind == "PNG":
        names = list(islice(_chunk_names(data), _MAX_CHUNKS + 1))
        if len(names) > _MAX_CHUNKS:
            raise ValueError(f"it has more than {_MAX_CHUNKS} chunks")
        if (profiles := names.count(b"iCCP")) > 1:
            raise ValueError(f"it has {profiles} colour profiles where a PNG has one")


def _chunk_names(data: bytes) -> Iterator[bytes]:
    """The name of each chunk of a PNG, as far as their lengths lead."""
    at = 8
    while at + 8 <= len(data):
        yield data[at + 4 : at + 8]
        at += 12 + int.from_bytes(data[at : at + 4])


def _open(data: bytes, kind: str) -> ImageFile.ImageFile:
    """Read the header, with the plugin of one format."""
    return Image.open(io.BytesIO(data), formats=(kind,))


def _tiff_tag(image: Image.Image, tag: int) -> object:
    """Return a tag of a TIFF, None when it is absent or the file is no TIFF."""
    return image.tag_v2.get(tag) if isinstance(image, TiffImagePlugin.TiffImageFile) else None


def _check_dimensions(image: ImageFile.ImageFile, name: str) -> None:
    """Refuse a picture, or a TIFF's tile, that would not fit into memory."""
    # A tile may be far larger than its picture, and is decoded whole.
    tile = (
        _tiff_tag(image, TiffImagePlugin.TILEWIDTH),
        _tiff_tag(image, TiffImagePlugin.TILELENGTH),
    )
    for what, (width, height) in (("", image.size), ("tiles of ", tile)):
        if isinstance(width, int) and isinstance(height, int) and width * height > MAX_PIXELS:
            raise PictureError(
                f"{name} has {what}{width}×{height} pixels, and at most "
                f"{MAX_PIXELS // 10**6} million are decoded. Make the picture smaller."
            )


def _frame_notes(image: Image.Image) -> list[str]:
    """Say what is left out of an animation or a document."""
    if not getattr(image, "is_animated", False):
        return []
    # How many is not said: to count them takes as long as to decode, and headers may lie.
    return [f"first of several {'pages' if image.format == 'TIFF' else 'frames'}"]


def _raw_mode(image: ImageFile.ImageFile) -> str:
    """Return how a pixel lies in the file, in Pillow's notation; known before decoding only."""
    arguments = image.tile[0].args if image.tile else ""
    return str(arguments[0] if isinstance(arguments, tuple) else arguments)


def _upright(image: ImageFile.ImageFile) -> tuple[Image.Image, list[str]]:
    """Decode, and turn as the EXIF orientation asks; a broken EXIF block asks for nothing."""
    note = ["turned upright by its EXIF tag"]
    turned_by_pillow = _tiff_tag(image, ExifTags.Base.Orientation) in _TURNS
    image.load()
    if turned_by_pillow:
        return image, note
    turn = None
    with suppress(Exception):  # whatever the parser stumbles over; the pixels are sound
        turn = _TURNS.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    return (image, []) if turn is None else (image.transpose(turn), note)


def _deep_grey(
    image: Image.Image, *, raw_mode: str, ground: Colour
) -> tuple[NDArray[np.uint16], list[str]]:
    """Return a grey picture of more than 8 bits as 16 bits, and notes."""
    if image.mode in ("I", "F"):
        return _stretched(image)
    grey = np.asarray(image).astype(np.uint16)
    if raw_mode == "I;12":
        return grey * 16 + grey // 256, ["12-bit grey spread over 16 bits"]
    notes = ["16-bit grey kept at 16 bits"]
    transparent = image.info.get("transparency")
    if transparent is not None and (mask := grey == transparent).any():
        luma = sum(w * c for w, c in zip((_RED, _GREEN, _BLUE), ground, strict=True))
        grey[mask] = round(luma * 257)
        notes.append(_laid_over(ground))
    return grey, notes


def _stretched(image: Image.Image) -> tuple[NDArray[np.uint16], list[str]]:
    """Return real or wide whole numbers as 16 bits: [0, 1] as it is, else its range stretched."""
    values = np.array(image, dtype=np.float64)
    if strange := int(np.count_nonzero(~np.isfinite(values))):
        raise ValueError(f"{strange} of {values.size} values in it are no finite numbers")
    low, high = float(values.min()), float(values.max())
    note = "values kept at 16 bits"
    if low < 0 or high > 1:
        note = f"values from {low:g} to {high:g} stretched over 16 bits"
        values -= low
        values /= high - low or 1
    values *= np.iinfo(np.uint16).max
    return np.rint(values, out=values).astype(np.uint16), [note]


def _colour(image: Image.Image, ground: Colour) -> tuple[NDArray[np.uint8], list[str]]:
    """Return a picture of at most 8 bits as RGB, and notes."""
    if image.has_transparency_data:
        # Pillow knows no direct way from grey with premultiplied alpha.
        rgba = (image.convert("LA") if image.mode == "La" else image).convert("RGBA")
        alpha = rgba.getchannel("A")
        flat = Image.new("RGB", image.size, ground)
        flat.paste(rgba, mask=alpha)
        opaque = alpha.getextrema() == (255, 255)
        return np.asarray(flat), [] if opaque else [_laid_over(ground)]
    notes = [f"{image.mode} converted to RGB"] if image.mode in ("CMYK", "LAB") else []
    return np.asarray(image.convert("RGB")), notes


def _laid_over(ground: Colour) -> str:
    """Note on transparency."""
    red, green, blue = ground
    colour = "white" if ground == (255, 255, 255) else f"#{red:02x}{green:02x}{blue:02x}"
    return f"transparency laid over {colour}"


def _three_channels(grey: Pixels) -> Pixels:
    """Repeat a plane (H, W) to (H, W, 3)."""
    return np.repeat(grey[:, :, None], 3, axis=2)


def _resized(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    """Resample pixels to (width, height)."""
    if pixels.dtype == np.uint8:
        return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS))
    plane = Image.fromarray(pixels[:, :, 0].astype(np.float32))
    grey = np.asarray(plane.resize(size, Image.Resampling.LANCZOS))
    # The filter overshoots at edges.
    return _three_channels(np.rint(grey).clip(0, np.iinfo(np.uint16).max).astype(np.uint16))
