"""A tiny data set in CamVid's layout: two halves of a picture, each of a class of its colour."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

__all__ = ["SIZE", "write_scenes"]

#: Height and width.
SIZE = (16, 24)

_COUNTS = {"train": 6, "val": 2, "test": 4}
_UNLABELLED = 11


def write_scenes(root: Path, *, seed: int = 0) -> None:
    """Write ``root/camvid``: noise above (class 0, bright) and below (class 3, dark) a line."""
    draw = np.random.default_rng(seed)
    height, width = SIZE
    for split, count in _COUNTS.items():
        for folder in ("pictures", "labels"):
            (root / "camvid" / split / folder).mkdir(parents=True)
        for k in range(count):
            line = int(draw.integers(4, height - 4))
            labels = np.zeros(SIZE, np.uint8)
            labels[line:] = 3
            pixels = np.where(labels[..., None] == 0, 180, 40) + draw.integers(0, 60, (*SIZE, 3))
            labels[line, : width // 2] = _UNLABELLED
            _save(root / "camvid" / split / "pictures" / f"{k:05}.png", pixels.astype(np.uint8))
            _save(root / "camvid" / split / "labels" / f"{k:05}.png", labels)


def _save(path: Path, pixels: np.ndarray) -> None:  # type: ignore[type-arg]
    Image.fromarray(pixels).save(path)
