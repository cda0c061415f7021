"""The ablation, rebuilt from cards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from design_core.kernels.spec import parse_kernel
from design_core.statistics import mean_interval, paired_difference
from design_core.study.ablation import CELLS, FACTORS, ablation_cells, main_effects
from design_core.study.plan import plan
from design_core.study.queue import job_card
from design_core.zoo.card import Card
from tests.made_cards import made_card

SIGN = (0.50, 0.51, 0.52)


def cards() -> dict[str, Card]:
    """A card for every cell and for Sign, with accuracies drawn at random."""
    rng = np.random.default_rng(3)
    jobs = {job.name.removesuffix("-s0"): job for job in plan() if job.name.endswith("-s0")}
    made = {}
    for name in ("strategy-bnn-sign", *CELLS):
        shares: Sequence[float] = SIGN if name == "strategy-bnn-sign" else 0.5 + rng.random(3) / 20
        card = made_card("sign", True, dict(enumerate(map(float, shares))))
        made[name] = replace(card, name=job_card(jobs[name]))
    return made


def test_every_run_of_the_ablation_is_a_cell_and_every_cell_is_planned() -> None:
    planned = {job.name.rpartition("-s")[0] for job in plan()}
    assert {name for name in planned if name.startswith("ablation-")} <= set(CELLS) <= planned
    for kernel, factors in CELLS.values():
        assert tuple(factors) == FACTORS
        side = parse_kernel(kernel).shape[1]
        assert factors["size"] in ("1", str(side))


def test_cells_are_paired_with_sign() -> None:
    made = cards()
    found = ablation_cells(list(made.values()))
    assert len(found) == len(CELLS)
    for cell, name in zip(found, CELLS, strict=True):
        own = list(made[name].accuracies.values())
        assert cell.gain == paired_difference(own, SIGN)
        assert list(cell.by_seed.values()) == pytest.approx(np.subtract(own, SIGN))
    assert ablation_cells([made["ablation-bayer-2"]]) == []  # nothing to set it against


def test_main_effects_are_means_of_cells_with_intervals_over_seeds() -> None:
    found = ablation_cells(list(cards().values()))
    effects = {(one.factor, one.level): one for one in main_effects(found)}
    bayer = [
        cell
        for cell in found
        if cell.factors["pattern"] == "bayer" and cell.factors["strength"] == "1"
    ]
    means = np.mean([list(cell.by_seed.values()) for cell in bayer], axis=0)
    effect = effects["pattern", "bayer"]
    assert (effect.cells, len(bayer)) == (3, 3)
    assert effect.mean == pytest.approx(means.mean())
    assert effect.ci95 == pytest.approx(mean_interval(means))
    assert {level for factor, level in effects if factor == "strength"} == {"0.5", "1", "1.5"}
    assert effects["strength", "1"].cells == 2  # [1 1; 3 3] and Bayer 4×4, no kernel besides
    assert effects["scaling", "published"].cells == 1
    assert "mean of 3 kernels" in effect.sentence()
    assert main_effects(found[:1]) == []
