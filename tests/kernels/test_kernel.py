"""Threshold kernels: immutable values, their transforms, tiling and bits against plain loops."""

from __future__ import annotations

import copy
import json
import math
import pickle
from dataclasses import FrozenInstanceError

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from design_core.kernels.kernel import MAX_LEVEL, MAX_SIDE, OMEGA, ThresholdKernel, binarize, tile
from design_core.kernels.published import PUBLISHED
from design_core.scaling import Scale

SHAPES = hnp.array_shapes(min_dims=3, max_dims=3, max_side=4)
kernels = hnp.arrays(np.int64, SHAPES, elements=st.sampled_from(OMEGA)).map(ThresholdKernel)
scales = st.builds(
    Scale,
    st.sampled_from(["published", "lloyd-max", "matlab"]),
    st.floats(-100, 100),
    st.floats(-100, 100),
)
sizes = st.integers(1, 9)

TOP = [[1, 1], [0, 3]]


# What a kernel is.


def test_one_slice_may_come_as_a_matrix() -> None:
    kernel = ThresholdKernel(TOP)
    assert kernel.shape == (1, 2, 2)
    assert kernel.levels.dtype == np.int64
    assert kernel == ThresholdKernel([TOP])
    assert kernel.level_set == (0, 1, 3, 5, 7, 9)


def test_thresholds_are_the_scaled_levels() -> None:
    t0, t1, t3 = Scale().thresholds(OMEGA)[:3]
    assert ThresholdKernel(TOP).thresholds.tolist() == [[[t1, t1], [t0, t3]]]


def test_levels_cannot_be_written() -> None:
    source = np.array(TOP)
    kernel = ThresholdKernel(source)
    source[:] = 9
    assert kernel.levels.tolist() == [TOP]
    with pytest.raises(ValueError, match="read-only"):
        kernel.levels[0, 0, 0] = 9
    with pytest.raises(FrozenInstanceError):
        kernel.name = "other"  # type: ignore[misc]
    kernel.thresholds[:] = 0  # a copy
    assert kernel.thresholds.all()


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda k: pickle.loads(pickle.dumps(k))])
def test_copies_are_equal_and_read_only(copied: object) -> None:
    kernel = PUBLISHED["2x2-v1"].scaled(strength=0.5)
    other = copied(kernel)  # type: ignore[operator]
    assert other == kernel
    assert other.name == kernel.name
    assert not other.levels.flags.writeable


@given(kernels, kernels)
def test_equal_kernels_hash_alike(one: ThresholdKernel, other: ThresholdKernel) -> None:
    assert one == ThresholdKernel(one.levels.tolist(), name="named")
    assert hash(one) == hash(ThresholdKernel(one.levels.tolist(), name="named"))
    assert (one == other) == (one.levels.tolist() == other.levels.tolist())


def test_level_set_scale_and_shape_tell_kernels_apart() -> None:
    kernel = ThresholdKernel([[1, 3]])
    others = [
        ThresholdKernel([[1], [3]]),
        ThresholdKernel([[1, 3]], (1, 3)),
        kernel.scaled("lloyd-max"),
        kernel.scaled(offset=0.1),
        "1 3",
    ]
    assert all(kernel != other for other in others)


@pytest.mark.parametrize(
    ("levels", "message"),
    [
        ([], "rows and columns"),
        ([[]], "at least one entry"),
        ([1, 2], "got 1 dimensions"),
        ([[[[1]]]], "got 4 dimensions"),
        ([[1, 1], [3]], "rows of equal length"),
        ([[[1], [1]], [[1]]], "slices of equal shape"),
        ([["1", "3"]], "got entries of type <U1"),
        ([[None]], "entries of type object"),
        ([[10**400]], "entries of type object"),
        ([[1j]], "entries of type complex"),
        ({"a": 1}, "entries of type object"),
        ([[math.nan]], "NaN or infinity"),
        ([[math.inf]], "NaN or infinity"),
        ([[0.5]], "levels are integers"),
        ([[2.0**40]], "at most 2147483648"),
        ([[2]], r"level 2, which is not in its level set \(0, 1, 3, 5, 7, 9\)"),
        (np.zeros((65, 1)), r"at most 64 rows and columns and 1024 slices; got shape \(1, 65, 1\)"),
        (np.zeros((1, 1, 65)), "at most 64"),
        (np.zeros((1025, 1, 1)), "at most 64"),
    ],
)
def test_what_is_no_kernel(levels: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ThresholdKernel(levels)  # type: ignore[arg-type]


def test_the_largest_kernel_is_one() -> None:
    levels = np.zeros((MAX_SIDE, MAX_SIDE, MAX_SIDE))
    assert ThresholdKernel(levels).shape == (MAX_SIDE, MAX_SIDE, MAX_SIDE)


@pytest.mark.parametrize("level_set", [(1, 1.5), ("1",), None, 3, (1, MAX_LEVEL + 1), ([1],)])
def test_level_sets_are_integers(level_set: object) -> None:
    with pytest.raises(ValueError, match="level set"):
        ThresholdKernel([[1]], level_set)  # type: ignore[arg-type]


def test_a_scale_must_know_the_level_set() -> None:
    with pytest.raises(ValueError, match="use 'lloyd-max'"):
        ThresholdKernel([[0]], range(16))
    assert ThresholdKernel([[0]], range(16), Scale("lloyd-max")).shape == (1, 1, 1)


# Kernels of numbers and of text.


def test_whole_numbers_are_levels_of_omega_where_they_fit() -> None:
    kernel = ThresholdKernel.from_numbers(np.array(TOP, dtype=np.float32), name="mine")
    assert kernel == ThresholdKernel(TOP)
    assert kernel.name == "mine"


def test_other_whole_numbers_are_levels_of_their_own() -> None:
    ranks = ThresholdKernel.from_numbers([[4, 1], [2, 3]])
    assert (ranks.level_set, ranks.scale.name) == ((1, 2, 3, 4), "published")
    signed = ThresholdKernel.from_numbers([[-9, 9]])
    assert signed.thresholds.tolist() == [[[-2.3419342504151506, 2.3419342504151506]]]
    octets = ThresholdKernel.from_numbers([[0, 255]])
    assert (octets.level_set, octets.scale.name) == ((0, 255), "lloyd-max")


@given(hnp.arrays(np.float64, SHAPES, elements=st.floats(-1e6, 1e6)))
def test_thresholds_come_back_exactly(thresholds: np.ndarray) -> None:
    kernel = ThresholdKernel.from_thresholds(thresholds)
    np.testing.assert_array_equal(kernel.thresholds, thresholds)
    assert kernel.scale.name == "custom"
    assert kernel.level_set == tuple(range(np.unique(thresholds).size))
    order = np.argsort(thresholds, axis=None)
    assert (np.diff(kernel.levels.ravel()[order]) >= 0).all()


@given(kernels)
def test_text_gives_the_kernel_back(kernel: ThresholdKernel) -> None:
    assert ThresholdKernel.from_text(str(kernel)) == kernel


def test_text_is_read_with_spaces_or_commas() -> None:
    assert ThresholdKernel.from_text(" 1,1 ; 0, 3 ").levels.tolist() == [TOP]
    assert ThresholdKernel.from_text("0.5 1;2 3").scale.name == "custom"


@pytest.mark.parametrize(
    "text", ["", "a b", "1 1;0", "1 1||3 3", "1;;1", "nan", "1e999", "1 " * 65]
)
def test_text_that_is_no_kernel(text: str) -> None:
    with pytest.raises(ValueError, match=r"[Kk]ernel|Levels"):
        ThresholdKernel.from_text(text)


@given(kernels, scales)
def test_dictionaries_give_the_kernel_back(kernel: ThresholdKernel, scale: Scale) -> None:
    kernel = kernel.with_scale(scale).renamed("mine")
    back = ThresholdKernel.from_dict(json.loads(json.dumps(kernel.to_dict())))
    assert back == kernel
    assert back.name == "mine"


def test_dictionaries_need_only_levels() -> None:
    assert ThresholdKernel.from_dict({"levels": TOP}) == ThresholdKernel(TOP)


@pytest.mark.parametrize(
    "plain",
    [
        {},
        {"level": TOP},
        {"levels": TOP, "extra": 1},
        {"levels": None},
        {"levels": {"0": TOP}},
        {"levels": TOP, "level_set": [0.5]},
        {"levels": TOP, "level_set": 5},
        {"levels": TOP, "level_set": "013"},
        {"levels": TOP, "level_set": [math.inf]},
        {"levels": TOP, "scale": "published"},
        {"levels": TOP, "scale": {"strength": "x"}},
        {"levels": TOP, "name": "n" * 201},
    ],
)
def test_dictionaries_from_strangers_are_refused(plain: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"[Kk]ernel|scaling"):
        ThresholdKernel.from_dict(plain)


# Transforms.


def test_complement_swaps_levels_from_the_ends() -> None:
    assert ThresholdKernel([OMEGA]).complement().levels.tolist() == [[[9, 7, 5, 3, 1, 0]]]


def test_shifting_moves_one_step_up_the_cyclic_list() -> None:
    assert ThresholdKernel([OMEGA]).shifted().levels.tolist() == [[[1, 3, 5, 7, 9, 0]]]


@given(kernels, st.integers(-20, 20))
def test_transforms_undo_each_other(kernel: ThresholdKernel, n: int) -> None:
    assert kernel.complement().complement() == kernel
    assert kernel.shifted(n).shifted(-n) == kernel == kernel.shifted(6 * n)
    assert kernel.rolled(n, -n).rolled(-n, n) == kernel
    assert kernel.transposed().transposed() == kernel
    assert kernel.rotated(n).rotated(-n) == kernel
    assert kernel.flipped().flipped() == kernel
    assert kernel.flipped("vertical").flipped() == kernel.rotated(2)
    assert kernel.inverted().inverted() == kernel


def test_transforms_of_space() -> None:
    kernel = ThresholdKernel([[0, 1, 3], [5, 7, 9]])
    assert kernel.rolled(0, 1).levels.tolist() == [[[3, 0, 1], [9, 5, 7]]]
    assert kernel.rolled(1).levels.tolist() == [[[5, 7, 9], [0, 1, 3]]]
    assert kernel.transposed().levels.tolist() == [[[0, 5], [1, 7], [3, 9]]]
    assert kernel.rotated().levels.tolist() == [[[3, 9], [1, 7], [0, 5]]]
    assert kernel.flipped().levels.tolist() == [[[3, 1, 0], [9, 7, 5]]]
    assert kernel.flipped("vertical").levels.tolist() == [[[5, 7, 9], [0, 1, 3]]]
    with pytest.raises(ValueError, match="'horizontal' or 'vertical'; got 'diagonal'"):
        kernel.flipped("diagonal")


def test_transforms_keep_scale_and_level_set() -> None:
    kernel = ThresholdKernel([[1, 2]], (1, 2, 3, 4), Scale("lloyd-max", 0.5, 0.25), "mine")
    for other in (kernel.complement(), kernel.shifted(), kernel.rolled(1), kernel.transposed()):
        assert (other.level_set, other.scale) == (kernel.level_set, kernel.scale)
        assert not other.levels.flags.writeable
    assert kernel.complement().levels.tolist() == [[[4, 3]]]


def test_slices_are_stacked_and_shifted() -> None:
    kernel = ThresholdKernel(TOP)
    assert kernel.stacked(kernel, kernel).levels.tolist() == [TOP, TOP, TOP]
    assert kernel.stacked() == kernel == kernel.shifted_slices(1)
    assert kernel.shifted_slices(2) == kernel.stacked(kernel.shifted())
    with pytest.raises(ValueError, match="at least one slice; got 0"):
        kernel.shifted_slices(0)
    with pytest.raises(ValueError, match="share rows, columns and level set"):
        kernel.stacked(ThresholdKernel([[1]]))
    with pytest.raises(ValueError, match="share rows, columns and level set"):
        kernel.stacked(ThresholdKernel(TOP, (0, 1, 3)))


def test_scaling_changes_what_is_named_only() -> None:
    kernel = ThresholdKernel(TOP).scaled("lloyd-max", strength=0.5, offset=-0.25)
    assert kernel.scaled().scale == Scale("lloyd-max", 0.5, -0.25)
    assert kernel.scaled("matlab").scale == Scale("matlab", 0.5, -0.25)
    assert kernel.scaled(offset=1).scale == Scale("lloyd-max", 0.5, 1)
    custom = ThresholdKernel.from_thresholds([[0.5, 1]])
    assert custom.scaled(strength=2).thresholds.tolist() == [[[1.0, 2.0]]]
    assert custom.scaled("lloyd-max").scale.values is None
    with pytest.raises(ValueError, match="needs its own values"):
        kernel.scaled("custom")


@given(kernels, scales)
def test_inversion_negates_every_threshold(kernel: ThresholdKernel, scale: Scale) -> None:
    kernel = kernel.with_scale(scale)
    np.testing.assert_array_equal(kernel.inverted().thresholds, -kernel.thresholds)


# Tiling and bits.


def tiled_by_loops(thresholds: np.ndarray, channels: int, height: int, width: int) -> np.ndarray:
    s, d1, d2 = thresholds.shape
    return np.array(
        [
            [[thresholds[c % s, i % d1, j % d2] for j in range(width)] for i in range(height)]
            for c in range(channels)
        ]
    )


@given(kernels, sizes, sizes, sizes)
def test_tiling_repeats_from_the_corner_and_is_cropped(
    kernel: ThresholdKernel, channels: int, height: int, width: int
) -> None:
    expected = tiled_by_loops(kernel.levels, channels, height, width)
    np.testing.assert_array_equal(tile(kernel.levels, channels, height, width), expected)
    of_torch = tile(torch.tensor(kernel.levels), channels, height, width)
    np.testing.assert_array_equal(of_torch.numpy(), expected)


@given(kernels, sizes, sizes, sizes, st.sampled_from([np.float16, np.float32, np.float64]))
def test_bits_are_x_not_below_its_threshold(
    kernel: ThresholdKernel, channels: int, height: int, width: int, dtype: type
) -> None:
    generator = np.random.default_rng(0)
    thresholds = tiled_by_loops(
        kernel.thresholds.astype(np.float32).astype(dtype), channels, height, width
    )
    # Half of all pixels lie on their threshold.
    noise = generator.choice([0, 0, -1, 1], thresholds.shape)
    x = (thresholds + noise).astype(dtype)
    bits = binarize(x, kernel)
    assert bits.dtype == bool
    np.testing.assert_array_equal(bits, noise >= 0)


def test_bits_of_batches_and_of_single_maps() -> None:
    kernel = PUBLISHED["2x2x4-shifted-v1"]
    x = np.random.default_rng(0).standard_normal((2, 3, 6, 5, 7)).astype(np.float32)
    bits = binarize(x, kernel)
    for batch in np.ndindex(2, 3):
        np.testing.assert_array_equal(bits[batch], binarize(x[batch], kernel))
    np.testing.assert_array_equal(binarize(x[0, 0, 0], kernel), bits[0, 0, 0])


def test_infinity_gives_its_sign_and_nan_is_refused() -> None:
    x = np.array([[1.0, math.inf, -math.inf]])
    assert binarize(x, ThresholdKernel([[1]])).tolist() == [[True, True, False]]
    x[0, 0] = math.nan
    with pytest.raises(ValueError, match="1 of 3 values before a cut are NaN"):
        binarize(x, ThresholdKernel([[1]]))
    assert binarize(np.zeros((0, 2)), ThresholdKernel([[1]])).shape == (0, 2)


@pytest.mark.parametrize("x", [np.zeros((2, 2), int), np.zeros(4), np.zeros((2, 2), complex)])
def test_bits_need_maps_of_real_numbers(x: np.ndarray) -> None:
    with pytest.raises(ValueError, match="floating-point maps"):
        binarize(x, ThresholdKernel([[1]]))


def test_strength_zero_makes_every_kernel_plain_sign() -> None:
    x = np.array([[-1.0, -0.0, 0.0, 1e-30]])
    for kernel in PUBLISHED.values():
        bits = binarize(np.tile(x, (4, 3, 1)), kernel.scaled(strength=0))
        np.testing.assert_array_equal(bits, np.tile([False, True, True, True], (4, 3, 1)))


def test_a_channel_is_cut_by_its_slice_alone() -> None:
    kernel = ThresholdKernel([[[1, 3]], [[5, 7]], [[9, 0]]])
    x = np.random.default_rng(3).normal(size=(7, 4, 5)).astype(np.float32)
    whole = binarize(x, kernel)
    for channel in range(7):
        own = kernel.for_channel(channel)
        assert own.shape == (1, 1, 2)
        assert np.array_equal(binarize(x[channel], own), whole[channel])
