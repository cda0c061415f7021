"""The page on the packed format says what files hold: read here by the page, not by our code."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from design_core.engine import pack, save_packed
from design_core.engine.layers import LAYERS
from tests.engine.randomized import randomized_network

PAGE = (Path(__file__).parents[2] / "docs" / "packed-format.md").read_text(encoding="utf-8")
TYPES = {"U8": "|u1", "U64": "<u8", "I16": "<i2", "I32": "<i4", "F32": "<f4"}

NETWORKS: list[tuple[str, dict[str, Any], tuple[int, int, int]]] = [
    ("tiny", {"width": 12, "picture": "thermometer:2", "padding": "zero"}, (1, 8, 8)),
    ("vgg_small", {"width": 9, "last": "binary", "activation": "design:2x2-v2"}, (3, 32, 32)),
    ("resnet20", {"width": 6}, (3, 16, 16)),
]


def test_the_page_describes_every_kind_of_layer_and_no_other() -> None:
    assert set(re.findall(r"^\| `(\w+)` \|", PAGE, flags=re.MULTILINE)) == set(LAYERS)


@pytest.mark.parametrize(("name", "options", "shape"), NETWORKS, ids=str)
def test_a_file_is_as_the_page_says(
    name: str, options: dict[str, Any], shape: tuple[int, int, int], tmp_path: Path
) -> None:
    save_packed(pack(randomized_network(name, **options), shape), tmp_path / "packed")
    raw = (tmp_path / "packed").read_bytes()
    start = 8 + int.from_bytes(raw[:8], "little")
    described = json.loads(raw[8:start])
    header = json.loads(described.pop("__metadata__")["packed"])
    assert header["format"] in PAGE
    assert header["network"]["input_shape"] == list(shape)

    digest = hashlib.sha256(json.dumps(header["network"], sort_keys=True).encode())
    arrays = {}
    for key in sorted(described):
        first, last = described[key]["data_offsets"]
        kind, size = TYPES[described[key]["dtype"]], tuple(described[key]["shape"])
        digest.update(f"\n{key} {kind} {size}\n".encode() + raw[start + first : start + last])
        arrays[key] = np.frombuffer(raw[start + first : start + last], kind).reshape(size)
    assert header["sha256"] == digest.hexdigest()

    unread = set(arrays)
    for place, layer in enumerate(header["network"]["layers"]):
        unread -= fields_of(layer, str(place), arrays)
    assert not unread


def fields_of(layer: dict[str, Any], prefix: str, arrays: dict[str, Any]) -> set[str]:
    """Names of a layer's arrays; AssertionError where layer and page differ."""
    (row,) = re.findall(rf"^\| `{layer['kind']}` \| ([^|]*)\|", PAGE, flags=re.MULTILINE)
    named = set(re.findall(r"`(\w+)`", row)) - set(LAYERS)
    plain = set(layer) - {"kind"}
    inner = {key for key in plain if isinstance(layer[key], dict)}
    own = {f"{prefix}.{key}" for key in named - plain}
    assert plain <= named
    assert own <= set(arrays)
    if layer["kind"] == "BitConv":
        assert arrays[f"{prefix}.words"].size == -(-int(np.prod(layer["shape"])) // 8)
    return own.union(*(fields_of(layer[key], f"{prefix}.{key}", arrays) for key in inner))
