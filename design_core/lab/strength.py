"""Accuracy of a trained network whose thresholds are scaled at inference, from Sign to beyond."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import torch

from design_core.activations import BinaryActivation, DeSign
from design_core.kernels.kernel import ThresholdKernel
from design_core.lab.subset import Subset
from design_core.networks.activation import Kernels, activation_kernels
from design_core.networks.picture import PictureCut
from design_core.networks.swap import with_kernel, with_picture
from design_core.statistics import Interval, wilson_interval
from design_core.zoo.checkpoint import Checkpoint

__all__ = [
    "STRENGTHS",
    "Counted",
    "accuracy_at",
    "cuts_picture",
    "finding",
    "own_kernels",
    "strengthened",
]

#: Factors on all thresholds: 0 is Sign, 1 the kernel as it is.
STRENGTHS = tuple(k / 8 for k in range(13))

_AT_ONCE = 50  # pictures between two reports


@dataclass(frozen=True)
class Counted:
    """How many of some pictures are classified rightly."""

    right: int
    total: int

    @property
    def accuracy(self) -> float:
        """Share that is right."""
        return self.right / self.total

    @property
    def interval(self) -> Interval:
        """Wilson's 95 % interval of the share."""
        return wilson_interval(self.right, self.total)


def cuts_picture(checkpoint: Checkpoint) -> bool:
    """Whether one threshold per pixel and colour turns the network's pictures into bits."""
    return _picture_activation(checkpoint) is not None


def _picture_activation(checkpoint: Checkpoint) -> BinaryActivation | None:
    cut = getattr(checkpoint.model, "picture", None)
    if not isinstance(cut, PictureCut) or cut.copies != 1:
        return None  # real pictures, or several bits for each pixel
    return cut.act if isinstance(cut.act, BinaryActivation) else None


def own_kernels(checkpoint: Checkpoint) -> Kernels:
    """What a network was trained with: its picture's kernel, if `cuts_picture`; else its
    activations'. None for Sign.
    """  # fmt: skip
    act = _picture_activation(checkpoint)
    if act is None:
        return activation_kernels(checkpoint.spec.activation)
    if not isinstance(act, DeSign):
        return (None,)
    return (ThresholdKernel.from_thresholds(act.thresholds.detach().cpu().numpy()),)


def strengthened(kernels: Kernels, strength: float) -> Kernels:
    """Kernels with every threshold T, offset included, at `strength` · T; None (Sign) for 0."""
    if strength == 0:
        return (None,)  # a chain too: what is counted once for Sign is known for all
    return tuple(_strengthened(kernel, strength) for kernel in kernels)


def _strengthened(kernel: ThresholdKernel | None, strength: float) -> ThresholdKernel | None:
    if kernel is None:
        return None
    scale = kernel.scale
    return kernel.scaled(strength=strength * scale.strength, offset=strength * scale.offset)


def accuracy_at(
    checkpoint: Checkpoint,
    kernels: Kernels,
    subset: Subset,
    *,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Counted:
    """Count what a network classifies rightly with other kernels.

    They cut its picture, if `cuts_picture`, and else its activations. Runs on the 1-bit engine
    where it can.

    Parameters
    ----------
    kernels
        See `with_picture`, which takes one, and `with_kernel`; None for Sign.
    subset
        With known classes.
    progress
        Told how many pictures are done, of how many. Whatever it raises stops the count and is
        passed on.

    Raises
    ------
    ValueError
        No pictures, pictures without a class, or a network without binary activations.
    """
    if not len(subset) or bool((subset.labels < 0).any()):
        raise ValueError(f"Accuracy needs pictures of known classes; {subset.title} have none.")
    exchange = with_picture if cuts_picture(checkpoint) else with_kernel
    swapped = replace(checkpoint, model=exchange(checkpoint.model, *kernels))
    right = done = 0
    parts = zip(
        torch.split(subset.pixels, _AT_ONCE), torch.split(subset.labels, _AT_ONCE), strict=True
    )
    for pixels, labels in parts:
        progress(done, len(subset))
        right += int((_classes(swapped, pixels) == labels).sum())
        done += len(labels)
    return Counted(right, done)


def finding(curves: Mapping[str, Mapping[float, Counted]]) -> str:
    """One sentence on accuracies by network and strength: the network that moves most.

    Examples
    --------
    >>> finding({"DeSign 2D": {0.0: Counted(4, 10), 1.0: Counted(9, 10)}})
    'DeSign 2D moves: 90.0 % right at factor 1, 40.0 % at factor 0.'
    """
    name, curve = max(curves.items(), key=lambda pair: _spread(pair[1]))
    best, worst = (pick(curve, key=lambda s: curve[s].right) for pick in (max, min))
    if curve[best].right == curve[worst].right:
        return f"{name} is right on {100 * curve[best].accuracy:.1f} % whatever the factor."
    moves = "moves most" if len(curves) > 1 else "moves"
    return (
        f"{name} {moves}: {100 * curve[best].accuracy:.1f} % right at factor {best:g}, "
        f"{100 * curve[worst].accuracy:.1f} % at factor {worst:g}."
    )


def _spread(curve: Mapping[float, Counted]) -> float:
    accuracies = [counted.accuracy for counted in curve.values()]
    return max(accuracies) - min(accuracies)


@torch.inference_mode()
def _classes(checkpoint: Checkpoint, pixels: torch.Tensor) -> torch.Tensor:
    x = checkpoint.pictures.normalized(pixels)
    if checkpoint.packed is None:
        logits: torch.Tensor = checkpoint.model(x)
        return logits.argmax(1)
    return torch.from_numpy(checkpoint.packed(x.numpy())).argmax(1)
