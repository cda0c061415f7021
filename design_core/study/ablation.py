"""The ablation: what size, pattern, scaling and strength of a kernel change inside a network.

Every cell is a configuration of ``docs/strategies.md`` minus Sign of the same seeds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from design_core.statistics import Difference, Interval, compare_seeds, mean_interval
from design_core.study.number_words import signed_points
from design_core.study.strategies import configuration_cards
from design_core.zoo.card import Card

__all__ = ["CELLS", "FACTORS", "Cell", "MainEffect", "ablation_cells", "main_effects"]

_SIGN = "strategy-bnn-sign"

#: What the kernels are told apart by.
FACTORS = ("size", "pattern", "scaling", "strength")


def _grid() -> dict[str, tuple[str, Mapping[str, str]]]:
    """Configuration → kernel, and what it is by factor."""
    published = {"scaling": "published", "strength": "1"}
    cells: dict[str, tuple[str, Mapping[str, str]]] = {
        "strategy-bnn-uniform": ("uniform", {"size": "1", "pattern": "uniform", **published}),
        "strategy-bnn-design2d": ("2x2-v2", {"size": "2", "pattern": "striped", **published}),
        "ablation-hprof": ("hprof", {"size": "2", "pattern": "striped across", **published}),
        "ablation-checkerboard-2": (
            "checkerboard-2",
            {"size": "2", "pattern": "checkerboard", **published},
        ),
    }
    for pattern, sizes in {
        "bayer": ("2", "4", "8"),
        "random": ("2", "3", "4", "8"),
        "symmetric": ("2", "4", "8"),
    }.items():
        for size in sizes:
            kernel = f"{pattern}-{size}"
            factors = {"size": size, "pattern": pattern, **published}
            cells[f"ablation-{kernel}"] = kernel, factors
    for scaling in ("lloyd-max", "matlab", "quantile"):
        factors = {"size": "2", "pattern": "striped", "scaling": scaling, "strength": "1"}
        cells[f"ablation-2x2-v2-{scaling}"] = f"2x2-v2@{scaling}", factors
    for kernel, size, pattern in (("2x2-v2", "2", "striped"), ("bayer-4", "4", "bayer")):
        for strength in ("0.5", "1.5"):
            factors = {"size": size, "pattern": pattern, "scaling": "published"}
            cells[f"ablation-{kernel}-x{strength}"] = kernel, {**factors, "strength": strength}
    return cells


#: Kernel and factors by the name of the runs.
CELLS = _grid()


@dataclass(frozen=True)
class Cell:
    """One kernel in the network.

    Parameters
    ----------
    kernel
        As `parse_kernel` takes it; its strength is beside it.
    factors
        By the names of `FACTORS`.
    gain
        Over Sign, a share of the test pictures, by paired seeds; two at least.
    by_seed
        The same, each seed.
    """

    kernel: str
    factors: Mapping[str, str]
    gain: Difference
    by_seed: Mapping[int, float]


@dataclass(frozen=True)
class MainEffect:
    """The mean gain over all cells that share a level of a factor.

    Parameters
    ----------
    factor, level
        What they share.
    mean, ci95
        Over the seeds that all of them have; no interval for a single seed.
    cells
        How many.
    """

    factor: str
    level: str
    mean: float
    ci95: Interval | None
    cells: int

    def sentence(self) -> str:
        """The effect with its interval."""
        factor = self.factor.capitalize()
        told = f"{factor} {self.level}: {signed_points(self.mean)} points over Sign"
        if self.ci95 is None:
            return f"{told} (one seed)"
        low, high = (signed_points(bound) for bound in self.ci95)
        among = "one kernel" if self.cells == 1 else f"mean of {self.cells} kernels"
        return f"{told} (95 % interval {low} to {high}, {among})"


def ablation_cells(cards: Sequence[Card]) -> list[Cell]:
    """Every kernel of the ablation that two seeds or more set against Sign."""
    trained = configuration_cards(cards)
    sign = trained.get(_SIGN)
    found = []
    for name, (kernel, factors) in CELLS.items():
        card = trained.get(name)
        if card is None or sign is None:
            continue
        common = sorted(set(card.seeds) & set(sign.seeds))
        one, other = ({seed: c.accuracies[seed] for seed in common} for c in (card, sign))
        gain = compare_seeds(one, other)
        if gain is not None:
            by_seed = {seed: one[seed] - other[seed] for seed in common}
            found.append(Cell(kernel, factors, gain, by_seed))
    return found


def main_effects(cells: Sequence[Cell]) -> list[MainEffect]:
    """Of each level of each factor that more than one cell, and more than one level, tells of.

    Size and pattern are told of kernels at the published scaling and full strength; the other two
    of the kernels that are there at more than one of their levels.
    """
    found = []
    for factor in FACTORS:
        told = [cell for cell in cells if _tells(cell, factor, cells)]
        levels = {cell.factors[factor]: None for cell in sorted(told, key=_of_size)}
        if len(levels) < 2:
            continue
        for level in levels:
            group = [cell for cell in told if cell.factors[factor] == level]
            seeds = sorted(set.intersection(*(set(cell.by_seed) for cell in group)))
            means = [float(np.mean([cell.by_seed[seed] for cell in group])) for seed in seeds]
            if means:
                effect = float(np.mean(means))
                interval = mean_interval(means)
                found.append(MainEffect(factor, level, effect, interval, len(group)))
    return found


def _of_size(cell: Cell) -> int:
    return int(cell.factors["size"])


def _tells(cell: Cell, factor: str, cells: Sequence[Cell]) -> bool:
    """Whether a cell belongs to the comparison of a factor's levels."""
    plain = {"scaling": "published", "strength": "1"}
    if factor in plain:
        others = {name: value for name, value in cell.factors.items() if name != factor}
        alike = [
            one
            for one in cells
            if {name: value for name, value in one.factors.items() if name != factor} == others
        ]
        return len({one.factors[factor] for one in alike}) > 1
    return all(cell.factors[name] == value for name, value in plain.items())
