"""Colours of decoded pictures: transparency over a ground, profiles to sRGB, numbers to levels."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from design_core.pictures.picture import BLUE, GREEN, RED, Pixels, three_channels
from design_core.pictures.tiff import Numbers

__all__ = ["Colour", "colour_pixels", "deep_grey_pixels", "number_pixels", "shown_key"]

Colour: TypeAlias = tuple[int, int, int]

_ROWS = 256

# Which mode of Pillow a profile is for, by its colour space.
_PROFILED = {"GRAY": "L", "RGB": "RGB", "CMYK": "CMYK"}
_NOT_APPLIED = "its colour profile is not applied"


def shown_key(image: Image.Image, raw_mode: str) -> None:
    """Bring the transparent colour of a PNG to the scale of the pixels that Pillow gives.

    The file names it on its own scale: of 1 to 8 bits for grey, of 16 for deep colours.

    Raises
    ------
    ValueError
        A deep colour whose pixels cannot be told from others, since Pillow gives their high bytes.
    """
    key = image.info.get("transparency")
    if raw_mode in ("L;2", "L;4") and isinstance(key, int):
        most = 2 ** int(raw_mode[-1]) - 1
        image.info["transparency"] = (key & most) * (255 // most)
    if raw_mode == "RGB;16B" and isinstance(key, tuple):
        del image.info["transparency"]
        high = np.array(key) >> 8
        if (np.asarray(image) == high).all(axis=2).any():
            raise ValueError("one of its colours of 16 bits is transparent, which is not read")


def colour_pixels(image: Image.Image, ground: Colour) -> tuple[Pixels, list[str]]:
    """A picture of at most 8 bits as RGB, and notes."""
    notes = []
    alpha = None
    is_grey = image.mode in ("1", "L", "LA", "La")
    if image.has_transparency_data:
        # Pillow knows no direct way from grey with premultiplied alpha.
        rgba = (image.convert("LA") if image.mode == "La" else image).convert("RGBA")
        alpha = rgba.getchannel("A")
        colours = rgba.convert("RGB")
    elif image.mode == "CMYK":
        colours = image
    else:
        colours = image.convert("RGB")
    if image.mode != "LAB":
        colours, said = _in_srgb(colours, image.info.get("icc_profile"), is_grey=is_grey)
        notes += said
    if image.mode in ("CMYK", "LAB"):
        notes.append(f"{image.mode} converted to RGB")
    colours = colours.convert("RGB")
    if alpha is not None:
        flat = Image.new("RGB", image.size, ground)
        flat.paste(colours, mask=alpha)
        notes += [] if alpha.getextrema() == (255, 255) else [_laid_over(ground)]
        colours = flat
    return np.asarray(colours), notes


def _in_srgb(
    image: Image.Image, profile: bytes | None, *, is_grey: bool
) -> tuple[Image.Image, list[str]]:
    """Colours of a profile as colours of sRGB; as they are where that changes next to nothing."""
    if not profile:
        return image, []
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        mode = _PROFILED[source.profile.xcolor_space.strip()]
        if mode != image.mode and not (mode == "L" and is_grey):
            return image, [f"{_NOT_APPLIED}: it is for {mode}, the picture is {image.mode}"]
        # Grey has so few levels that each is converted alone, without shortcuts.
        flags = ImageCms.Flags.NOOPTIMIZE if is_grey else ImageCms.Flags.NONE
        to_srgb = ImageCms.buildTransform(
            source, ImageCms.createProfile("sRGB"), mode, "RGB", flags=flags
        )
        probe = _probe(mode)
        moved = _transformed(probe, to_srgb)
        before, after = (np.asarray(one.convert("RGB")).astype(int) for one in (probe, moved))
        if mode != "CMYK" and np.abs(before - after).max() <= 1:
            return image, []
        name = _profile_name(source)
        if is_grey and mode == "L":
            grey = image.getchannel("G").point(after[0, :, 1].tolist())
        elif is_grey:
            grey = _transformed(image, to_srgb).getchannel("G")
        else:
            return _transformed(image, to_srgb), [f"colours converted from {name} to sRGB"]
    except Exception:  # of damaged profiles and missing libraries anything; the pixels are sound
        return image, [f"{_NOT_APPLIED}: it cannot be read"]
    return Image.merge("RGB", (grey, grey, grey)), [f"grey converted from {name} to sRGB"]


def _probe(mode: str) -> Image.Image:
    """All levels of grey, or a lattice of colours."""
    levels = np.arange(256, dtype=np.uint8)
    if mode == "L":
        return Image.fromarray(levels[None])
    lattice = np.stack(np.meshgrid(*3 * [levels[::15]]), axis=-1).reshape(-1, 18, 3)
    return Image.fromarray(lattice).convert(mode)


def _transformed(image: Image.Image, transform: ImageCms.ImageCmsTransform) -> Image.Image:
    """A converted copy."""
    copy = ImageCms.applyTransform(image, transform)
    if copy is None:  # only where the picture itself is to be changed
        raise ValueError("no copy was made")
    return copy


def _profile_name(profile: ImageCms.ImageCmsProfile) -> str:
    """The name that a profile has, if it is one; a stranger may have written anything there."""
    name = re.sub(r"[^\w.()-]+", " ", ImageCms.getProfileDescription(profile)).strip()[:40]
    return name or "its colour profile"


def deep_grey_pixels(
    image: Image.Image, *, raw_mode: str, ground: Colour
) -> tuple[Pixels, list[str]]:
    """A grey picture of more than 8 bits, of Pillow's modes ``I;16…``, as 16 bits, and notes."""
    if not image.mode.startswith("I;16"):
        raise ValueError(f"its pixels are of Pillow's mode {image.mode}, which is not expected")
    grey = np.asarray(image).astype(np.uint16)
    if raw_mode == "I;12":
        return three_channels(grey * 16 + grey // 256), ["12-bit grey spread over 16 bits"]
    notes = ["16-bit grey kept at 16 bits"]
    transparent = image.info.get("transparency")
    if transparent is not None and (mask := grey == transparent).any():
        grey[mask] = round(_luma(ground) * 257)
        notes.append(_laid_over(ground))
    if image.info.get("icc_profile"):
        notes.append(_NOT_APPLIED)
    return three_channels(grey), notes


def number_pixels(
    numbers: Numbers, profile: bytes | None, ground: Colour
) -> tuple[Pixels, list[str]]:
    """The numbers of a TIFF as pixels, and notes: deep grey at 16 bits, colours at 8."""
    levels, notes = _levels(numbers.values)
    if numbers.white_is_zero:
        levels = np.iinfo(levels.dtype).max - levels
    if numbers.alpha is not None and (numbers.alpha < 1).any():
        levels = _flattened(levels, numbers.alpha, numbers.premultiplied, ground)
        notes.append(_laid_over(ground))
    if numbers.left_out:
        notes.append(f"{numbers.left_out} of its channels left out")
    if levels.shape[2] == 1:
        return three_channels(levels[..., 0]), notes + ([_NOT_APPLIED] if profile else [])
    colours, said = _in_srgb(Image.fromarray(levels), profile, is_grey=False)
    return np.asarray(colours.convert("RGB")), notes + said


def _levels(values: NDArray[Any]) -> tuple[Pixels, list[str]]:
    """Numbers (H, W, C) as levels: unsigned ones of 8 and 16 bits on their own scale.

    Others are taken as they are if they lie in [0, 1]; else their range, over all channels, is
    stretched over all levels.
    """
    is_grey = values.shape[2] == 1
    if values.dtype == np.uint8:
        return values, []
    if values.dtype == np.uint16:
        if is_grey:
            return values, ["16-bit grey kept at 16 bits"]
        return (values >> 8).astype(np.uint8), ["16 bits a channel reduced to 8"]
    if strange := values.size - int(np.count_nonzero(np.isfinite(values))):
        raise ValueError(f"{strange} of {values.size} values in it are no finite numbers")
    low, high = float(values.min()), float(values.max())
    bits = 16 if is_grey else 8
    note = f"values kept at {bits} bits"
    if low < 0 or high > 1:
        note = f"values from {low:g} to {high:g} stretched over {bits} bits"
    else:
        low, high = 0.0, 1.0
    levels = np.empty(values.shape, np.uint16 if is_grey else np.uint8)
    for rows in _parts(len(values)):
        share = (values[rows].astype(np.float64) - low) / (high - low or 1)
        levels[rows] = np.rint(share * np.iinfo(levels.dtype).max)
    return levels, [note]


def _flattened(
    levels: Pixels, alpha: NDArray[np.float32], premultiplied: bool, ground: Colour
) -> Pixels:
    """Levels (H, W, C) laid over a ground."""
    most = int(np.iinfo(levels.dtype).max)
    over = np.array(ground if levels.shape[2] == 3 else [_luma(ground)]) * (most / 255)
    flat = np.empty_like(levels)
    for rows in _parts(len(levels)):
        opacity = alpha[rows, :, None].astype(np.float64)
        own = levels[rows] if premultiplied else levels[rows] * opacity
        flat[rows] = np.rint(own + (1 - opacity) * over).clip(0, most)
    return flat


def _parts(height: int) -> Iterator[slice]:
    """Some rows at a time, so that real numbers of a large picture need not fit at once."""
    for start in range(0, height, _ROWS):
        yield slice(start, start + _ROWS)


def _luma(colour: Colour) -> float:
    return sum(w * c for w, c in zip((RED, GREEN, BLUE), colour, strict=True))


def _laid_over(ground: Colour) -> str:
    """Note on transparency."""
    red, green, blue = ground
    colour = "white" if ground == (255, 255, 255) else f"#{red:02x}{green:02x}{blue:02x}"
    return f"transparency laid over {colour}"
