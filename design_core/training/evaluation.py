"""What a network does on labelled pictures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from design_core.activations import BinaryActivation, HardTanh, ReLU
from design_core.engine.network import PackedNetwork
from design_core.networks import activation_maps
from design_core.networks.multi_bit import MultiBit
from design_core.progress import Progress, no_progress
from design_core.segmentation.scores import UNLABELLED, confusion_counts
from design_core.training.data import normalized

__all__ = ["Evaluation", "evaluate"]

_EVALUATION_BATCH = 250  # pictures: few enough for the maps to stay in the cache
_SCENES_BATCH = 8  # larger pictures, whose scores are maps


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What a network does on labelled pictures.

    Parameters
    ----------
    predictions
        Class of each picture, int64 (N,); or of each pixel, int8 (N, H, W).
    labels
        True classes, likewise; `UNLABELLED` where there is none.
    loss
        Mean cross-entropy over all that has a class, without label smoothing.
    density
        Activation density by block, over every tenth picture; of a network without activations as
        modules there is none.
    """

    predictions: Tensor
    labels: Tensor
    loss: float
    density: dict[str, float]

    @property
    def right(self) -> int:
        """Pictures, or pixels, that got their class."""
        return int((self.predictions == self.labels).sum())

    @property
    def told(self) -> int:
        """Pictures, or pixels, that have a class."""
        return int((self.labels != UNLABELLED).sum())

    @property
    def accuracy(self) -> float:
        """Share of pictures, or of labelled pixels, classified rightly."""
        return self.right / self.told

    def confusion(self, classes: int) -> list[list[int]]:
        """Counts; row: true class, column: predicted class."""
        counts: list[list[int]] = confusion_counts(
            self.labels.numpy(), self.predictions.numpy(), classes
        ).tolist()
        return counts

    def picture_confusions(self, classes: int) -> NDArray[np.int32]:
        """Counts of each picture's pixels, int32 (N, classes, classes)."""
        pairs = zip(self.labels.numpy(), self.predictions.numpy(), strict=True)
        return np.stack([confusion_counts(*pair, classes) for pair in pairs]).astype(np.int32)


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
    y
        Their classes (N,), or those of their pixels (N, H, W).
    packed
        The same network on the 1-bit engine, which then gives the scores, many times faster; the
        density is PyTorch's.

    Raises
    ------
    ValueError
        Scores that are not finite, of which none is the largest.
    """
    model.eval()
    each = _EVALUATION_BATCH if y.ndim == 1 else _SCENES_BATCH
    answers: list[Tensor] = []
    loss, lost = 0.0, 0
    for done, (part, truth) in enumerate(
        zip(_parts(x, mean, std, each), torch.split(y, each), strict=True)
    ):
        progress(done * each / len(x), "evaluating")
        scores = model(part) if packed is None else torch.from_numpy(packed(part.numpy()))
        lost += int((~scores.isfinite().flatten(1).all(1)).sum())
        classes = truth.long()
        loss += F.cross_entropy(scores, classes, reduction="sum", ignore_index=UNLABELLED).item()
        answers.append(scores.argmax(1).to(y.dtype))
    if lost:
        raise ValueError(
            f"The network gives {lost} of {len(x)} pictures scores that are not finite; train "
            "it again, with a lower learning rate."
        )
    told = int((y != UNLABELLED).sum())
    density = _density(model, x[::10], mean, std, each)
    return Evaluation(torch.cat(answers).cpu(), y.cpu(), loss / told, density)


def _parts(x: Tensor, mean: Tensor, std: Tensor, each: int) -> Iterator[Tensor]:
    """Normalized pictures, a batch at a time."""
    for part in torch.split(x, each):
        yield normalized(part, mean, std)


def _density(model: nn.Module, x: Tensor, mean: Tensor, std: Tensor, each: int) -> dict[str, float]:
    totals: dict[str, float] = {}
    kinds = BinaryActivation | MultiBit | HardTanh | ReLU
    if not any(isinstance(module, kinds) for module in model.modules()):
        return totals
    for part in _parts(x, mean, std, each):
        for maps in activation_maps(model, part)[1]:
            totals[maps.name] = totals.get(maps.name, 0) + maps.density() * len(part)
    return {name: total / len(x) for name, total in totals.items()}
