"""The address of Explore: any kernel, any picture, any view comes back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from design_core.kernels.kernel import OMEGA, ThresholdKernel
from design_core.kernels.patterns import PATTERNS
from design_core.kernels.published import PUBLISHED
from design_core.pictures import Picture
from design_core.pictures.samples import SAMPLES
from design_core.scaling import Scale
from ui.compute import Scene
from ui.explore.address import EXPLORE, kept_entries, start_of
from ui.rail.fields import SCALES, SIZES, upload_code, wanted_upload
from ui.viewer import VIEWS, ViewerState

SHAPE = (5, 20, 30)
numbers = st.floats(-1e3, 1e3).map(lambda number: number + 0.0)  # −0 and 0 are one number


@st.composite
def kernels(draw: st.DrawFn) -> ThresholdKernel:
    """Any small kernel, of any scale."""
    level_set = draw(st.just(OMEGA) | st.lists(st.integers(-30, 30), min_size=1, max_size=5))
    shapes = hnp.array_shapes(min_dims=3, max_dims=3, max_side=4)
    levels = draw(hnp.arrays(np.int64, shapes, elements=st.sampled_from(sorted(level_set))))
    if draw(st.booleans()):
        return ThresholdKernel(levels, level_set, Scale("lloyd-max", draw(numbers), draw(numbers)))
    count = len(set(level_set))
    values = tuple(draw(st.lists(numbers, min_size=count, max_size=count)))
    name = draw(st.sampled_from(["data", "custom"]))
    return ThresholdKernel(levels, level_set, Scale(name, draw(numbers), draw(numbers), values))


@st.composite
def rails(draw: st.DrawFn) -> dict[str, Any]:
    """Entries of the state, as the rail's widgets leave them."""
    sample, pattern = draw(st.sampled_from(list(SAMPLES))), draw(st.sampled_from(list(PATTERNS)))
    ways: list[dict[str, Any]] = [
        {"kernel_way": "Published", "published": draw(st.sampled_from(list(PUBLISHED)))},
        {
            "kernel_way": "Pattern",
            "pattern": pattern,
            f"size-{pattern}": draw(st.sampled_from(PATTERNS[pattern].sizes)),
        },
    ]
    return {
        "picture_way": "Sample",
        "sample": sample,
        "picture_code": sample,
        "longest": draw(st.sampled_from(SIZES)),
        "source": "random-conv",
        "maps": draw(st.integers(1, 64)),
        "seed": draw(st.integers(0, 9999)),
        "scaling": draw(st.sampled_from(SCALES)),
        **draw(st.sampled_from(ways)),
    }


def through_a_link(state: dict[str, Any]) -> dict[str, Any]:
    parameters, missing = EXPLORE.parameters(state)
    assert missing == ()
    reading = EXPLORE.reading(dict(parse_qsl(urlencode(parameters))))
    assert reading.ignored == ()
    return reading.entries


@settings(max_examples=60)
@given(state=rails())
def test_the_rail_comes_back(state: dict[str, Any]) -> None:
    back = through_a_link(state)
    for key, value in state.items():
        if key != "picture_code":
            assert back[key] == value, key


@settings(max_examples=60)
@given(kernel=kernels())
def test_an_own_kernel_comes_back(kernel: ThresholdKernel) -> None:
    back = through_a_link({"kernel_way": "Own", "own_kernel": kernel})
    if back["kernel_way"] == "Own":
        assert back["own_kernel"] == kernel
    else:  # it was a published one after all
        assert PUBLISHED[back["published"]] == kernel


def scene(seed: int = 0) -> Scene:
    picture = Picture.from_pixels(np.zeros((4, 4), np.uint8), name="one")
    return Scene(picture, 32, "random-conv", 16, seed)


@settings(max_examples=60)
@given(
    kernel=kernels(),
    view=st.sampled_from(VIEWS),
    selected=st.integers(0, SHAPE[0] - 1),
    zoom=st.none() | st.integers(1, 64),
    divider=st.floats(0, 1),
    pinned=st.none() | st.tuples(st.integers(0, SHAPE[1] - 1), st.integers(0, SHAPE[2] - 1)),
    strength=numbers,
    edit=st.booleans(),
)
def test_what_the_viewer_shows_comes_back(
    kernel: ThresholdKernel,
    view: str,
    selected: int,
    zoom: int | None,
    divider: float,
    pinned: tuple[int, int] | None,
    strength: float,
    edit: bool,
) -> None:
    shown_kernel = kernel.scaled(strength=strength)
    if edit:
        levels = np.full(kernel.shape, kernel.level_set[0])
        shown_kernel = replace(shown_kernel, levels=levels)
    shown = ViewerState(shown_kernel, view, selected, zoom, divider, pinned)
    left = kept_entries(scene(), kernel, shown)
    assert start_of(left, scene(), kernel, SHAPE) == shown
    start = start_of(through_a_link(left), scene(), kernel, SHAPE)
    if view != "wipe":
        shown = replace(shown, divider=0.5)
    assert start == shown


def test_what_was_done_to_another_kernel_no_longer_counts() -> None:
    chosen = PUBLISHED["2x2-v1"]
    shown = ViewerState(chosen.scaled(strength=0.5), "wipe", 3, 4, 0.25, (1, 2))
    left = kept_entries(scene(), chosen, shown)
    other = start_of(left, scene(), PUBLISHED["hprof"], SHAPE)
    assert (other.kernel, other.view, other.selected) == (PUBLISHED["hprof"], "wipe", 3)
    elsewhere = start_of(left, scene(seed=1), chosen, SHAPE)
    assert (elsewhere.strength, elsewhere.selected, elsewhere.pinned) == (0.5, 0, None)


def test_a_link_may_ask_for_more_than_there_is() -> None:
    state = EXPLORE.reading({"map": "40", "pixel": "4000.1", "edited": "1~1.2~lloyd-max"}).entries
    start = start_of(state, scene(), PUBLISHED["2x2-v1"], SHAPE)
    assert (start.kernel, start.selected, start.pinned) == (PUBLISHED["2x2-v1"], 4, None)


def test_an_upload_is_named_by_its_digest() -> None:
    picture = Picture.from_pixels(np.zeros((4, 4), np.uint8), name="my ~cat~.png")
    digits, name = wanted_upload(upload_code(picture)) or ("", "")
    assert picture.sha256.startswith(digits)
    assert len(digits) == 16
    assert name == "my ~cat~.png"
    back = through_a_link({"picture_code": upload_code(picture)})
    assert back == back | {"picture_way": "Upload", "picture_wanted": upload_code(picture)}


@pytest.mark.parametrize(
    "code",
    [
        "nope",
        "../../etc/passwd",
        "upload~xyz~a.png",
        "upload~0123456789abcdef",
        "upload~0123456789ABCDEF~a.png",
        "set~../../etc~1",
        "set~cifar10-test~-1",
        "set~cifar10-train~1",
        "set~nowhere~1",
        "set~cifar10-test~" + "9" * 40,
        "sample~coins",
    ],
)
def test_pictures_that_are_none_are_refused(code: str) -> None:
    reading = EXPLORE.reading({"picture": code})
    assert len(reading.ignored) == 1
    assert reading.entries["sample"] == "astronaut"


@pytest.mark.parametrize(
    "code", ["~", "bayer-3", "bayer-" + "4" * 50, "<b>", "11_3", "9" * 7000, "random-4\0", "🙂"]
)
def test_kernels_that_are_none_are_refused(code: str) -> None:
    reading = EXPLORE.reading({"kernel": code})
    assert len(reading.ignored) == 1
    assert reading.entries["published"] == "2x2-v2"
