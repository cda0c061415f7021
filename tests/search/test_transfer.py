"""The transfer search against brute force on sizes and level sets that can be listed."""

from __future__ import annotations

import numpy as np
import pytest

from design_core.search.landscape import list_landscape
from design_core.search.objectives import LocalScore, Objective
from design_core.search.scorer import Scorer
from design_core.search.symmetry import canonical, equivalences
from design_core.search.tables import estimate_tables, random_convolution_tables
from design_core.search.transfer import density_bound, find_optimum, is_feasible


def model(objective: str, form: str = "relu") -> Scorer:
    return Scorer.of(Objective.parse(objective), random_convolution_tables(form=form))


def noise(objective: str) -> Scorer:
    x = np.random.default_rng(0).normal(size=(30, 31)).astype(np.float32)
    x[1:] += 0.8 * x[:-1]  # rows hang together, so that H and V differ
    return Scorer.of(Objective.parse(objective), estimate_tables([x]))


@pytest.mark.parametrize("source", [model, noise])
@pytest.mark.parametrize("objective", ["tv", "tv-isotropic", "information", "tv + information"])
@pytest.mark.parametrize(
    ("shape", "levels"),
    [
        ((4, 4), (1, 9)),  # 65,536 kernels
        ((4, 4), (0, 3)),
        ((4, 3), (0, 3, 7)),  # 531,441
        ((3, 4), (0, 3, 7)),
        ((3, 3), (0, 1, 5, 9)),
        ((2, 3), (0, 1, 3, 5, 7, 9)),
        ((3, 2), (0, 1, 3, 5, 7, 9)),
        ((2, 2), (0, 1, 3, 5, 7, 9)),
        ((5, 2), (0, 3, 7)),
    ],
)
def test_optimum_ties_and_order_equal_brute_force(
    source: object, objective: str, shape: tuple[int, int], levels: tuple[int, ...]
) -> None:
    scorer = source(objective).restricted(levels)
    listed = list_landscape(scorer, shape)
    found = find_optimum(scorer.local, shape, top=12)
    assert found.bound == found.sums[0] == int(listed.sums.max())
    assert found.ties == listed.ties(found.bound)
    by_listing = [int(scorer.sums(kernel)) for kernel in listed.best(12)]
    assert np.abs(np.array(found.sums) - by_listing).max() <= scorer.tolerance
    permutations = equivalences(scorer.local, shape)
    names = canonical(np.array(found.kernels).reshape(len(found.kernels), -1), permutations)
    assert len(np.unique(names, axis=0)) == len(found.kernels)
    worst = find_optimum(scorer.local.negated(), shape)
    assert -worst.sums[0] == int(listed.sums.min())


def test_ties_are_counted_where_they_are_many() -> None:
    scorer = model("tv", "signed").restricted((0, 1, 3))
    listed = list_landscape(scorer, (3, 4))
    found = find_optimum(scorer.local, (3, 4), top=3)
    assert found.ties == listed.ties(found.bound) > 10_000


def test_4x4_on_all_levels_is_no_worse_than_tiled_smaller_kernels() -> None:
    scorer = noise("tv")
    found = find_optimum(scorer.local, (4, 4), top=3)
    small = list_landscape(scorer, (2, 2)).best()[0]
    tiled = int(scorer.sums(np.tile(small, (2, 2))))
    assert found.sums[0] >= tiled
    random = np.random.default_rng(1).integers(0, 6, (20_000, 4, 4))
    assert found.bound >= int(scorer.sums(random).max())


def test_4x4_after_relu_is_the_checkerboard() -> None:
    scorer = model("tv")
    found = find_optimum(scorer.local, (4, 4))
    assert found.sums[0] * scorer.unit((4, 4)) == pytest.approx(1.996094, abs=5e-7)
    assert found.kernels[0].tolist() == np.tile([[0, 5], [5, 0]], (2, 2)).tolist()
    assert found.ties == 2


def test_a_search_that_is_too_large_is_refused() -> None:
    score = model("tv").local
    assert is_feasible(6, (4, 64))
    assert not is_feasible(6, (6, 6))
    with pytest.raises(ValueError, match="46,656 row states"):
        find_optimum(score, (6, 6))
    with pytest.raises(ValueError, match="at least two cells"):
        find_optimum(score, (1, 5))


def test_the_density_bound_lies_above_every_admissible_kernel() -> None:
    for limits in ((0.2, 0.3), (0.0, 0.05), (0.6, 1.0)):
        scorer = model("tv").restricted((0, 3, 9))
        listed = list_landscape(scorer, (3, 4))
        ranks = listed.ranks(np.arange(listed.size))
        density = scorer.density[ranks].mean(axis=(1, 2))
        good = (density >= limits[0]) & (density <= limits[1])
        best = listed.scores()[good].max()
        bound = density_bound(scorer.local, scorer.density, limits, (3, 4))
        assert best - 1e-9 <= bound <= best + 0.1


def test_an_exception_of_the_progress_callback_stops_the_search() -> None:
    class StoppedError(Exception):
        pass

    def stop(_fraction: float, _message: str) -> None:
        raise StoppedError

    with pytest.raises(StoppedError):
        find_optimum(model("tv").local, (4, 4), progress=stop)


def test_a_wrong_table_cannot_pass_the_certificate(monkeypatch: pytest.MonkeyPatch) -> None:
    from design_core.search import transfer

    score = model("tv").local.restricted(np.array([0, 2]))
    honest = LocalScore.sums
    monkeypatch.setattr(LocalScore, "sums", lambda self, ranks: honest(self, ranks) - 1)
    with pytest.raises(transfer.CertificateError, match="should be equal"):
        find_optimum(score, (3, 3))
