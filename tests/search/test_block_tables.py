"""Tables against the published check values, plain enumeration, and direct counts on maps."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from design_core import scores
from design_core.kernels.kernel import OMEGA, ThresholdKernel, binarize
from design_core.scaling import Scale
from design_core.search.block_tables import (
    PATTERNS,
    _blocks_of,
    estimate_tables,
    random_convolution_blocks,
    random_convolution_tables,
)
from design_core.search.objectives import Objective, local_score


def bits_of(codes: np.ndarray, width: int) -> np.ndarray:
    """Whole numbers as rows of ±1."""
    return 2 * (codes[:, None] >> np.arange(width) & 1) - 1


def test_check_values_of_the_signed_model() -> None:
    horizontal = random_convolution_tables().horizontal()
    assert (horizontal[:2] == 0.5).all()
    assert (horizontal[:, :2] == 0.5).all()
    for a, b, value in ((3, 3, 0.378876), (3, 5, 0.298126), (5, 5, 0.163544), (9, 9, 0.003899)):
        assert horizontal[OMEGA.index(a), OMEGA.index(b)] == pytest.approx(value, abs=5e-7)


def test_check_values_after_relu() -> None:
    signed = random_convolution_tables().horizontal()
    relu = random_convolution_tables(form="relu").horizontal()
    assert relu[0, 0] == 0
    assert relu[0, 2] == pytest.approx(0.746094, abs=5e-7)
    assert relu[0, 5] == pytest.approx(0.998047, abs=5e-7)
    assert (relu[1] == 0.5).all()
    assert (relu[1:, 1:] == signed[1:, 1:]).all()


def test_pair_tables_equal_the_enumeration_of_all_patches_and_kernels() -> None:
    patches = bits_of(np.arange(2**12), 12).reshape(-1, 3, 4)
    kernels = bits_of(np.arange(2**9), 9)
    left = patches[:, :, :3].reshape(-1, 9) @ kernels.T
    right = patches[:, :, 1:].reshape(-1, 9) @ kernels.T
    expected = np.array([[((left >= a) != (right >= b)).mean() for b in OMEGA] for a in OMEGA])
    tables = random_convolution_tables()
    assert (tables.horizontal() == expected).all()
    assert (tables.vertical() == expected).all()  # by the symmetry of the model


@pytest.mark.parametrize("code", [0, 0b101_110_001, 0b011_010_110])
def test_block_counts_equal_the_enumeration_of_all_pictures(code: int) -> None:
    kernel = np.array([code >> bit & 1 for bit in range(9)]).reshape(3, 3)
    pictures = bits_of(np.arange(2**16), 16).reshape(-1, 4, 4)
    counts = np.zeros((10,) * 4, dtype=int)
    values = [
        (pictures[:, i : i + 3, j : j + 3] * (2 * kernel - 1)).sum(axis=(1, 2))
        for i, j in itertools.product((0, 1), repeat=2)
    ]
    np.add.at(counts, tuple((value + 9) // 2 for value in values), 1)
    assert (_blocks_of(kernel) == counts).all()


def test_blocks_are_counted_once_for_every_picture_and_kernel() -> None:
    blocks = random_convolution_blocks()
    assert blocks.sum() == 2**25
    assert (blocks == blocks.transpose(0, 2, 1, 3)).all()
    assert (blocks == blocks.transpose(1, 0, 3, 2)).all()


def test_neighbours_of_a_random_convolution_are_exactly_independent() -> None:
    for form in ("signed", "relu"):
        tables = random_convolution_tables(form=form)
        assert (tables.horizontal() == tables.independent().horizontal()).all()
    # Blocks of four are not: that is where information can differ.
    tables = random_convolution_tables()
    assert np.abs(tables.patterns / tables.total - tables.independent().patterns).max() > 0.004


@pytest.mark.parametrize("form", ["signed", "relu", "reconstruction"])
def test_patterns_are_a_distribution_with_the_densities_as_margins(form: str) -> None:
    for tables in (random_convolution_tables(form=form), _estimated(form)):
        assert (tables.patterns.sum(axis=-1) == tables.total).all()
        fires = tables.patterns @ PATTERNS[:, 0] / tables.total
        if tables.source.startswith("random"):
            assert fires[:, 0, 0, 0] == pytest.approx(tables.density, abs=1e-15)


def _estimated(form: str = "signed", **keywords: object) -> object:
    x = np.random.default_rng(3).normal(size=(2, 9, 8)).astype(np.float32)
    return estimate_tables([x], form=form, **keywords)


def test_density_and_moments_on_maps_are_those_of_all_pixels() -> None:
    x = np.random.default_rng(5).normal(size=(3, 7, 6)).astype(np.float32)
    scale = Scale("lloyd-max", strength=-0.7, offset=0.2)  # descending thresholds
    tables = estimate_tables([x], scale=scale)
    thresholds = scale.thresholds(OMEGA).astype(np.float32)
    wide = x.astype(np.float64)
    for level, threshold in enumerate(thresholds):
        assert tables.density[level] == pytest.approx((x >= threshold).mean(), abs=1e-12)
        partial = (wide * (x >= threshold)).mean()
        assert tables.partial_mean[level] == pytest.approx(partial, abs=1e-12)
    assert (tables.mean, tables.variance) == pytest.approx((wide.mean(), wide.var()))


@pytest.mark.parametrize("scale", [Scale(), Scale("lloyd-max", strength=-1.0), Scale(strength=0)])
@pytest.mark.parametrize("shape", [(2, 2), (3, 2), (1, 3)])
def test_scores_from_tables_are_the_mean_over_all_phases_of_the_tiling(
    scale: Scale, shape: tuple[int, int]
) -> None:
    random = np.random.default_rng(7)
    x = random.normal(size=(8, 9)).astype(np.float32)
    kernel = ThresholdKernel(random.choice(OMEGA, shape), scale=scale)
    tables = estimate_tables([x], scale=scale)
    ranks = np.searchsorted(OMEGA, kernel.levels[0])
    phases = [
        binarize(x, kernel.rolled(down, right)).astype(float)
        for down in range(shape[0])
        for right in range(shape[1])
    ]
    isotropic = np.mean([scores.total_variation(bits, "isotropic") for bits in phases])
    assert _score("tv-isotropic", tables, ranks) == pytest.approx(isotropic, abs=1e-9)
    dx = [np.abs(np.diff(bits, axis=1)) for bits in phases]
    dy = [np.abs(np.diff(bits, axis=0)) for bits in phases]
    # Pairs inside of the map are in two blocks, pairs on its border in one.
    per_block = np.mean([(d[:-1] + d[1:]).mean() / 2 for d in dx])
    per_block += np.mean([(d[:, :-1] + d[:, 1:]).mean() / 2 for d in dy])
    assert _score("tv", tables, ranks) == pytest.approx(per_block, abs=1e-12)


def test_reconstructions_are_scored_by_their_thresholds() -> None:
    random = np.random.default_rng(11)
    x = random.normal(size=(8, 9)).astype(np.float32)
    kernel = ThresholdKernel(random.choice(OMEGA, (2, 3)))
    tables = estimate_tables([x], form="reconstruction")
    ranks = np.searchsorted(OMEGA, kernel.levels[0])
    phases = []
    for down, right in itertools.product(range(2), range(3)):
        rolled = kernel.rolled(down, right)
        tiled = np.tile(rolled.thresholds[0].astype(np.float32), (4, 3)).astype(np.float64)
        phases.append(tiled * binarize(x, rolled))
    expected = np.mean([scores.total_variation(z, "isotropic") for z in phases])
    assert _score("tv-isotropic", tables, ranks) == pytest.approx(expected, abs=1e-9)


def _score(objective: str, tables: object, ranks: np.ndarray) -> float:
    return float(local_score(Objective.parse(objective), tables).scores(ranks))


def test_tables_of_several_maps_are_counted_together() -> None:
    random = np.random.default_rng(1)
    first, second = (random.normal(size=shape).astype(np.float32) for shape in ((5, 6), (7, 4)))
    both = estimate_tables([first, second])
    alone = [estimate_tables([x]) for x in (first, second)]
    assert (both.patterns == alone[0].patterns + alone[1].patterns).all()
    assert both.total == 4 * 5 + 6 * 3


def test_bad_input_is_named() -> None:
    x = np.zeros((4, 4), dtype=np.float32)
    with pytest.raises(ValueError, match="Unknown form 'sigmoid'"):
        estimate_tables([x], form="sigmoid")
    with pytest.raises(ValueError, match="at least 2×2 pixels"):
        estimate_tables([x[:1]])
    with pytest.raises(ValueError, match="NaN or infinity"):
        estimate_tables([x * np.float32(np.nan)])
    with pytest.raises(ValueError, match="at least one map"):
        estimate_tables([])
    with pytest.raises(ValueError, match="1 to 16 levels; got 17"):
        random_convolution_tables(range(17))
