"""What a network takes and gives: size and normalization of pictures, names of classes."""

from __future__ import annotations

import json
import math
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from design_core.pictures.picture import Picture
from design_core.pictures.squares import fitted_pixels
from design_core.text import printable

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["PictureForm", "normalized"]

_MAX_CLASSES = 4096
_MAX_NAME = 1000  # letters of a class's name
_MAX_SIDE = 1024  # pixels


#: What the 1-bit engine takes as well.
_LARGEST = 1_000_000


@dataclass(frozen=True)
class PictureForm:
    """What a network takes and gives.

    Parameters
    ----------
    shape
        (C, H, W) of a picture.
    mean, deviation
        Per channel, of pixels scaled to [0, 1]; subtracted, and divided by.
    class_names
        In the order of the logits.
    """

    shape: tuple[int, int, int]
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    class_names: tuple[str, ...]

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any], *, square: bool = True) -> PictureForm:
        """Build from plain lists; ValueError if no picture or no class could be like that.

        Parameters
        ----------
        square
            Whether pictures must be; those whose pixels have classes need not.
        """
        channels, height, width = map(int, plain["shape"])
        if channels not in (1, 3):
            raise ValueError(f"pictures have 1 or 3 channels, grey or colour; got {channels}")
        mean, deviation = (tuple(map(float, plain[key])) for key in ("mean", "deviation"))
        numbers = (*mean, *deviation)
        if not len(mean) == len(deviation) == channels or not all(map(math.isfinite, numbers)):
            raise ValueError(f"{channels} channels need as many finite means and deviations")
        fits = 1 <= min(height, width) <= max(height, width) <= _MAX_SIDE
        if min(deviation) <= 0 or not fits or (square and height != width):
            shape = "pictures square with" if square else "pictures have"
            raise ValueError(f"deviations are above 0, {shape} 1 to {_MAX_SIDE} pixels a side")
        largest = max(max(abs(m), abs(1 - m)) / d for m, d in zip(mean, deviation, strict=True))
        if largest > _LARGEST:
            raise ValueError(
                f"its means and deviations bring pixels to ±{largest:.3g}, beyond ±{_LARGEST:,}: "
                "they are those of pixels scaled to [0, 1]"
            )
        names = _class_names(plain["class_names"])
        return cls((channels, height, width), mean, deviation, names)

    def square(self, picture: Picture) -> NDArray[np.uint8]:
        """A picture prepared as in training: uint8 (H, W, C), cropped in the middle.

        Networks of one channel get the luminance. Only those that give each pixel a class have
        pictures that are not square.
        """
        channels, height, width = self.shape
        return fitted_pixels(picture, channels, (height, width))

    def input(self, squares: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Pictures (N, H, W, C) → what the network takes, float32 (N, C, H, W)."""
        mean, deviation = (np.array(each, np.float32) for each in (self.mean, self.deviation))
        x = (squares.astype(np.float32) / np.float32(255) - mean) / deviation
        return np.ascontiguousarray(x.transpose(0, 3, 1, 2))

    @property
    def colour_order(self) -> str:
        """What the channels are, in their order."""
        return "grey" if self.shape[0] == 1 else "RGB"

    def to_dict(self) -> dict[str, Any]:
        """A JSON-able description, the inverse of `from_dict`."""
        return {
            "shape": list(self.shape),
            "mean": list(self.mean),
            "deviation": list(self.deviation),
            "class_names": list(self.class_names),
        }

    def words(self) -> str:
        """How pictures are fed, in a sentence."""
        channels, height, width = self.shape
        mean, deviation = (
            ", ".join(f"{x:.4f}" for x in part) for part in (self.mean, self.deviation)
        )
        return (
            f"Feed float32 (N, {channels}, {height}, {width}), {self.colour_order}: pixels scaled "
            f"to [0, 1], minus the mean ({mean}), divided by the deviation ({deviation}). Scores "
            f"are of {len(self.class_names)} classes, in the order of class_names."
        )

    def metadata(self) -> dict[str, str]:
        """What the files of other tools say of a network's pictures, as texts; lists as JSON."""
        plain = {key: json.dumps(value) for key, value in self.to_dict().items()}
        return {**plain, "colour_order": self.colour_order, "feeding": self.words()}

    def pixels(self, picture: Picture) -> Tensor:
        """`square` as a batch of one for PyTorch: uint8 (1, H, W, C)."""
        import torch

        return torch.from_numpy(self.square(picture).copy())[None]  # writable, as torch wants it

    def normalized(self, pixels: Tensor) -> Tensor:
        """`input` of PyTorch's tensors, channels last in memory."""
        import torch

        return normalized(pixels, torch.tensor(self.mean), torch.tensor(self.deviation))


def normalized(pictures: Tensor, mean: Tensor, deviation: Tensor) -> Tensor:
    """uint8 (N, H, W, C) → float32 (N, C, H, W), channels last in memory, as networks take it."""
    x = (pictures.float() / 255 - mean) / deviation
    return x.permute(0, 3, 1, 2)


def _class_names(names: Any) -> tuple[str, ...]:
    """Texts that differ, since answers are kept by name, and have a meaning; else ValueError."""
    if not isinstance(names, list | tuple) or not 2 <= len(names) <= _MAX_CLASSES:
        raise ValueError(f"class names are a list of 2 to {_MAX_CLASSES} texts")
    for name in names:
        if not isinstance(name, str) or len(name) > _MAX_NAME or _is_broken(name):
            raise ValueError(
                f"a class name is a text of {_MAX_NAME} letters at most; got {name!a:.100}"
            )
    seen = [" ".join(unicodedata.normalize("NFC", printable(name)).split()) for name in names]
    if twice := sorted(name for name, count in Counter(seen).items() if count > 1):
        raise ValueError(f"class names must look different; {twice[0]!r} comes twice")
    if "" in seen:
        raise ValueError(f"class names must be visible; name {seen.index('')} is blank")
    return tuple(names)


def _is_broken(text: str) -> bool:
    """Whether a text holds halves of letters, which no file and no page can."""
    return any("\ud800" <= letter <= "\udfff" for letter in text)
