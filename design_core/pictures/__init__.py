"""What makes pictures and maps: safe decoding, samples, data sets, perturbations, sources.

A file from a stranger is a program for the decoder, so everything that it can ask for is bounded
before it is granted: its bytes, its pixels, its tiles, its scans. What a file is, its content says,
never its name. Each format is opened by its own Pillow plugin, TIFFs of numbers by a reader of our
own. No setting of Pillow or of `warnings` is touched, so that threads cannot see each other's.

Colours are brought to sRGB where a file has a profile; values stay gamma-encoded.
"""

from __future__ import annotations

from design_core.pictures.decoding import decode, load_file
from design_core.pictures.guards import MAX_BYTES, MAX_PIXELS
from design_core.pictures.kinds import (
    HEAD_BYTES,
    SUFFIXES,
    is_clutter,
    is_picture_file,
    looks_like_picture,
    picture_files,
)
from design_core.pictures.picture import Picture, PictureError, fit

__all__ = [
    "HEAD_BYTES",
    "MAX_BYTES",
    "MAX_PIXELS",
    "SUFFIXES",
    "Picture",
    "PictureError",
    "decode",
    "fit",
    "is_clutter",
    "is_picture_file",
    "load_file",
    "looks_like_picture",
    "picture_files",
]
