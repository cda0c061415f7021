"""Specifications and link codes: what they mean, and that nothing else gets through."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from design_core.kernels.files import FORMATS, KernelFileError, write_kernel
from design_core.kernels.kernel import OMEGA, ThresholdKernel
from design_core.kernels.patterns import PATTERNS, bayer, blue_noise
from design_core.kernels.published import PUBLISHED
from design_core.kernels.spec import (
    MAX_CODE,
    decode_kernel,
    encode_kernel,
    kernel_words,
    open_kernel,
    parse_kernel,
    rescaled,
)
from design_core.scaling import Scale

SHAPES = hnp.array_shapes(min_dims=3, max_dims=3, max_side=4)
numbers = st.floats(-1e6, 1e6)


@st.composite
def any_kernel(draw: st.DrawFn) -> ThresholdKernel:
    """Any small kernel: level sets of any integers, every kind of scale."""
    level_set = draw(st.just(OMEGA) | st.lists(st.integers(-300, 300), min_size=1, max_size=5))
    levels = draw(hnp.arrays(np.int64, SHAPES, elements=st.sampled_from(sorted(level_set))))
    strength, offset = draw(numbers), draw(numbers)
    if draw(st.booleans()):
        scale = Scale("lloyd-max", strength, offset)
    else:
        count = len(set(level_set))
        values = draw(st.lists(numbers, min_size=count, max_size=count))
        scale = Scale(draw(st.sampled_from(["data", "custom"])), strength, offset, tuple(values))
    return ThresholdKernel(levels, level_set, scale)


# Specifications.


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_names(name: str) -> None:
    assert parse_kernel(f" {name} ") is PUBLISHED[name]


@pytest.mark.parametrize("name", PATTERNS)
def test_patterns_with_and_without_size(name: str) -> None:
    assert parse_kernel(name) == PATTERNS[name]()
    for size in PATTERNS[name].sizes:
        assert parse_kernel(f"{name}-{size}") == PATTERNS[name](size)
        assert parse_kernel(f"{name}-{size}").name == f"{name}-{size}"


@pytest.mark.parametrize("text", ["bayer-3", "bayer-0", "checkerboard-99", "symmetric-1"])
def test_sizes_that_a_pattern_does_not_come_in(text: str) -> None:
    with pytest.raises(ValueError, match="comes in sizes"):
        parse_kernel(text)


@given(hnp.arrays(np.int64, SHAPES, elements=st.sampled_from(OMEGA)))
def test_levels_come_back_from_their_text(levels: np.ndarray) -> None:
    kernel = ThresholdKernel(levels)
    assert parse_kernel(str(kernel)) == kernel


def test_levels_and_thresholds_as_text() -> None:
    assert parse_kernel("1 1;3 3") == PUBLISHED["2x2-v2"]
    assert parse_kernel("1,1; 3,3 | 7 7;5 5") == PUBLISHED["2x2-complement-v2"]
    assert parse_kernel("5").levels.tolist() == [[[5]]]
    assert parse_kernel("-9 9").level_set == (-9, 9)
    assert parse_kernel("0.25 1e-1").thresholds.tolist() == [[[0.25, 0.1]]]


def test_levels_that_are_no_kernel() -> None:
    with pytest.raises(ValueError, match="rows of equal length"):
        parse_kernel("1 1;3")
    with pytest.raises(ValueError, match="as in '1 1;3 3'; got '1 - 1'"):
        parse_kernel("1 - 1")


@pytest.mark.parametrize("form", FORMATS)
def test_files(form: str, tmp_path: Path) -> None:
    path = tmp_path / f"my kernel.{form}"
    path.write_bytes(write_kernel(PUBLISHED["2x2-v1"], form))
    assert open_kernel(f" {path} ") == PUBLISHED["2x2-v1"]
    with pytest.raises(KernelFileError, match="cannot be opened"):
        open_kernel(f"{path.with_name('none')}.{form}")


@pytest.mark.parametrize("text", ["", "magic", "2x2", "bayer-", "bayer-x", "1 1;3 a", "k.png", "²"])
def test_anything_else_lists_what_is_possible(text: str) -> None:
    with pytest.raises(ValueError, match="Unknown kernel") as caught:
        parse_kernel(text)
    for part in ("2x2-v2", "bayer-4", "blue-noise-8", "1 1;3 3", ".mat"):
        assert part in str(caught.value)


# Codes.


@given(any_kernel())
def test_codes_give_every_kernel_back(kernel: ThresholdKernel) -> None:
    code = encode_kernel(kernel)
    assert decode_kernel(code) == kernel
    assert quote(code, safe="") == code  # nothing in it needs escaping


@pytest.mark.parametrize("name", PUBLISHED)
@pytest.mark.parametrize(
    "scale",
    [Scale(), Scale("lloyd-max"), Scale("published", 0.5, -0.25), Scale("lloyd-max", 0, 1e-300)],
)
def test_published_kernels_are_their_own_code(name: str, scale: Scale) -> None:
    kernel = PUBLISHED[name].with_scale(scale)
    code = encode_kernel(kernel)
    assert code.split("~")[0] == name
    assert decode_kernel(code) == kernel
    assert decode_kernel(code).name == name


def test_codes_are_short() -> None:
    assert encode_kernel(PUBLISHED["2x2-v2"]) == "2x2-v2"
    assert encode_kernel(ThresholdKernel([[1, 0], [0, 3]])) == "10_03"
    assert encode_kernel(ThresholdKernel([[[1, 0]], [[3, 5]]])) == "10__35"
    assert encode_kernel(PATTERNS["symmetric"](2)) == "-7.3._7.-3.~-9.-7.-5.-3.-1.1.3.5.7.9"
    assert encode_kernel(ThresholdKernel([[5]]).scaled(strength=0.5)) == "5~~~0.5_0.0"
    assert len(encode_kernel(blue_noise(64))) < MAX_CODE


def test_ranks_of_many_levels_have_codes() -> None:
    kernel = bayer(16, level_set=range(256))
    assert decode_kernel(encode_kernel(kernel)) == kernel


def test_data_scales_keep_every_digit() -> None:
    kernel = PUBLISHED["2x2-v2"].with_scale(
        Scale("data", values=(0.1, 1 / 3, 1e-9, 2.0, 3.0, 123456.789))
    )
    assert decode_kernel(encode_kernel(kernel)).scale == kernel.scale


def test_kernels_too_large_for_a_link_are_refused() -> None:
    with pytest.raises(ValueError, match="too many for a link"):
        encode_kernel(ThresholdKernel(np.zeros((2, 64, 64))))


@pytest.mark.parametrize(
    "code",
    [
        "",
        "~",
        "2x2-v9",
        "11_3",
        "11__",
        "ab",
        "1.1",
        "..",
        "22",
        "11~1.a",
        "11~0.3",
        "11~~magic",
        "11~~custom",
        "11~~data~1_0~1_2",
        "11~~published~1",
        "11~~published~1_0_0",
        "11~~published~nan_0",
        "11~~published~1_1e999",
        "11~~published~1_0~1",
        "11~~~~~",
        "2x2-v2~0.1",
        "1" * 65,
        "_".join("1" * 65),
        "9" * (MAX_CODE + 1),
        "9" * MAX_CODE,
        "%31%31",
        "<script>",
        "\x00",
        "²",
        "/etc/passwd",
        "../kernel.json",
    ],
)
def test_hostile_codes(code: str) -> None:
    with pytest.raises(ValueError, match="code") as caught:
        decode_kernel(code)
    assert len(str(caught.value)) < 300


@given(st.text(max_size=30) | st.text("0123456789._~-e", max_size=30))
def test_any_text_gives_a_kernel_or_a_value_error(code: str) -> None:
    try:
        kernel = decode_kernel(code)
    except ValueError as error:
        assert re.search("code", str(error))  # noqa: PT017
    else:
        assert decode_kernel(encode_kernel(kernel)) == kernel


@pytest.mark.parametrize("text", ["bayer-2", "bayer-phases-4", "blue-noise-8", "random-4", "bayer"])
def test_at_quantiles_a_pattern_keeps_all_its_ranks(text: str) -> None:
    kernel = parse_kernel(f"{text}@quantile")
    rows, columns = kernel.shape[1:]
    for levels in kernel.levels:
        np.testing.assert_array_equal(np.sort(levels, axis=None), np.arange(rows * columns))
    assert kernel.scale == Scale("quantile")
    assert parse_kernel(kernel_words(kernel)) == kernel
    assert decode_kernel(encode_kernel(kernel)) == kernel


def test_other_kernels_at_quantiles_use_their_own_levels() -> None:
    kernel = parse_kernel("1 1;3 3@quantile")
    assert kernel.level_set == (1, 3)
    np.testing.assert_allclose(kernel.thresholds[0], [[-0.67449] * 2, [0.67449] * 2], atol=1e-5)


def test_any_scale_can_be_named_behind_a_kernel(tmp_path: Path) -> None:
    assert parse_kernel("2x2-v2@matlab") == PUBLISHED["2x2-v2"].scaled("matlab")
    file = tmp_path / "mine.csv"
    file.write_text("1,1\n3,3\n")
    assert open_kernel(f"{file}@lloyd-max") == PUBLISHED["2x2-v2"].scaled("lloyd-max")
    with pytest.raises(ValueError, match="no file is opened here"):
        parse_kernel(f"{file}@lloyd-max")  # a stranger's door opens no file


def test_checkerboards_have_no_ranks_to_keep() -> None:
    assert parse_kernel("checkerboard-4@quantile").level_set == (1, 3)
    with pytest.raises(ValueError, match="no ranks"):
        PATTERNS["checkerboard"].at_quantiles(4)


def test_rescaled_to_quantiles_and_back() -> None:
    for name in ("bayer-4", "blue-noise-8", "bayer-phases-2"):
        moved = parse_kernel(name).scaled(strength=0.5, offset=0.1)
        kernel = rescaled(moved, "quantile")
        ranked = parse_kernel(f"{name}@quantile").thresholds
        np.testing.assert_allclose(kernel.thresholds, 0.1 + 0.5 * ranked)
        assert rescaled(kernel, "quantile") == kernel
    odd = parse_kernel("1 1;3 9").renamed("bayer-2")  # a name alone makes no pattern
    assert rescaled(odd, "quantile").level_set == (1, 3, 9)
    assert rescaled(odd, "matlab") == odd.scaled("matlab")
