"""What a training job and its server say to each other over pipes: bytes in frames, never pickles.

A frame is its length, eight bytes, little-endian, and then a safetensors file whose header holds
JSON. From the server a job gets one frame, and after it single letters.
"""

from __future__ import annotations

import json
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load, save

__all__ = ["FAST", "PAUSE", "SLOW", "STOP", "TAKE", "Frame", "read_frame", "write_frame"]

#: Letters to a job: learn on at full speed; step by step, for the eye; wait; hand the networks over
#: as they are; hand them over and end.
FAST, SLOW, PAUSE, TAKE, STOP = b"f", b"s", b"p", b"t", b"x"

_MOST = 2**30  # bytes of a frame
_ENTRY = "frame"

#: JSON, and arrays by name.
Frame = tuple[dict[str, Any], dict[str, NDArray[Any]]]


def write_frame(stream: IO[bytes], told: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> None:
    """Send a frame."""
    contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    data = save(contiguous, {_ENTRY: json.dumps(told)})
    stream.write(len(data).to_bytes(8, "little") + data)
    stream.flush()


def read_frame(stream: IO[bytes]) -> Frame | None:
    """The next frame; None where the stream has ended, within a frame or before it."""
    size = int.from_bytes(head := stream.read(8), "little")
    if len(head) < 8 or size > _MOST:
        return None
    data = stream.read(size)
    if len(data) < size:
        return None
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    return json.loads(header["__metadata__"][_ENTRY]), load(data)
