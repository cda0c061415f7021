"""Samples of kernels against whole landscapes, and the points of the plane."""

from __future__ import annotations

import numpy as np
import pytest

from design_core.search.block_tables import random_convolution_tables
from design_core.search.front import tv_information_front
from design_core.search.landscape import list_landscape
from design_core.search.objectives import Objective
from design_core.search.sampling import plane_points, sample_scores
from design_core.search.scorer import Scorer

TABLES = random_convolution_tables(form="relu")


@pytest.mark.parametrize("objective", ["tv", "information", "correlation"])
def test_a_sample_is_spread_like_the_landscape(objective: str) -> None:
    scorer = Scorer.of(Objective.parse(objective), TABLES)
    every = list_landscape(scorer, (2, 2)).scores()
    sample = sample_scores(scorer, (2, 2), count=20_000)
    assert sample.ordered.size == 20_000
    for score in np.quantile(every, [0.1, 0.5, 0.9]):
        share = np.mean(every < score - 1e-9)
        assert sample.share_below(score) == pytest.approx(share, abs=0.02)
    counts, edges = sample.histogram(50)
    assert counts.sum() == 20_000
    assert len(edges) == 51


def test_seeds_decide_the_sample() -> None:
    scorer = Scorer.of(Objective.parse("tv"), TABLES)
    same, again, other = (
        sample_scores(scorer, (8, 8), count=500, seed=seed).ordered for seed in (0, 0, 1)
    )
    assert (same == again).all()
    assert (same != other).any()


def test_points_of_the_plane_are_distinct_and_count_all_kernels() -> None:
    front = tv_information_front(TABLES)
    points = plane_points(front)
    assert points.count.sum() == 6**4
    pairs = set(zip(front.tv.tolist(), front.information.tolist(), strict=True))
    assert len(points.tv) == len(pairs)
    assert (points.tv == front.tv[points.place].astype(np.float32)).all()
