"""Notations: the same kernel in whatever way it was pasted, and nothing opened for it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from design_core.kernels.kernel import ThresholdKernel
from design_core.kernels.notation import is_numbers, read_numbers
from design_core.kernels.published import PUBLISHED
from design_core.kernels.spec import parse_kernel

ONE_SLICE = np.array([[1, 1], [3, 3]])
TWO_SLICES = PUBLISHED["2x2-complement-v1"].levels


@pytest.mark.parametrize(
    "text",
    [
        *("1 1;3 3", "1,1;3,3", " 1 1 ; 3 3 ; ", "1 1\n3 3", "1 1;\n3 3;\n"),
        *("[1 1; 3 3]", "[1,1;3,3]", "[1 1\n 3 3]", "kernel = [1 1; 3 3];", "{1 1; 3 3}"),
        *('--kernel "[1 1; 3 3]"', "--kernel=1,1;3,3", "'1 1;3 3'", "K = [1 1; ...\n 3 3];"),
        *("% a kernel\n[1 1; 3 3]", "# a kernel\nk = [[1, 1], [3, 3]]"),
        *("[[1, 1], [3, 3]]", "[[1 1]\n [3 3]]", "{{1, 1}, {3, 3}}", "((1, 1), (3, 3))"),
        *("[[[1, 1], [3, 3]]]", "k = np.array([[1, 1],\n [3, 3]], dtype=int)"),
        *(repr(ONE_SLICE), str(ONE_SLICE), str(ONE_SLICE.tolist())),
        *(repr(torch.tensor(ONE_SLICE)), repr(torch.tensor(ONE_SLICE, dtype=torch.float64))),
    ],
)
def test_one_slice_in_every_notation(text: str) -> None:
    assert is_numbers(text)
    assert parse_kernel(text) == ThresholdKernel.from_text(text) == PUBLISHED["2x2-v2"]


@pytest.mark.parametrize(
    "text",
    [
        *("1 1;0 3|7 7;9 5", "[1 1; 0 3] , [7 7; 9 5]", "[1 1; 0 3] | [7 7; 9 5]"),
        *("[[1 1; 0 3], [7 7; 9 5]]", "1 1\n0 3\n\n7 7\n9 5", "[[[1,1],[0,3]],[[7,7],[9,5]]]"),
        *(repr(TWO_SLICES), str(TWO_SLICES), repr(torch.tensor(TWO_SLICES))),
    ],
)
def test_two_slices_in_every_notation(text: str) -> None:
    assert parse_kernel(text) == PUBLISHED["2x2-complement-v1"]


def test_long_rows_that_were_broken_are_one_row() -> None:
    broad = np.arange(2 * 30).reshape(2, 30)
    assert "\n  " in str(broad)
    assert read_numbers(str(broad)) == [broad.tolist()]
    assert read_numbers(repr(broad)) == [broad.tolist()]


def test_the_minus_sign_of_every_typesetting() -> None:
    assert parse_kernel("−1 1; 3 −3").levels.tolist() == [[[-1, 1], [3, -3]]]
    assert parse_kernel("[−0.5, 1e−1]").thresholds.tolist() == [[[-0.5, 0.1]]]


@pytest.mark.parametrize(
    "text",
    [
        *("[[1, 1], [3, 3]", "]1[", "[[[[1]]]]", "1 [2] 3", "[1 1];3 3", "", "[]", "[[], []]"),
        *("1 1;;3 3", "e", "1 1;3 e", "--1", "open('x')", "1 1 # 3", "[1 1]x", "1/2 1"),
        *("50% 1;3 3", "1% 1", "K = 1 1;3 3 % mine"),
    ],
)
def test_what_is_no_notation_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"Levels are numbers|A kernel|Unknown kernel"):
        parse_kernel(text)


@given(st.text(alphabet="0123456789 .,;|[](){}-−+eE\n=anry", max_size=60))
def test_any_text_gives_numbers_or_a_value_error(text: str) -> None:
    try:
        numbers = read_numbers(text)
    except ValueError:
        return
    assert all(isinstance(cell, float) for rows in numbers for row in rows for cell in row)
