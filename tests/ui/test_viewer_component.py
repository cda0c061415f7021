"""The viewer's Python half: what is sent, and that no report from a browser is taken on trust."""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from design_core.browser.kernels import plain_kernel
from design_core.kernels.kernel import ThresholdKernel
from design_core.kernels.published import PUBLISHED
from ui.viewer import VIEWS, viewer
from ui.viewer.component import ViewerState, _packed, _plain_state, _read

KERNEL = PUBLISHED["2x2x4-shifted-v1"].scaled(strength=0.5, offset=0.1)
SHAPE = (3, 8, 9)
GIVEN = {
    **{"kernel": "k", "maps": "m", "size": [8, 9]},
    **{"view": "auto", "selected": 1, "revision": 0},
}
AS_GIVEN = ViewerState(KERNEL, "auto", 1)


def read(**report: Any) -> ViewerState:
    return _read({"given": GIVEN, **report}, GIVEN, KERNEL, SHAPE)


def test_nothing_reported_is_as_given() -> None:
    assert _read({}, GIVEN, KERNEL, SHAPE) == AS_GIVEN
    assert read() == AS_GIVEN


def test_a_report_comes_back_as_it_was_sent() -> None:
    levels = KERNEL.levels.copy()
    levels[2, 1, 0] = 9
    edited = ThresholdKernel(levels, KERNEL.level_set, KERNEL.scale, "2x2x4-shifted-v1, edited")
    left = ViewerState(edited.scaled(strength=-1.25), "wipe", 2, 3, 0.75, (7, 8))
    report = json.loads(json.dumps(_plain_state(left)))
    assert read(**report) == left
    assert read(**report).kernel.name == "2x2x4-shifted-v1, edited"


def test_what_the_page_changed_is_no_longer_the_users() -> None:
    report = _plain_state(ViewerState(KERNEL.scaled(strength=2.0), "tv", 0, 5, 0.25, (1, 1)))
    for name, kept in (
        ("kernel", ("tv", 0, 0.5)),
        ("view", ("auto", 0, 2.0)),
        ("maps", ("tv", 1, 2.0)),
        ("revision", ("auto", 1, 0.5)),
    ):
        now = {**GIVEN, name: "something else"}
        if name == "view":
            now[name] = "auto"
            report_then = {**report, "given": {**GIVEN, "view": "single"}}
        else:
            report_then = {**report, "given": GIVEN}
        state = _read(report_then, now, KERNEL, SHAPE)
        assert (state.view, state.selected, state.strength) == kept


def test_zoom_and_pinned_pixel_are_of_maps_of_one_size() -> None:
    left = ViewerState(KERNEL, "auto", 1, zoom=5, divider=0.25, pinned=(1, 2))
    report = {**_plain_state(left), "given": GIVEN}
    others = _read(report, {**GIVEN, "maps": "of this size too"}, KERNEL, SHAPE)
    assert (others.zoom, others.pinned, others.divider) == (5, (1, 2), 0.25)
    larger = _read(report, {**GIVEN, "maps": "more", "size": [9, 9]}, KERNEL, (3, 9, 9))
    assert (larger.zoom, larger.pinned, larger.divider) == (None, None, 0.25)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=6,
)


@given(report=st.fixed_dictionaries({}, optional=dict.fromkeys(_plain_state(AS_GIVEN), anything)))
def test_hostile_reports_give_a_valid_state(report: dict[str, Any]) -> None:
    state = read(**report)
    assert state.view in VIEWS
    assert 0 <= state.selected < SHAPE[0]
    assert state.zoom is None or 1 <= state.zoom <= 64
    assert 0 <= state.divider <= 1
    assert state.kernel.shape == KERNEL.shape
    assert np.isfinite(state.kernel.thresholds).all()
    if state.pinned is not None:
        assert 0 <= state.pinned[0] < SHAPE[1]
        assert 0 <= state.pinned[1] < SHAPE[2]


@pytest.mark.parametrize("key", ["v", "viewer", "a longer key", "é"])
def test_packed_maps_can_be_read_where_the_header_says(key: str) -> None:
    maps = np.random.default_rng(0).standard_normal(SHAPE).astype(np.float32)
    packed = _packed(maps, key, "digest", b"")
    (length,) = struct.unpack_from("<I", packed)
    assert length % 4 == 0
    assert json.loads(packed[4 : 4 + length]) == {"key": key, "hash": "digest", "whole": ""}
    assert (np.frombuffer(packed, "<f4", offset=4 + length).reshape(SHAPE) == maps).all()


def test_unit_values_give_the_thresholds_exactly() -> None:
    for kernel in PUBLISHED.values():
        for strength, offset in ((1.0, 0.0), (0.37, -0.2), (-1.3, 2.0)):
            plain = plain_kernel(kernel.scaled(strength=strength, offset=offset))
            by_rank = plain["offset"] + plain["strength"] * np.array(plain["unit"])
            thresholds = by_rank[plain["ranks"]].reshape(kernel.shape)
            scaled = kernel.scaled(strength=strength, offset=offset)
            assert (thresholds == scaled.thresholds).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"maps": np.zeros((8, 9), np.float32)}, "float32 maps of shape"),
        ({"maps": np.zeros(SHAPE)}, "got float64"),
        ({"maps": np.full(SHAPE, np.nan, np.float32)}, "finite"),
        ({"maps": np.zeros((200, 512, 512), np.float32)}, "128 MB"),
        ({"names": ["one"]}, "got 1 for 3"),
        ({"selected": 3}, "no map 3 among 3"),
        ({"view": "sideways"}, "Unknown view 'sideways'"),
    ],
)
def test_errors_say_what_is_expected(change: dict[str, Any], message: str) -> None:
    arguments: dict[str, Any] = {
        "maps": np.zeros(SHAPE, np.float32),
        "names": ["a", "b", "c"],
        "picture_alt": "nothing",
        "key": "v",
        **change,
    }
    with pytest.raises(ValueError, match=message):
        viewer(arguments.pop("maps"), KERNEL, **arguments)
