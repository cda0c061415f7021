"""What a checkpoint's file says before PyTorch builds its network, and its network on the engine.

Written and read in full by `design_core.zoo.checkpoint`. Here is what answers need: the header, how
a picture is prepared, and the packed network, all of NumPy.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load

from design_core.engine.folding import UnpackableError, fold
from design_core.engine.network import PackedNetwork
from design_core.pictures import Picture
from design_core.pictures.squares import square_pixels
from design_core.zoo.stored_network import described

if TYPE_CHECKING:
    from torch import Tensor

    from design_core.zoo.checkpoint import Checkpoint

__all__ = [
    "ENTRY",
    "FORMAT",
    "MAX_UPLOAD",
    "MAX_WEIGHTS",
    "CheckpointError",
    "NetworkFile",
    "PictureForm",
    "read_bytes",
    "read_header",
]

#: The one entry of the safetensors header, and the format of files whose binary weights are bits.
ENTRY, FORMAT = "checkpoint", "design-checkpoint-1"
#: Bytes of a file that somebody brings along, see `design_core.zoo.uploaded`; the whole state of a
#: `resnet18` takes 42 MiB.
MAX_UPLOAD = 48 * 2**20
_MAX_BYTES = MAX_UPLOAD
#: In one such file, and in all that are kept together: 2 MiB packed, 64 MiB as float32 in memory.
MAX_WEIGHTS = 2**24
_MAX_HEADER = 2**20
_MAX_CLASSES = 4096
_MAX_NAME = 1000  # letters of a class's name
_NEEDED = {"activation", "padding"}  # options that are asked for before PyTorch is


class CheckpointError(ValueError):
    """A checkpoint that cannot be loaded; the message says what is wrong with it."""


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
    def from_dict(cls, plain: Mapping[str, Any]) -> PictureForm:
        """Build from plain lists; ValueError if no picture or no class could be like that."""
        channels, height, width = map(int, plain["shape"])
        if channels not in (1, 3):
            raise ValueError(f"pictures have 1 or 3 channels, grey or colour; got {channels}")
        mean, deviation = (tuple(map(float, plain[key])) for key in ("mean", "deviation"))
        numbers = (*mean, *deviation)
        if not len(mean) == len(deviation) == channels or not all(map(math.isfinite, numbers)):
            raise ValueError(f"{channels} channels need as many finite means and deviations")
        if min(deviation) <= 0 or height != width or not 1 <= height <= 1024:
            raise ValueError("deviations are above 0, pictures square with 1 to 1024 pixels a side")
        names = _class_names(plain["class_names"])
        return cls((channels, height, width), mean, deviation, names)

    def square(self, picture: Picture) -> NDArray[np.uint8]:
        """A picture prepared as in training: uint8 (H, W, C), cropped in the middle.

        Networks of one channel get the luminance.
        """
        channels, side, _ = self.shape
        return square_pixels(picture, channels, side)

    def input(self, squares: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Pictures (N, H, W, C) → what the network takes, float32 (N, C, H, W)."""
        mean, deviation = (np.array(each, np.float32) for each in (self.mean, self.deviation))
        x = (squares.astype(np.float32) / np.float32(255) - mean) / deviation
        return np.ascontiguousarray(x.transpose(0, 3, 1, 2))

    def pixels(self, picture: Picture) -> Tensor:
        """`square` as a batch of one for PyTorch: uint8 (1, H, W, C)."""
        import torch

        return torch.from_numpy(self.square(picture).copy())[None]  # writable, as torch wants it

    def normalized(self, pixels: Tensor) -> Tensor:
        """`input` of PyTorch's tensors, channels last in memory."""
        import torch

        from design_core.training.data import normalized

        return normalized(pixels, torch.tensor(self.mean), torch.tensor(self.deviation))


def _class_names(names: Any) -> tuple[str, ...]:
    """Texts that differ, since answers are kept by name, and have a meaning; else ValueError."""
    if not isinstance(names, list | tuple) or not 2 <= len(names) <= _MAX_CLASSES:
        raise ValueError(f"class names are a list of 2 to {_MAX_CLASSES} texts")
    for name in names:
        if not isinstance(name, str) or len(name) > _MAX_NAME or _is_broken(name):
            raise ValueError(
                f"a class name is a text of {_MAX_NAME} letters at most; got {name!a:.100}"
            )
    if twice := sorted(name for name, count in Counter(names).items() if count > 1):
        raise ValueError(f"class names are all different; {twice[0]!r} comes twice")
    return tuple(names)


def _is_broken(text: str) -> bool:
    """Whether a text holds halves of letters, which no file and no page can."""
    return any("\ud800" <= letter <= "\udfff" for letter in text)


@dataclass(frozen=True, eq=False)
class NetworkFile:
    """A checkpoint that is sound, as its card's SHA-256 or `read_checkpoint` proved.

    Parameters
    ----------
    name
        Of the file, for messages.
    data
        All of it.
    """

    name: str
    data: bytes

    @cached_property
    def network(self) -> Mapping[str, Any]:
        """The network's name and its options."""
        network: Mapping[str, Any] = read_header(self.data, self.name)["network"]
        # The zoo's files name every option; one that somebody wrote may leave some out.
        return network if network.keys() >= _NEEDED else self.checkpoint.spec.to_dict()

    @cached_property
    def pictures(self) -> PictureForm:
        """What it takes and gives."""
        return PictureForm.from_dict(read_header(self.data, self.name)["pictures"])

    @cached_property
    def packed(self) -> PackedNetwork | None:
        """The network on the 1-bit engine, warmed up; None where only PyTorch can run it.

        Raises
        ------
        CheckpointError
            The file does not hold what it says.
        """
        if read_header(self.data, self.name)["format"] != FORMAT:
            return None
        shape = self.pictures.shape
        try:
            network = described(self.network, load(self.data), shape)
        except UnpackableError:
            return None
        except (SafetensorError, ValueError, KeyError) as error:
            raise CheckpointError(f"{self.name} is damaged: {error}.") from error
        try:
            packed = PackedNetwork(fold(network, shape), shape)
        except ValueError:  # numbers that only PyTorch's own order keeps finite
            return None
        packed.warm_up()
        return packed

    @cached_property
    def checkpoint(self) -> Checkpoint:
        """The network in PyTorch."""
        from design_core.zoo.checkpoint import read_checkpoint

        return read_checkpoint(self.data, name=self.name)


def read_bytes(path: Path, *, sha256: str | None = None) -> bytes:
    """A file of bounded size and, if its card names one, of that SHA-256; else CheckpointError."""
    try:
        size = path.stat().st_size
        if size > _MAX_BYTES:
            raise CheckpointError(
                f"{path.name} has {size:,} bytes; a checkpoint has {_MAX_BYTES:,} at most."
            )
        data = path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror}.") from error
    if sha256 is not None and hashlib.sha256(data).hexdigest() != sha256:
        raise CheckpointError(
            f"{path.name} is not the file of its card: the SHA-256 differs. Get it again."
        )
    return data


def read_header(data: bytes, name: str) -> Mapping[str, Any]:
    """What `save_checkpoint` wrote into a safetensors file's header; else CheckpointError."""
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or length > min(_MAX_HEADER, len(data) - 8):
        raise CheckpointError(
            f"{name} is not a safetensors file, or was cut off: it has no header."
        )
    try:
        header = json.loads(json.loads(data[8 : 8 + length])["__metadata__"][ENTRY])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise CheckpointError(f"{name} is not a checkpoint: its header says nothing.") from error
    if not isinstance(header, dict) or "format" not in header:
        raise CheckpointError(f"{name} is not a checkpoint: its header has no format.")
    return header
