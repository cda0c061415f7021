"""The limits of decoding, pinned by value: the last that is read, and the first that is not."""

from __future__ import annotations

import numpy as np
import pytest
from hostile import encode
from PIL import Image

from design_core.pictures import PictureError, decode

_SCAN = b"\xff\xda"


def of_scans(count: int) -> bytes:
    """A sound progressive JPEG of so many scans, the last of them repeated."""
    grey = Image.fromarray(np.arange(256, dtype=np.uint8).reshape(16, 16))
    data = encode(grey, "JPEG", progressive=True)
    last = data[data.rindex(_SCAN) : -2]
    return data[:-2] + last * (count - data.count(_SCAN)) + data[-2:]


def test_a_hundred_scans_are_read_and_no_more() -> None:
    assert decode(of_scans(100), name="x.jpg").pixels.shape[:2] == (16, 16)
    with pytest.raises(PictureError, match="has 101 scans"):
        decode(of_scans(101), name="x.jpg")
