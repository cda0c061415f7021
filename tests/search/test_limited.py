"""Exact search under limits against enumeration."""

from __future__ import annotations

import numpy as np
import pytest

from design_core.progress import StoppedError
from design_core.search.block_tables import BlockTables, estimate_tables, random_convolution_tables
from design_core.search.constraints import Constraints
from design_core.search.find import find_kernels
from design_core.search.landscape import list_landscape
from design_core.search.large import by_ascent
from design_core.search.limited import Limit, best_within
from design_core.search.objectives import Objective
from design_core.search.scorer import Scorer


def noise_tables() -> BlockTables:
    x = np.random.default_rng(0).normal(size=(30, 31)).astype(np.float32)
    x[1:] += 0.8 * x[:-1]
    return estimate_tables([x])


TABLES = {
    "model": random_convolution_tables(form="relu"),
    "signed": random_convolution_tables(),
    "noise": noise_tables(),
}

LIMITS = {
    "low": Constraints(density=(0.05, 0.2)),
    "middle": Constraints(density=(0.35, 0.4)),
    "high": Constraints(density=(0.8, 1.0)),
    "narrow": Constraints(density=(0.3, 0.305)),
    "balance": Constraints(balance=1.2),
    "both": Constraints(density=(0.2, 0.5), balance=4.0),
    "few": Constraints(density=(0.2, 0.3), max_distinct=2),
    "symmetric": Constraints(symmetry="vertical", density=(0.1, 0.4)),
}


def _silent(_fraction: float | None, _message: str) -> None: ...


@pytest.mark.parametrize("objective", ["tv", "information"])
@pytest.mark.parametrize("source", TABLES)
@pytest.mark.parametrize(
    ("shape", "levels"), [((3, 3), (0, 1, 5, 9)), ((4, 3), (0, 3, 7)), ((2, 5), (0, 5, 9))]
)
def test_the_best_within_limits_equals_enumeration(
    shape: tuple[int, int], levels: tuple[int, ...], source: str, objective: str
) -> None:
    scorer = Scorer.of(Objective.parse(objective), TABLES[source]).restricted(levels)
    for name, limits in LIMITS.items():
        try:
            listed = list_landscape(scorer, shape, constraints=limits)
        except ValueError:
            continue
        best = float(listed.scores().max())
        found = by_ascent(scorer, shape, limits, 0, _silent)
        assert found.exact, name
        assert found.bound == pytest.approx(best, abs=1e-9), name
        assert float(scorer.scores(found.kernels[0])) == pytest.approx(best, abs=1e-9), name
        assert listed.admits(found.kernels[0]), name


def test_a_poor_start_is_improved_to_the_best() -> None:
    scorer = Scorer.of(Objective.parse("tv"), TABLES["noise"]).restricted((0, 3, 9))
    limit = Limit(scorer.density, 0.2, 0.3)
    listed = list_landscape(scorer, (4, 3), constraints=Constraints(density=(0.2, 0.3)))
    poor = listed.worst()[0]
    found = best_within(scorer.local, poor, [limit], lambda ranks: ranks)
    assert found.proven
    assert found.bound == pytest.approx(float(listed.scores().max()), abs=1e-9)


def test_a_search_that_is_stopped_keeps_what_it_has() -> None:
    scorer = Scorer.of(Objective.parse("tv"), TABLES["noise"]).restricted((0, 3, 9))
    known = list_landscape(scorer, (4, 3), constraints=Constraints(density=(0.2, 0.3))).worst()[0]

    def stop(_fraction: float | None, message: str) -> None:
        if message == "Branching":
            raise StoppedError

    limit = Limit(scorer.density, 0.2, 0.3)
    found = best_within(scorer.local, known, [limit], lambda ranks: ranks, progress=stop)
    assert not found.proven
    assert float(scorer.scores(found.ranks)) >= float(scorer.scores(known))
    best = find_kernels(
        TABLES["noise"], (4, 3), constraints=Constraints(density=(0.2, 0.3), levels=(0, 3, 9))
    )
    assert found.bound >= best.score - 1e-9


def test_a_density_is_met_exactly_beyond_listing() -> None:
    """4×4 on six levels: no random kernel within the limits is better than what is proven."""
    limits = Constraints(density=(0.3, 0.4))
    found = find_kernels(TABLES["model"], (4, 4), constraints=limits)
    assert (found.method, found.exact) == ("transfer", True)
    assert found.bound == found.score
    assert 0.3 <= found.best[0].density <= 0.4
    scorer = Scorer.of(Objective.parse("tv"), TABLES["model"])
    random = np.random.default_rng(1).integers(0, 6, (200_000, 4, 4))
    within = limits.admits(random.reshape(-1, 16), scorer.density, scorer.values)
    assert within.any()
    assert scorer.scores(random[within]).max() <= found.score
