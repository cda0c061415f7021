"""Networks that learn side by side, from the same seed, on the same batches: one step each in turn.

What differs is what their recipes say differently. After any step a `Snapshot` tells how far each
has come, for whoever watches; what it measures, it measures on the test set as it is at that step.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from design_core.networks import activation_maps
from design_core.networks.layers import BinaryLayer, binary_layers
from design_core.training.data import TrainingData
from design_core.training.distributed import Processes
from design_core.training.recipe import Recipe
from design_core.training.run import first_network
from design_core.training.snapshot import MAPS, WEIGHTS, Snapshot
from design_core.training.trainer import Metrics, Trainer

__all__ = ["Learner", "SideBySide"]


@dataclass(eq=False)
class Learner:
    """One network under way."""

    trainer: Trainer
    spec: Any
    losses: list[float] = field(default_factory=list)
    hits: list[float] = field(default_factory=list)
    tested: list[tuple[int, float]] = field(default_factory=list)
    flips: list[float] = field(default_factory=list)
    epoch: int = 0
    _under_way: Generator[int, None, Metrics] | None = None

    @property
    def model(self) -> nn.Module:
        return self.trainer.model

    def step(self) -> None:
        """One step; where an epoch has ended, the first of the next."""
        if self._under_way is None:
            self._under_way = self.trainer.epoch(self.epoch)
        next(self._under_way)
        loss, hit = self.trainer.latest
        self.losses.append(float(loss))
        self.hits.append(float(hit))
        if len(self.losses) % self.trainer.steps == 0:
            self._end_epoch()

    def _end_epoch(self) -> None:
        assert self._under_way is not None
        try:
            next(self._under_way)
        except StopIteration as end:
            ratios = end.value["flip_ratio"]
            sizes = {name: layer.weight.numel() for name, layer in binary_layers(self.model)}
            flipped = sum(ratios[name] * size for name, size in sizes.items())
            self.flips.append(flipped / max(1, sum(sizes.values())))
        self._under_way = None
        self.epoch += 1

    def snapshot(self, shown: int) -> Snapshot:
        """How far it has come; `shown` is the test picture whose maps are taken."""
        trainer = self.trainer
        tested = trainer.evaluate()
        self.tested.append((len(self.losses), tested.accuracy))
        pictures = trainer.data.test_x[shown : shown + 1]
        return Snapshot(
            list(self.losses),
            list(self.hits),
            list(self.tested),
            list(self.flips),
            tested.density,
            np.array(tested.confusion(len(trainer.data.class_names))),
            pictures[0].numpy(),
            _first_maps(self.model, trainer.data.input(pictures)),
            _first_weights(self.model),
        )


class SideBySide:
    """The networks of some recipes, on one data set.

    Parameters
    ----------
    recipes
        Of the same batches and epochs: they may differ in their networks alone.
    seed
        Of the first weights of each, and of every epoch's order and augmentation.

    Raises
    ------
    ValueError
        Recipes of different training; networks that cannot be; a batch that the data do not fill.
    """

    def __init__(self, recipes: Sequence[Recipe], data: TrainingData, *, seed: int = 0) -> None:
        trainings = [{**recipe.to_dict(), "network": None, "name": ""} for recipe in recipes]
        if any(one != trainings[0] for one in trainings):
            raise ValueError("Networks side by side are trained alike; these recipes differ.")
        here = Processes(0, 1, torch.device("cpu"))
        self.learners = []
        for recipe in recipes:
            spec, model = first_network(recipe, data, seed)
            self.learners.append(Learner(Trainer(model, data, recipe, here, seed=seed), spec))
        self.data = data
        self.steps = recipes[0].epochs * self.learners[0].trainer.steps
        self.done = 0

    @property
    def finished(self) -> bool:
        """Whether the last epoch is over."""
        return self.done >= self.steps

    def step(self) -> None:
        """One step of each network.

        Raises
        ------
        ValueError
            A network has lost its numbers; lower the learning rate.
        """
        for learner in self.learners:
            learner.step()
        self.done += 1

    def snapshots(self, shown: int = 0) -> list[Snapshot]:
        """How far each has come; they go on learning from there as if nobody had looked."""
        return [learner.snapshot(shown) for learner in self.learners]


def _first_maps(model: nn.Module, x: Tensor) -> NDArray[np.bool_]:
    taps = activation_maps(model.eval(), x)[1]
    first = next(tap for tap in taps if tap.name != "picture")
    bits: NDArray[np.bool_] = (first.y[0, :MAPS] > 0).numpy()
    return bits


def _first_weights(model: nn.Module) -> NDArray[np.float32]:
    layer = next((one for _, one in binary_layers(model)), None)
    if not isinstance(layer, BinaryLayer) or layer.weight.ndim != 4:
        return np.zeros((0, 1, 1), np.float32)
    latent: NDArray[np.float32] = layer.weight.detach()[:WEIGHTS, 0].numpy().copy()
    return latent
