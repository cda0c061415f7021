"""The one training loop: a network, its optimizer and its data, step by step.

Whoever trains here drives a `Trainer`: runs that are written to files (`design_core.training.run`),
two networks that learn side by side (`design_core.training.side_by_side`), and `train`, for any
module.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from design_core.activations import LearnedDeSign
from design_core.networks.layers import (
    binary_layers,
    constrain_latent_weights,
    set_training_progress,
    set_training_type,
)
from design_core.networks.multi_bit import ShiftedSigns
from design_core.segmentation.scores import UNLABELLED, class_weights, mean_iou
from design_core.training.data import TrainingData, normalized, training_batches
from design_core.training.distributed import Processes, sum_over
from design_core.training.evaluation import Evaluation, evaluate
from design_core.training.recipe import Recipe

__all__ = ["Metrics", "Trainer", "finished", "learning_rate", "train"]

#: What an epoch came to, a line of ``metrics.jsonl``.
Metrics = dict[str, Any]

#: For pictures of which nothing is known: no crops, no mirroring, nothing compiled.
_PLAIN: Mapping[str, Any] = {
    **{"crop_padding": 0, "flip": False, "warmup_epochs": 1},
    **{"compile": False, "precision": "float32"},
}


def train(
    model: nn.Module,
    data: TrainingData,
    *,
    seed: int = 0,
    after_epoch: Callable[[Metrics], object] = lambda _: None,
    **settings: float | str,
) -> list[Metrics]:
    """Train any module, in place, and leave it in evaluation mode.

    Parameters
    ----------
    model
        Takes normalized pictures (N, C, H, W) and gives class scores (N, classes). It stays on the
        device on which it is.
    data
        What `load_data` gives, or `TrainingData.of` of arrays. Pictures are normalized by the mean
        and deviation of the training set; `TrainingData.form` has them.
    seed
        Of every epoch's order and augmentation, and of Dropout. The first weights are those that
        `model` comes with.
    after_epoch
        Called with what each epoch came to; whatever it raises ends the training.
    settings
        Fields of `design_core.training.recipe.Recipe`: ``epochs``, ``batch_size``,
        ``learning_rate``, ``optimizer``, ``weight_decay``, ``label_smoothing``, ``crop_padding``,
        ``flip``, …. Unless set there is no crop, no mirroring, a warm-up of one epoch, and float32.

    Returns
    -------
    For each epoch ``epoch``, ``loss``, ``train_accuracy``, ``flip_ratio`` by binary layer,
    ``milliseconds_per_step``, ``test_loss``, ``test_accuracy``, ``density`` by activation.

    Raises
    ------
    ValueError
        An unknown setting or a value out of its range; fewer pictures than a batch; a loss that is
        no longer finite.
    """
    plain = {**_PLAIN, **settings, "network": {"name": type(model).__name__}}
    recipe = Recipe.from_dict(plain)
    device = next((one.device for one in model.parameters()), torch.device("cpu"))
    cuda = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=cuda):
        torch.manual_seed(seed)
        trainer = Trainer(model, data, recipe, Processes(0, 1, device), seed=seed)
        lines = []
        for epoch in range(recipe.epochs):
            line = {"epoch": epoch, **finished(trainer.epoch(epoch)), **trainer.test()}
            lines.append(line)
            after_epoch(line)
    return lines


def learning_rate(recipe: Recipe, step: int, steps_per_epoch: int) -> float:
    """Learning rate of a step: linear rise over the warm-up, then half a cosine to 0.

    ``η(k) = η_max · (k+1)/w`` for k < w, else ``η_max · (1 + cos π(k−w)/(n−w)) / 2``.
    """
    total = recipe.epochs * steps_per_epoch
    warmup = min(round(recipe.warmup_epochs * steps_per_epoch), total - 1)
    if step < warmup:
        return recipe.learning_rate * (step + 1) / warmup
    return recipe.learning_rate * (1 + math.cos(math.pi * (step - warmup) / (total - warmup))) / 2


class Trainer:
    """A network that learns, in place.

    Parameters
    ----------
    model
        On the device of `group`.
    recipe
        How it is trained; the network that the recipe names is not looked at.
    group
        This process among those that train together.
    seed
        Of every epoch's order and augmentation.
    forward
        What stands for the model in training, compiled or over several processes; itself if left
        out.

    Attributes
    ----------
    latest
        Loss and right answers of the last step, a share of what has a class; of this process.

    Raises
    ------
    ValueError
        A batch that the data or the processes do not fill.
    """

    def __init__(
        self,
        model: nn.Module,
        data: TrainingData,
        recipe: Recipe,
        group: Processes,
        *,
        seed: int = 0,
        forward: Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        self.steps = len(data.train_x) // recipe.batch_size
        if self.steps == 0 or recipe.batch_size % group.world:
            raise ValueError(
                f"A batch of {recipe.batch_size} must not exceed the {len(data.train_x)} training "
                f"pictures, and must divide among {group.world} process(es)."
            )
        self.model, self.recipe, self.group, self.seed = model, recipe, group, seed
        self.data = data.to(group.device)
        mean, deviation = data.mean_and_deviation()
        self.mean, self.deviation = mean.to(group.device), deviation.to(group.device)
        self.class_weights = _class_weights(self.data)
        set_training_type(model, getattr(torch, recipe.precision))
        self.optimizer = _optimizer(recipe, model)
        self.forward = model if forward is None else forward
        self.latest = (torch.tensor(torch.nan), torch.tensor(torch.nan))

    def epoch(self, number: int) -> Generator[int, None, Metrics]:
        """One pass over the training set, counted from 0.

        Yields
        ------
        The number of steps done, after each.

        Returns
        -------
        The metrics of the pass; see `train`.

        Raises
        ------
        ValueError
            The loss, or a number of the network, is no longer finite.
        """
        recipe, device = self.recipe, self.group.device
        started = time.perf_counter()
        bits_before = _weight_bits(self.model)
        totals = torch.zeros(4, dtype=torch.float64, device=device)  # loss, right, told, pictures
        set_training_progress(self.model, number / recipe.epochs)
        self.model.train()
        batches = training_batches(
            self.data.train_x,
            self.data.train_y,
            batch_size=recipe.batch_size,
            crop_padding=recipe.crop_padding,
            flip=recipe.flip,
            seed=self.seed,
            epoch=number,
            rank=self.group.rank,
            world=self.group.world,
        )
        for step, (x, y) in enumerate(batches):
            if not self.model.training:  # whoever looked into the network meanwhile
                self.model.train()
            rate = learning_rate(recipe, number * self.steps + step, self.steps)
            for parameters in self.optimizer.param_groups:
                parameters["lr"] = rate
            logits = self.forward(normalized(x, self.mean, self.deviation))
            classes = y.long()
            loss = F.cross_entropy(
                logits,
                classes,
                weight=self.class_weights,
                label_smoothing=recipe.label_smoothing,
                ignore_index=UNLABELLED,
            )
            torch.autograd.backward(loss)
            self.optimizer.step()
            self.optimizer.zero_grad()
            constrain_latent_weights(self.model)
            right = (logits.detach().argmax(1) == classes).sum()
            told = (classes != UNLABELLED).sum()  # pictures, or pixels, that have a class
            self.latest = loss.detach(), right / told
            count = torch.full((), len(y), device=device)
            totals += torch.stack([loss.detach() * told, right, told, count])
            yield step + 1
        loss_sum, right_sum, all_told, pictures = sum_over(self.group, totals).tolist()
        if not math.isfinite(loss_sum):
            raise ValueError(f"The loss of epoch {number} is not finite; lower learning_rate.")
        _refuse_lost_numbers(self.model, number)
        seconds = time.perf_counter() - started
        return {
            "loss": loss_sum / all_told,
            "train_accuracy": right_sum / all_told,
            "flip_ratio": _flip_ratio(bits_before, _weight_bits(self.model)),
            "train_seconds": seconds,
            "milliseconds_per_step": 1000 * seconds / self.steps,
            "images_per_second": pictures / seconds,
        }

    def test(self) -> Metrics:
        """Metrics on the test set."""
        started = time.perf_counter()
        tested = self.evaluate()
        confusion = tested.confusion(len(self.data.class_names))
        return {
            "test_loss": tested.loss,
            "test_accuracy": tested.accuracy,
            **({"test_mean_iou": mean_iou(confusion)} if self.data.per_pixel else {}),
            "density": tested.density,
            "test_seconds": time.perf_counter() - started,
        }

    def evaluate(self) -> Evaluation:
        """What the network does on the test set as it is now; it is in evaluation mode then."""
        data = self.data
        return evaluate(self.model, data.test_x, data.test_y, self.mean, self.deviation)


def finished(
    steps: Generator[int, None, Metrics], under_way: Callable[[int], object] = lambda _: None
) -> Metrics:
    """Go through an epoch; its metrics."""
    while True:
        try:
            under_way(next(steps))
        except StopIteration as end:
            metrics: Metrics = end.value
            return metrics


def _class_weights(data: TrainingData) -> Tensor | None:
    """What pixels count by their class; where pictures have classes, all count alike."""
    if not data.per_pixel:
        return None
    weights = class_weights(data.train_y.cpu().numpy(), len(data.class_names))
    return torch.from_numpy(weights).to(data.train_y.device)


def _optimizer(recipe: Recipe, model: nn.Module) -> torch.optim.Optimizer:
    rate, decay = recipe.learning_rate, recipe.weight_decay
    groups = _parameter_groups(model)
    if recipe.optimizer == "sgd":
        return torch.optim.SGD(groups, rate, recipe.momentum, weight_decay=decay, fused=True)
    return torch.optim.AdamW(groups, rate, weight_decay=decay, fused=True)


def _parameter_groups(model: nn.Module) -> list[dict[str, Any]]:
    """All parameters; those of activations by themselves, since decay would pull them to 0."""
    thresholds = [
        parameter
        for module in model.modules()
        if isinstance(module, LearnedDeSign | ShiftedSigns)
        for parameter in module.parameters(recurse=False)
    ]
    own = {id(parameter) for parameter in thresholds}
    rest = [parameter for parameter in model.parameters() if id(parameter) not in own]
    groups: list[dict[str, Any]] = [{"params": rest}]
    return [*groups, {"params": thresholds, "weight_decay": 0.0}] if thresholds else groups


def _refuse_lost_numbers(model: nn.Module, epoch: int) -> None:
    """ValueError if training has brought NaN or infinity into a network.

    Its loss may not show it: behind a cut, NaN is a bit like any other. What reaches a cut comes
    from a batch norm, whose running statistics have seen it.
    """
    for name, tensor in model.state_dict().items():
        if tensor.is_floating_point() and not tensor.isfinite().all():
            raise ValueError(
                f"In epoch {epoch} {name} has become NaN or infinite; lower learning_rate."
            )


@torch.no_grad()
def _weight_bits(model: nn.Module) -> dict[str, Tensor]:
    return {name: layer.binary_weight()[0] > 0 for name, layer in binary_layers(model)}


def _flip_ratio(before: dict[str, Tensor], after: dict[str, Tensor]) -> dict[str, float]:
    """Share of the binary weights of each layer that changed sign over the epoch."""
    return {name: (before[name] != after[name]).float().mean().item() for name in before}
