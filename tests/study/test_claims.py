"""When a difference is claimed, and how its test is worded."""

from __future__ import annotations

import pytest

from design_core.statistics import paired_difference
from design_core.study.claims import corrected_words, is_shown

THREE = paired_difference([0.75, 0.76, 0.77], [0.74, 0.74, 0.75])


@pytest.mark.parametrize(("p", "shown"), [(0.0499, True), (0.05, False), (0.9, False)])
def test_five_percent_and_three_pairs_are_asked_for(p: float, shown: bool) -> None:
    assert is_shown(THREE, p) is shown
    assert not is_shown(paired_difference([0.75, 0.76], [0.74, 0.74]), p)


def test_a_corrected_test_is_told_with_all_that_it_rests_on() -> None:
    low, high = (100 * bound for bound in THREE.ci95)
    assert corrected_words(THREE, 0.031) == (
        f"+1.67 points (95 % interval {low:+.2f} to {high:+.2f}, 3 paired seeds, paired t test, "
        "p = 0.0310 by Holm)"
    )
    assert "p < 0.0001 by Holm" in corrected_words(THREE, 1e-6)
