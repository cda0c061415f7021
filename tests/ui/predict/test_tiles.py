"""The tiles' Python half: what is sent, and that no report from a browser is taken on trust."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from ui.predict.tiles import Tile
from ui.predict.tiles.component import _plain, _read


@pytest.mark.parametrize(("state", "index"), [({"picked": 0}, 0), ({"picked": 2}, 2)])
def test_a_choice_is_read(state: Any, index: int) -> None:
    assert _read(state, 3) == index


@pytest.mark.parametrize(
    "state",
    [None, {}, "0", *({"picked": one} for one in (None, 3, -1, True, "1", 1.0, [1]))],
)
def test_anything_else_is_no_choice(state: Any) -> None:
    assert _read(state, 3) is None


def test_a_tile_goes_out_with_its_pictures() -> None:
    sent = _plain(Tile("Channel 3", (b"one", b"two"), (4, 8), "3: 5 %", True))
    assert (sent["height"], sent["width"], sent["marked"]) == (4, 8, True)
    assert (sent["alt"], sent["caption"]) == ("Channel 3", "3: 5 %")
    pictures = [base64.b64decode(url.partition(",")[2]) for url in sent["urls"]]
    assert pictures == [b"one", b"two"]
