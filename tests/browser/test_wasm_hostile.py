"""Hostile packed files in the browser: read as the library reads them, or refused in words.

A slice of what `stress/browser_fuzz.py` does, of other inputs, and what was crafted by hand.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from design_core.engine import load_packed
from stress.browser_fuzz import READERS, live_seeds, outcomes_in_browser, prepared
from stress.fuzz import damaged_input
from stress.targets import TARGETS

pytestmark = pytest.mark.browser

TARGET = "packed network"
INPUTS = 400


@pytest.fixture(scope="module")
def page(chromium: Any) -> Any:
    opened = prepared(chromium.new_page())
    yield opened
    opened.close()


def in_browser(page: Any, files: list[bytes]) -> list[dict[str, Any]]:
    return outcomes_in_browser(page, "packed", files)


def in_library(data: bytes, folder: Path) -> list[float] | None:
    """Scores, or None where the file is refused."""
    path = folder / "damaged.packed"
    path.write_bytes(data)
    try:
        packed = load_packed(path)
    except ValueError:
        return None
    channels, height, width = packed.input_shape
    pixels = (np.arange(channels * height * width) % 7 - 3).astype(np.float32)
    x = pixels.reshape(1, height, width, channels).transpose(0, 3, 1, 2)
    scores: list[float] = packed(x)[0].tolist()
    return scores


def test_damaged_files_are_read_alike_or_refused(page: Any, tmp_path: Path) -> None:
    seeds = TARGETS[TARGET].seeds()
    files = [damaged_input(TARGET, number, seeds, seed=2) for number in range(INPUTS)]
    found = in_browser(page, [*seeds, *files])
    read = 0
    for number, (data, one) in enumerate(zip([*seeds, *files], found, strict=True)):
        assert "failed" not in one, (number, one)
        with np.errstate(all="ignore"):
            expected = in_library(data, tmp_path)
        if "scores" in one:
            read += 1
            assert expected is not None, (number, one)
            given = [float(score.replace("Infinity", "inf")) for score in one["scores"]]
            assert np.array_equal(given, expected, equal_nan=True), number
        else:
            assert expected is None or one["large"], (number, one)
    assert len(seeds) < read < len(found) / 2  # beyond the sound ones some were damaged harmlessly


def test_files_that_are_no_networks(page: Any) -> None:
    deep = b'{"__metadata__":{"packed":"' + b"[" * 50_000 + b'"}}'
    headers = [
        b"",
        b"{}",
        b"[]",
        b"null",
        b'{"a":1}',
        b'{"a":{"dtype":"U8","shape":[1e9],"data_offsets":[0,1]}}',
        deep,
    ]
    files = [len(header).to_bytes(8, "little") + header for header in headers]
    files += [b"", b"text", (2**63).to_bytes(8, "little"), bytes(100)]
    for data, one in zip(files, in_browser(page, files), strict=True):
        assert "refused" in one, (data[:40], one)


def test_a_network_beyond_the_memory_or_time_of_a_page_is_refused_before_it_takes_any(
    page: Any, tmp_path: Path
) -> None:
    from design_core.engine import PackedNetwork, save_packed
    from design_core.engine.layers import GlobalMean, RealConv

    layers = [RealConv(np.ones((3, 3, 3, 8), np.float32)), GlobalMean()]
    files = []
    for side in (64, 6_000, 2**20):
        PackedNetwork(layers, (3, 8, 8))  # the layers fit; of the pictures only the header tells
        packed = PackedNetwork(layers, (3, side, side))
        save_packed(packed, tmp_path / "one.packed")
        files.append((tmp_path / "one.packed").read_bytes())
    small, *large = in_browser(page, files)
    assert len(small["scores"]) == 8
    assert all(one["large"] for one in large)


def test_damaged_files_of_live_are_read_or_refused(page: Any) -> None:
    seeds, make = live_seeds(), READERS["live"][1]
    assert all("scores" in one for one in outcomes_in_browser(page, "live", seeds))
    files = [make(number, seeds, 2) for number in range(INPUTS)]
    found = outcomes_in_browser(page, "live", files)
    failed = [(number, one) for number, one in enumerate(found) if "failed" in one]
    assert not failed
    assert 0 < sum("scores" in one for one in found) < len(found) / 2


@pytest.mark.parametrize(
    "change",
    [
        {"shape": [1, -16, -16]},
        {"shape": [1, 0, 1]},
        {"shape": [0, 1, 1]},
        {"shape": [1, 1e9, 1e9]},
        {"shape": [1, 2.5, 2]},
        {"shape": "222"},
        {"ranks": [9, 9, 9, 9]},
        {"ranks": [-1, 0, 0, 0]},
        {"ranks": {"length": 4}},
        {"unit": []},
        {"level_set": [None]},
        {"strength": "1"},
        {"name": {}},
    ],
    ids=str,
)
def test_crafted_kernels_are_refused(page: Any, change: dict[str, Any]) -> None:
    """Places in the module's memory are computed from a kernel's shape."""
    data = live_seeds()[1]
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    about = json.loads(header["__metadata__"]["live"])
    about["kernels"][0] |= change
    header["__metadata__"]["live"] = json.dumps(about)
    text = json.dumps(header).encode()
    (one,) = outcomes_in_browser(
        page, "live", [len(text).to_bytes(8, "little") + text + data[8 + length :]]
    )
    assert "is no network of format" in one.get("refused", str(one))
