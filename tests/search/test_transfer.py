"""The transfer search against brute force and against what an earlier search stored."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from design_core.progress import StoppedError, no_progress
from design_core.search.block_tables import BlockTables, estimate_tables, random_convolution_tables
from design_core.search.landscape import list_landscape, row_pair_sums
from design_core.search.objectives import LocalScore, Objective
from design_core.search.row_steps import BlockSteps, PairSteps, row_steps
from design_core.search.scorer import Scorer
from design_core.search.symmetry import canonical, equivalences
from design_core.search.transfer import CertificateError, find_optimum, is_feasible
from design_core.search.walks import Walks

#: Found by the row-by-row transfer search that stood here before, which shares no code with this.
STORED = json.loads((Path(__file__).parent / "stored_optima.json").read_text())


def noise_tables() -> BlockTables:
    x = np.random.default_rng(0).normal(size=(30, 31)).astype(np.float32)
    x[1:] += 0.8 * x[:-1]  # rows hang together, so that H and V differ
    return estimate_tables([x])


def model(objective: str, form: str = "relu") -> Scorer:
    return Scorer.of(Objective.parse(objective), random_convolution_tables(form=form))


def noise(objective: str) -> Scorer:
    return Scorer.of(Objective.parse(objective), noise_tables())


def random_score(n_levels: int, seed: int, *, by_pairs: bool) -> LocalScore:
    """A table without any symmetry."""
    random = np.random.default_rng(seed)
    if not by_pairs:
        return LocalScore(random.integers(-40, 40, (n_levels,) * 4), 1)
    p, q, r, s = random.integers(-40, 40, (4, n_levels, n_levels))
    table = p[:, :, None, None] + q + r[:, None, :, None] + s[:, None, :]
    return LocalScore(table, 1)


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
        ((6, 1), (0, 3, 7, 9)),
    ],
)
def test_optimum_ties_and_order_equal_brute_force(
    source: object, objective: str, shape: tuple[int, int], levels: tuple[int, ...]
) -> None:
    scorer = source(objective).restricted(levels)
    listed = list_landscape(scorer, shape)
    found = find_optimum(scorer.local, shape, top=12)
    assert found.proven
    assert found.sums[0] == int(listed.sums.max())
    assert found.ties == listed.ties(found.sums[0])
    by_listing = [int(scorer.sums(kernel)) for kernel in listed.best(12)]
    assert np.abs(np.array(found.sums) - by_listing).max() <= scorer.tolerance
    permutations = equivalences(scorer.local, shape)
    names = canonical(np.array(found.kernels).reshape(len(found.kernels), -1), permutations)
    assert len(np.unique(names, axis=0)) == len(found.kernels)
    worst = find_optimum(scorer.local.negated(), shape)
    assert -worst.sums[0] == int(listed.sums.min())


@pytest.mark.parametrize("objective", ["tv", "tv-isotropic", "information"])
@pytest.mark.parametrize("source", [model, noise])
def test_3x3_on_all_levels_equals_enumeration(source: object, objective: str) -> None:
    scorer = source(objective)
    listed = list_landscape(scorer, (3, 3))
    found = find_optimum(scorer.local, (3, 3), top=5)
    assert found.sums[0] == int(listed.sums.max())
    assert found.ties == listed.ties(found.sums[0])
    assert -find_optimum(scorer.local.negated(), (3, 3)).sums[0] == int(listed.sums.min())


@pytest.mark.parametrize("by_pairs", [True, False])
@pytest.mark.parametrize(
    ("n_levels", "shape"), [(3, (3, 3)), (2, (4, 4)), (2, (5, 3)), (4, (3, 2))]
)
def test_tables_without_symmetry_equal_brute_force(
    n_levels: int, shape: tuple[int, int], by_pairs: bool
) -> None:
    for seed in range(3):
        score = random_score(n_levels, seed, by_pairs=by_pairs)
        codes = np.indices((n_levels,) * (shape[0] * shape[1])).reshape(shape[0] * shape[1], -1)
        sums = score.sums(codes.T.reshape(-1, *shape))
        found = find_optimum(score, shape, top=8)
        assert found.sums[0] == sums.max()
        assert found.ties == np.count_nonzero(sums == sums.max())
        assert list(found.sums) == sorted(found.sums, reverse=True)
        assert find_optimum(score.negated(), shape).sums[0] == -sums.min()


@pytest.mark.parametrize(
    "case", STORED, ids=lambda case: "{size}-{source}-{objective}".format(**case)
)
def test_optima_of_the_earlier_search_are_found_again(case: dict) -> None:
    source = {"noise": noise}.get(case["source"])
    scorer = source(case["objective"]) if source else model(case["objective"], case["source"])
    size = (case["size"], case["size"])
    found = find_optimum(scorer.local, size, top=len(case["scores"]))
    scores = np.array(found.sums) * scorer.unit(size)
    assert scores == pytest.approx(case["scores"], abs=1e-9)
    assert found.ties == case["ties"]
    assert scorer.scores(np.array(case["kernels"])) == pytest.approx(scores, abs=1e-9)
    worst = find_optimum(scorer.local.negated(), size, count_ties=False)
    assert -worst.sums[0] * scorer.unit(size) == pytest.approx(case["worst"], abs=1e-9)


def test_6x6_after_relu_is_the_checkerboard() -> None:
    scorer = model("tv")
    found = find_optimum(scorer.local, (6, 6))
    assert found.sums[0] * scorer.unit((6, 6)) == pytest.approx(1.996094, abs=5e-7)
    assert found.kernels[0].tolist() == np.tile([[0, 5], [5, 0]], (3, 3)).tolist()
    assert found.ties == 2


def test_ties_beyond_64_bits_are_counted_exactly() -> None:
    """All kernels tie where all terms are equal."""
    score = LocalScore(np.full((3,) * 4, 7), 1)
    assert find_optimum(score, (6, 7)).ties == 3**42 > 2**64
    other = LocalScore(np.random.default_rng(0).integers(0, 2, (2,) * 4), 1)
    assert find_optimum(other, (3, 60)).ties == walks_by_matrix(other, 60, 3)


def walks_by_matrix(score: LocalScore, n_rows: int, width: int) -> int:
    """Best closed walks counted by powers of the transfer matrix over (max, +), in whole Python."""
    steps = row_pair_sums(score, width, n_rows=n_rows).astype(np.int64)
    best, ways = steps.copy(), np.ones(steps.shape, dtype=object)
    for _ in range(n_rows - 1):
        candidates = best[:, :, None] + steps
        top = candidates.max(axis=1)
        ways = ((candidates == top[:, None]) * ways[:, :, None]).sum(axis=1)
        best = top
    closed = best.diagonal()
    return int(ways.diagonal()[closed == closed.max()].sum())


@pytest.mark.parametrize("by_pairs", [True, False])
def test_a_step_is_the_best_over_all_rows_above(by_pairs: bool) -> None:
    score = random_score(3, 5, by_pairs=by_pairs)
    steps = row_steps(score, (4, 3))
    assert isinstance(steps, PairSteps if by_pairs else BlockSteps)
    front = steps.begin(steps.rows[: steps.lanes])
    table = np.stack([steps.weights_to(row) for row in steps.rows], axis=1)
    assert (front.best == table[: steps.lanes].T).all()
    before = front.best.copy()
    after = steps.advance(front).best
    assert (after == (before[:, None] + table[:, :, None]).max(axis=0)).all()


def test_what_is_feasible_and_what_is_refused() -> None:
    assert is_feasible(model("tv").local, (7, 7))
    assert is_feasible(noise("tv").local, (6, 6))
    assert is_feasible(noise("information").local, (5, 5))
    assert is_feasible(model("tv").local, (4, 64))
    assert is_feasible(model("tv").local, (64, 4))
    assert not is_feasible(model("information").local, (7, 7))
    assert not is_feasible(model("tv").local, (8, 8))
    with pytest.raises(ValueError, match="would take too long"):
        find_optimum(model("tv").local, (8, 8))
    with pytest.raises(ValueError, match="would take too long"):
        find_optimum(model("tv").local, (1, 1))


def test_whatever_else_progress_raises_is_passed_on() -> None:
    class OtherError(Exception):
        pass

    def fail(_fraction: float | None, _message: str) -> None:
        raise OtherError

    with pytest.raises(OtherError):
        find_optimum(model("tv").local, (4, 4), progress=fail)


def test_a_search_that_is_stopped_gives_the_best_so_far() -> None:
    told: list[float | None] = []

    def stop(fraction: float | None, _message: str) -> None:
        told.append(fraction)
        raise StoppedError

    scorer = noise("tv")
    whole = find_optimum(scorer.local, (4, 4))
    found = find_optimum(scorer.local, (4, 4), top=3, progress=stop)
    assert len(told) == 1
    assert not found.proven
    assert found.ties is None
    assert 0 < found.sums[0] <= whole.sums[0]
    assert found.sums[0] == int(scorer.sums(found.kernels[0]))


def test_progress_runs_from_nothing_to_all() -> None:
    told: list[float] = []
    find_optimum(model("tv", "signed").local, (4, 4), progress=lambda f, _: told.append(f))
    assert told == sorted(told)
    assert 0 < told[0] < 0.1
    assert told[-1] == pytest.approx(1)


def test_kernels_come_in_order_above_the_floor() -> None:
    scorer = model("tv").restricted((0, 3, 9))
    walks = Walks(scorer.local, (3, 3))
    largest = walks.largest(no_progress)
    floor = int(np.quantile(list_landscape(scorer, (3, 3)).sums, 0.97))
    permutations = equivalences(scorer.local, (3, 3))
    seen = [traced.ranks.ravel() for traced in walks.in_order(largest, lambda: floor)]
    ranks = list_landscape(scorer, (3, 3)).ranks(np.arange(3**9))
    wanted = ranks[scorer.sums(ranks) > floor].reshape(-1, 9)
    classes = np.unique(canonical(wanted, permutations), axis=0)
    assert np.array_equal(np.unique(canonical(np.array(seen), permutations), axis=0), classes)


def test_a_wrong_table_cannot_pass_the_certificate(monkeypatch: pytest.MonkeyPatch) -> None:
    score = model("tv").local.restricted(np.array([0, 2]))
    honest = LocalScore.sums
    monkeypatch.setattr(LocalScore, "sums", lambda self, ranks: honest(self, ranks) - 1)
    with pytest.raises(CertificateError, match="should be equal"):
        find_optimum(score, (3, 3))
