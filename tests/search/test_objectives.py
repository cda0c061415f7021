"""Objectives against closed forms and direct counts."""

from __future__ import annotations

import math

import numpy as np
import pytest

from design_core import scores
from design_core.kernels.kernel import ThresholdKernel, binarize
from design_core.search.block_tables import (
    PATTERNS,
    estimate_tables,
    random_convolution_tables,
)
from design_core.search.objectives import Objective, local_score
from design_core.search.row_steps import pair_terms
from design_core.search.scorer import Scorer, slice_places
from design_core.search.symmetry import REFLECTIONS, keeps


def test_objectives_are_read_as_written() -> None:
    objective = Objective.parse("tv + 0.5*information + -2*correlation")
    assert objective.weights == (("tv", 1.0), ("information", 0.5), ("correlation", -2.0))
    assert Objective.parse(str(objective)) == objective
    assert not objective.local
    assert Objective.parse("tv-isotropic").local


@pytest.mark.parametrize("text", ["", "edges", "tv + tv", "two*tv", "nan*tv"])
def test_bad_objectives_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="objective"):
        Objective.parse(text)


def test_tv_is_the_mean_of_both_pair_tables() -> None:
    tables = random_convolution_tables(form="relu")
    horizontal, vertical = tables.horizontal(), tables.vertical()
    ranks = np.random.default_rng(0).integers(0, 6, (20, 3, 4))
    expected = [
        np.mean(
            [
                horizontal[t[i, j], t[i, (j + 1) % 4]] + vertical[t[i, j], t[(i + 1) % 3, j]]
                for i in range(3)
                for j in range(4)
            ]
        )
        for t in ranks
    ]
    assert local_score(Objective.parse("tv"), tables).scores(ranks) == pytest.approx(expected)


def test_isotropic_tv_is_exact_in_multiples_of_one_and_root_two() -> None:
    tables = random_convolution_tables()
    score = local_score(Objective.parse("tv-isotropic"), tables)
    assert score.tolerance == 0
    # At level 0 the three bits are fair coins, pairwise independent; count them directly.
    cost = [math.hypot(a - b, a - c) for a, b, c, _ in PATTERNS.tolist()]
    expected = tables.patterns[0, 0, 0, 0] @ cost / tables.total
    assert float(score.scores(np.zeros((1, 1), dtype=int))) == pytest.approx(expected, abs=1e-9)


def test_information_of_independent_bits_is_their_entropy() -> None:
    tables = random_convolution_tables().independent()
    information = local_score(Objective.parse("information"), tables)
    for level, p in enumerate(tables.density):
        entropy = -p * math.log2(p) - (1 - p) * math.log2(1 - p)
        ranks = np.full((1, 1), level)
        assert float(information.scores(ranks)) == pytest.approx(entropy, abs=1e-9)


def test_information_of_the_model_agrees_with_random_draws() -> None:
    random = np.random.default_rng(2)
    pictures = 2 * random.integers(0, 2, (200_000, 4, 4), dtype=np.int8) - 1
    kernels = 2 * random.integers(0, 2, (200_000, 3, 3), dtype=np.int8) - 1
    x = np.stack(
        [
            np.stack(
                [(pictures[:, i : i + 3, j : j + 3] * kernels).sum(axis=(1, 2)) for j in (0, 1)], -1
            )
            for i in (0, 1)
        ],
        axis=-2,
    )
    levels = np.array([[1, 3], [5, 3]])
    entropies = []
    for down in range(2):
        for right in range(2):
            bits = (x >= np.roll(levels, (down, right), axis=(0, 1))).reshape(-1, 4)
            share = np.bincount(bits @ [8, 4, 2, 1], minlength=16) / len(bits)
            entropies.append(-(share[share > 0] * np.log2(share[share > 0])).sum() / 4)
    ranks = np.searchsorted((0, 1, 3, 5, 7, 9), levels)
    exact = local_score(Objective.parse("information"), random_convolution_tables()).scores(ranks)
    assert np.mean(entropies) == pytest.approx(float(exact), abs=0.002)


def test_information_on_maps_is_the_entropy_of_their_blocks() -> None:
    x = np.random.default_rng(4).normal(size=(40, 50)).astype(np.float32)
    for level in (0, 3):
        kernel = ThresholdKernel([[level]])
        counted = scores.block_entropy(binarize(x, kernel))
        tables = estimate_tables([x])
        ranks = np.full((1, 1), tables.levels.index(level))
        score = local_score(Objective.parse("information"), tables).scores(ranks)
        assert float(score) == pytest.approx(float(counted), abs=1e-9)


def test_correlation_is_that_of_the_bits_of_all_phases_with_x() -> None:
    x = np.random.default_rng(6).normal(size=(20, 30)).astype(np.float32)
    kernel = ThresholdKernel([[1, 5], [3, 0]])
    bits = [binarize(x, kernel.rolled(down, right)) for down in (0, 1) for right in (0, 1)]
    expected = np.corrcoef(np.concatenate(bits).ravel(), np.tile(x, (4, 1)).ravel())[0, 1]
    scorer = Scorer.of(Objective.parse("correlation"), estimate_tables([x]))
    ranks = np.searchsorted((0, 1, 3, 5, 7, 9), kernel.levels[0])
    assert float(scorer.scores(ranks)) == pytest.approx(expected, abs=1e-6)


def test_constant_bits_have_no_correlation() -> None:
    scorer = Scorer.of(Objective.parse("correlation"), random_convolution_tables(form="relu"))
    assert float(scorer.scores(np.zeros((2, 2), dtype=int))) == 0


def test_weighted_sums_are_the_sums_of_their_terms() -> None:
    tables = random_convolution_tables(form="relu")
    ranks = np.random.default_rng(8).integers(0, 6, (50, 3, 3))
    parts = {
        name: Scorer.of(Objective.parse(name), tables).scores(ranks)
        for name in ("tv", "information", "correlation")
    }
    mixed = Scorer.of(Objective.parse("tv + 0.5*information + -1*correlation"), tables)
    expected = parts["tv"] + 0.5 * parts["information"] - parts["correlation"]
    assert mixed.scores(ranks) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("rule", "n_slices"), [("shift", 4), ("complement", 2)])
@pytest.mark.parametrize("objective", ["tv", "tv-isotropic", "information"])
def test_scores_of_several_slices_are_means(rule: str, n_slices: int, objective: str) -> None:
    tables = random_convolution_tables(form="relu")
    kernel = ThresholdKernel([[1, 1], [0, 3]])
    whole = kernel.shifted_slices(4) if rule == "shift" else kernel.stacked(kernel.complement())
    ranks = np.searchsorted(tables.levels, whole.levels)
    places = slice_places(6, rule, n_slices)
    assert (places[:, ranks[0]] == ranks).all()
    plain = Scorer.of(Objective.parse(objective), tables)
    stacked = Scorer.of(Objective.parse(objective), tables, slices=places)
    expected = plain.scores(ranks).mean()
    assert float(stacked.scores(ranks[0])) == pytest.approx(expected, abs=1e-9)


def test_slices_need_a_rule_that_makes_them() -> None:
    for rule, n_slices in ((None, 2), ("complement", 3), ("mirror", 2), ("shift", 0)):
        with pytest.raises(ValueError, match="Slices follow by"):
            slice_places(6, rule, n_slices)


def test_the_correlation_of_reconstructions_is_refused() -> None:
    tables = random_convolution_tables(form="reconstruction")
    with pytest.raises(ValueError, match="choose the form signed or relu"):
        Scorer.of(Objective.parse("correlation"), tables)


@pytest.mark.parametrize("form", ["signed", "relu"])
@pytest.mark.parametrize("objective", ["tv", "tv-isotropic"])
def test_tiling_a_kernel_does_not_change_its_score(objective: str, form: str) -> None:
    """Up to the largest kernel there is: sums over 4,096 cells fit."""
    scorer = Scorer.of(Objective.parse(objective), random_convolution_tables(form=form))
    small = np.random.default_rng(9).integers(0, 6, (2, 2))
    expected = float(scorer.scores(small))
    for times in (4, 16, 32):
        tiled = np.tile(small, (times, times))
        assert float(scorer.scores(tiled)) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("form", ["signed", "relu", "reconstruction"])
def test_total_variation_is_a_sum_over_neighbours_even_when_rounded(form: str) -> None:
    x = np.random.default_rng(10).normal(size=(40, 50)).astype(np.float32)
    for tables in (estimate_tables([x], form=form), random_convolution_tables(form=form)):
        score = local_score(Objective.parse("tv"), tables)
        terms = pair_terms(score.table)
        assert terms is not None
        across, down = terms
        ranks = np.random.default_rng(11).integers(0, 6, (30, 3, 4))
        right, below = np.roll(ranks, -1, axis=2), np.roll(ranks, -1, axis=1)
        sums = (across[ranks, right] + down[ranks, below]).sum(axis=(1, 2))
        assert np.array_equal(sums, score.sums(ranks))
    information = local_score(Objective.parse("information"), random_convolution_tables())
    assert pair_terms(information.table) is None


def test_a_weight_alone_keeps_whole_numbers() -> None:
    tables = random_convolution_tables()
    ranks = np.random.default_rng(12).integers(0, 6, (20, 3, 3))
    plain = local_score(Objective.parse("tv"), tables)
    for weight in ("2", "-1", "0.1"):
        weighted = local_score(Objective.parse(f"{weight}*tv"), tables)
        assert weighted.tolerance == 0
        assert weighted.scores(ranks) == pytest.approx(float(weight) * plain.scores(ranks))


def test_a_term_of_each_cell_is_added_and_keeps_symmetries() -> None:
    score = local_score(Objective.parse("tv"), random_convolution_tables())
    term = np.random.default_rng(13).normal(size=6)
    priced = score.with_cell_term(term)
    ranks = np.random.default_rng(14).integers(0, 6, (20, 3, 4))
    expected = score.scores(ranks) + term[ranks].mean(axis=(1, 2))
    assert priced.scores(ranks) == pytest.approx(expected, abs=1e-9)
    for name, lay in REFLECTIONS.items():
        assert keeps(priced, lay) == keeps(score, lay), name
