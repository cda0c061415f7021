"""Activations of more than one bit, as sums of ±1: dithered quantizers, and those of ABC-Net.

What they give multiplies like the sum of several tensors of bits, **planes**: a product with
weights of K planes is K times as many 1-bit products for each plane of the activation.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from design_core.activations import (
    SURROGATES,
    BinaryActivation,
    LearnedDeSign,
    refuse_nan,
    threshold_sign,
    tiled_over,
)
from design_core.networks.binarizers import MOST_PLANES

__all__ = ["DitheredQuantizer", "MultiBit", "ShiftedSigns", "with_bases", "with_bits"]


class MultiBit(nn.Module):
    """What these activations have.

    Attributes
    ----------
    thresholds
        The kernel's, (s, d1, d2); 0 of plain Sign.
    planes
        How many tensors of bits the output is a sum of.
    surrogate
        The gradient, one of `SURROGATES`.
    """

    thresholds: Tensor

    def __init__(self, thresholds: Tensor, planes: int, surrogate: str) -> None:
        super().__init__()
        SURROGATES.find(surrogate)
        self.planes = planes
        self.surrogate = surrogate
        self.register_buffer("thresholds", thresholds.detach().clone())

    def extra_repr(self) -> str:
        slices, rows, columns = self.thresholds.shape
        return f"{self.planes} planes, {slices} slice(s) of {rows}x{columns}, {self.surrogate}"


class _Quantize(torch.autograd.Function):
    """A uniform quantizer forward, surrogates about its thresholds backward."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, shift: Tensor, steps: int, surrogate: str) -> Tensor:
        refuse_nan(x.detach())
        # In steps: thresholds lie at ½, 3/2, …, and what is reached is a whole number.
        reached = (x - shift + 1).mul_(steps / 2)
        ctx.save_for_backward(reached)
        ctx.steps, ctx.surrogate = steps, surrogate
        level = (reached + 0.5).floor_().clamp_(0, steps)
        return level.mul_(2).sub_(steps).div_(steps)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[Tensor, None, None, None]:
        (reached,) = ctx.saved_tensors
        nearest = reached.floor().clamp_(0, ctx.steps - 1).add_(0.5)
        distance = (reached - nearest).abs_().mul_(2)
        gradient = SURROGATES.find(ctx.surrogate)(distance).mul_(grad_outputs[0])
        return gradient, None, None, None


class DitheredQuantizer(MultiBit):
    """DeSign of k bits: a uniform quantizer whose thresholds all move with the pixel.

    With n = 2ᵏ − 1 thresholds ``τ_m = (2m − n − 1)/n``, m = 1 … n, in equal steps of 2/n about 0,
    and the kernel's ``T = T[c mod s, i mod d1, j mod d2]``::

        y = (2 · #{m : x ≥ τ_m + T/n} − n) / n

    so that y has 2ᵏ levels from −1 to 1. T moves all thresholds, by T/n: at every k by the same
    share of a step. One bit, n = 1, τ_1 = 0, is DeSign to the last digit; with T = 0 the quantizer
    is DoReFa's, on [−1, 1] in place of [0, 1] so that a border of +1 stays its highest level.

    Backward ``∂L/∂x = ∂L/∂y · g(n |x − T/n − τ|)`` with the nearest threshold τ: of `clip` this is
    1 where |x − T/n| ≤ 1, DoReFa's straight-through gradient, and at k = 1 it is that of DeSign.

    Parameters
    ----------
    thresholds
        T, (s, d1, d2), in units of the batch-norm output at one bit.
    bits
        k, from 2 on; `with_bits` keeps Sign and DeSign for one.

    References
    ----------
    Zhou et al., "DoReFa-Net", 2016, sections 2.2 and 2.4, for T = 0.
    """

    def __init__(self, thresholds: Tensor, bits: int, surrogate: str = "clip") -> None:
        super().__init__(thresholds, bits, surrogate)
        self.steps = 2**bits - 1

    def forward(self, x: Tensor) -> Tensor:
        shift = tiled_over(self.thresholds / self.steps, x)
        y: Tensor = _Quantize.apply(x, shift, self.steps, self.surrogate)
        return y


class ShiftedSigns(MultiBit):
    """ABC-Net's activation: ``y = Σ_m β_m A_m`` with ``A_m = sign(x − T − t_m)``, t and β learned.

    In the paper ``A_m = sign(h(x + v_m) − ½)`` with ``h(x) = clip(x, 0, 1)``: the threshold is
    ``t_m = ½ − v_m``, and the gradient of A_m is 1 where 0 ≤ x + v_m ≤ 1, that is
    ``g(2 |x − T − t_m|)`` of `clip`. That of t_m is its negative, that of β_m is A_m.

    **Shifts and a kernel's levels.** Both are a set of thresholds for one map. A kernel hands
    *each pixel one* of its levels: one bit per pixel, the set is spread over space. Shifts hand
    *every pixel all* M: M bits per pixel, a thermometer with learned marks, at M times the
    products. A kernel T beside the shifts moves all M by the pixel's level, as it moves the
    thresholds of a `DitheredQuantizer`.

    Parameters
    ----------
    thresholds
        T, (s, d1, d2), constant; 0 is ABC-Net.
    bases
        M. Shifts begin at the (2m − 1)/2M quantiles of a standard normal, which a batch norm gives,
        and scales at 1/M; with M = 1 that is Sign.

    References
    ----------
    Lin, Zhao, Pan, "Towards Accurate Binary Convolutional Neural Network", NeurIPS 2017,
    section 3.2, equations 6 to 11. How shifts and scales begin is ours.
    """

    def __init__(self, thresholds: Tensor, bases: int, surrogate: str = "clip") -> None:
        super().__init__(thresholds, bases, surrogate)
        shares = (2 * torch.arange(bases) + 1) / (2 * bases)
        self.shifts = nn.Parameter(torch.special.ndtri(shares))
        self.scales = nn.Parameter(torch.full((bases,), 1 / bases))

    def forward(self, x: Tensor) -> Tensor:
        # Twice the distance, so that a surrogate spans ½ to either side, as in the paper.
        doubled = 2 * (x - tiled_over(self.thresholds, x))
        return sum(
            (
                scale * _halved(threshold_sign(doubled, 2 * shift.view(1, 1, 1), self.surrogate))
                for shift, scale in zip(self.shifts, self.scales, strict=True)
            ),
            torch.zeros((), dtype=x.dtype, device=x.device),
        )


class _HalvedGradient(torch.autograd.Function):
    """Nothing forward, half the gradient backward."""

    @staticmethod
    def forward(_: Any, x: Tensor) -> Tensor:
        return x.view_as(x)

    @staticmethod
    def backward(_: Any, *grad_outputs: Tensor) -> Tensor:
        return grad_outputs[0] / 2


def _halved(x: Tensor) -> Tensor:
    """Undo the factor that the chain rule adds where a distance was doubled."""
    halved: Tensor = _HalvedGradient.apply(x)
    return halved


def with_bits(act: BinaryActivation, bits: int) -> nn.Module:
    """A binary activation at so many bits; itself at one.

    Raises
    ------
    ValueError
        Bits out of range; more than one for learned thresholds.
    """
    _check("activation_bits", bits)
    if bits == 1:
        return act
    _refuse_learned(act, f"activation_bits={bits}")
    return DitheredQuantizer(act.thresholds, bits, act.surrogate)


def with_bases(act: BinaryActivation, bases: int) -> ShiftedSigns:
    """ABC-Net's activation of so many bases about a binary activation's thresholds.

    Raises
    ------
    ValueError
        Bases out of range; learned thresholds.
    """
    _check("activation_bases", bases)
    _refuse_learned(act, "binarizer=abc")
    return ShiftedSigns(act.thresholds, bases, act.surrogate)


def _check(option: str, number: int) -> None:
    if not 1 <= number <= MOST_PLANES:
        raise ValueError(f"{option} is from 1 to {MOST_PLANES}; got {number}.")


def _refuse_learned(act: BinaryActivation, option: str) -> None:
    if isinstance(act, LearnedDeSign):
        raise ValueError(f"{option} needs constant thresholds; choose another than learned:….")
