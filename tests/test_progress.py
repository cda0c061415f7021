"""Fractions of parts, and the time that is left in words."""

from __future__ import annotations

import doctest

import pytest

from design_core import progress
from design_core.progress import part_of, time_left


def test_the_examples_are_true() -> None:
    assert doctest.testmod(progress).failed == 0


def test_parts_of_parts_keep_their_place() -> None:
    told: list[tuple[float | None, str]] = []
    half = part_of(lambda fraction, message: told.append((fraction, message)), 0.5, 1.0)
    part_of(half, 0.5, 1.0)(0.5, "there")
    half(None, "unknown")
    assert told == [(0.875, "there"), (None, "unknown")]


@pytest.mark.parametrize(
    ("fraction", "seconds", "words"),
    [
        (0.5, 8, ", about 8 s left"),
        (0.01, 5, ""),
        (1.0, 5, ""),
        (0.2, 60, ", about 4 min left"),
        (None, 5, ""),
    ],
)
def test_what_is_left(fraction: float | None, seconds: float, words: str) -> None:
    assert time_left(fraction, seconds) == words
