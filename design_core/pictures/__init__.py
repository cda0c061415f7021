"""What makes pictures and maps: safe decoding, samples, data sets, perturbations, sources."""

from __future__ import annotations

from design_core.pictures.picture import (
    MAX_BYTES,
    MAX_PIXELS,
    SUFFIXES,
    Picture,
    PictureError,
    decode,
    fit,
    load_file,
)

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
