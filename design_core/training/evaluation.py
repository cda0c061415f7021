"""What a network does on labelled pictures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from design_core.activations import BinaryActivation, HardTanh, ReLU
from design_core.engine.network import PackedNetwork
from design_core.networks import activation_maps
from design_core.networks.multi_bit import MultiBit
from design_core.progress import Progress, no_progress
from design_core.training.data import normalized

__all__ = ["Evaluation", "evaluate"]

_EVALUATION_BATCH = 250  # pictures: few enough for the maps to stay in the cache


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What a network does on labelled pictures.

    Parameters
    ----------
    predictions
        Class of each picture, int64, shape (N,).
    labels
        True classes, likewise.
    loss
        Mean cross-entropy, without label smoothing.
    density
        Activation density by block, over every tenth picture; of a network without activations as
        modules there is none.
    """

    predictions: Tensor
    labels: Tensor
    loss: float
    density: dict[str, float]

    @property
    def accuracy(self) -> float:
        """Share of pictures classified rightly."""
        return (self.predictions == self.labels).double().mean().item()

    def confusion(self, classes: int) -> list[list[int]]:
        """Counts; row: true class, column: predicted class."""
        pairs = self.labels * classes + self.predictions
        counts: list[list[int]] = (
            torch.bincount(pairs, minlength=classes**2).view(classes, classes).tolist()
        )
        return counts


@torch.inference_mode()
def evaluate(
    model: nn.Module,
    x: Tensor,
    y: Tensor,
    mean: Tensor,
    std: Tensor,
    *,
    packed: PackedNetwork | None = None,
    progress: Progress = no_progress,
) -> Evaluation:
    """Run a network over pictures, uint8 (N, H, W, C), in float32 and evaluation mode.

    Parameters
    ----------
    packed
        The same network on the 1-bit engine, which then gives the scores, many times faster; the
        density is PyTorch's.

    Raises
    ------
    ValueError
        Scores that are not finite, of which none is the largest.
    """
    model.eval()
    scored: list[Tensor] = []
    for part in _parts(x, mean, std):
        progress(len(scored) * _EVALUATION_BATCH / len(x), "evaluating")
        scored.append(model(part) if packed is None else torch.from_numpy(packed(part.numpy())))
    logits = torch.cat(scored)
    if lost := int((~logits.isfinite().all(1)).sum()):
        raise ValueError(
            f"The network gives {lost} of {len(logits)} pictures scores that are not finite; train "
            "it again, with a lower learning rate."
        )
    loss = F.cross_entropy(logits, y).item()
    return Evaluation(logits.argmax(1).cpu(), y.cpu(), loss, _density(model, x[::10], mean, std))


def _parts(x: Tensor, mean: Tensor, std: Tensor) -> Iterator[Tensor]:
    """Normalized pictures, a batch at a time."""
    for part in torch.split(x, _EVALUATION_BATCH):
        yield normalized(part, mean, std)


def _density(model: nn.Module, x: Tensor, mean: Tensor, std: Tensor) -> dict[str, float]:
    totals: dict[str, float] = {}
    kinds = BinaryActivation | MultiBit | HardTanh | ReLU
    if not any(isinstance(module, kinds) for module in model.modules()):
        return totals
    for part in _parts(x, mean, std):
        for maps in activation_maps(model, part)[1]:
            totals[maps.name] = totals.get(maps.name, 0) + maps.density() * len(part)
    return {name: total / len(x) for name, total in totals.items()}
