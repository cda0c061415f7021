"""Batch norm's influence: a difference of differences, worked out by hand."""

from __future__ import annotations

import pytest
from made_cards import DESIGN_OFF, DESIGN_ON, SIGN_OFF, SIGN_ON, made_card

from design_core.statistics import paired_difference
from design_core.study.batch_norm import batch_norm_gains, gain_over


def test_difference_of_differences() -> None:
    (found,) = batch_norm_gains([SIGN_OFF, SIGN_ON, DESIGN_OFF, DESIGN_ON])
    assert found.activation == "design:2x2-v2"
    assert found.without is not None
    assert found.without.mean == pytest.approx((0.03 + 0.04 + 0.02) / 3)
    assert found.learned is not None
    assert found.learned.mean == pytest.approx((0.01 + 0.00) / 2)  # seeds 0 and 1 pair
    expected = paired_difference([0.03, 0.04], [0.01, 0.00])
    assert found.taken_over is not None
    assert found.taken_over.mean == pytest.approx(expected.mean)
    assert found.taken_over.ci95 == pytest.approx(expected.ci95)


def test_missing_cards_leave_gaps() -> None:
    (found,) = batch_norm_gains([SIGN_OFF, DESIGN_OFF])
    assert found.without is not None
    assert (found.learned, found.taken_over) == (None, None)
    (found,) = batch_norm_gains([SIGN_ON, DESIGN_OFF, DESIGN_ON])
    assert (found.without, found.taken_over) == (None, None)
    assert batch_norm_gains([SIGN_OFF, SIGN_ON]) == []
    assert batch_norm_gains([DESIGN_OFF]) == []


def test_seeds_that_do_not_pair_are_compared_by_their_means() -> None:
    gain = gain_over(made_card("sign", True, {0: 0.75}), made_card("relu", True, {1: 0.7, 2: 0.8}))
    assert gain.mean == pytest.approx(0.0)
    assert gain.difference is None
