"""What a checkpoint's file says before PyTorch builds its network, and its network on the engine.

Written and read in full by `design_core.zoo.checkpoint`. Here is what answers need: the header, how
a picture is prepared, and the packed network, all of NumPy.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError
from safetensors.numpy import load

from design_core.engine.folding import PixelChain, UnpackableError, fold
from design_core.engine.network import PackedNetwork
from design_core.networks.facts import PIXEL_NETWORKS
from design_core.pictures.form import PictureForm
from design_core.zoo.stored_network import described

if TYPE_CHECKING:
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
_NEEDED = {"activation", "padding"}  # options that are asked for before PyTorch is


class CheckpointError(ValueError):
    """A checkpoint that cannot be loaded; the message says what is wrong with it."""


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
        header = read_header(self.data, self.name)
        square = header["network"].get("name") not in PIXEL_NETWORKS
        return PictureForm.from_dict(header["pictures"], square=square)

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
            packed = PackedNetwork(
                fold(network, shape),
                shape,
                pictures=self.pictures,
                per_pixel=isinstance(network, PixelChain),
            )
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
