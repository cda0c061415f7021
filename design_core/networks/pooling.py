"""What a chain does to maps between its layers: max-pool, low-pass, enlargement of scores."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

__all__ = ["LowPass", "MaxPool2x2", "enlarged_bilinearly"]


class _MaxPool2x2(torch.autograd.Function):
    """The gradient goes to the first largest of the four pixels, read row by row, as torch's does.

    torch's own backward scatters: compiled, it fills a map of zeros in another memory order and
    transposes it. Here every pixel asks for its own share instead.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        a, b, c, d = _corners(x)
        return torch.maximum(torch.maximum(a, b), torch.maximum(c, d))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grad_outputs: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        n, channels, height, width = grad_outputs[0].shape
        a, b, c, d = _corners(x)
        below = torch.maximum(c, d) > torch.maximum(a, b)
        # In floats, since vectors of them compare and mask without a change of width.
        winner = torch.where(below, torch.where(d > c, 3.0, 2.0), torch.where(b > a, 1.0, 0.0))
        corner = torch.arange(4.0, device=x.device).view(2, 1, 2, 1)  # (2, 1, 2, 1): i, –, j, –
        # (N, H, 1, W, 1, C) against the corners gives (N, H, 2, W, 2, C): channels stay last.
        winner, gradient = (
            maps.permute(0, 2, 3, 1)[:, :, None, :, None] for maps in (winner, grad_outputs[0])
        )
        spread = torch.where(winner == corner, gradient, 0.0)
        spread = spread.reshape(n, 2 * height, 2 * width, channels).permute(0, 3, 1, 2)
        return F.pad(spread, (0, x.shape[3] - 2 * width, 0, x.shape[2] - 2 * height))


def _corners(x: Tensor) -> tuple[Tensor, ...]:
    """The four pixels of every window, row by row; an odd last row or column is in no window."""
    height, width = (size // 2 * 2 for size in x.shape[-2:])
    return tuple(x[:, :, i:height:2, j:width:2] for i in (0, 1) for j in (0, 1))


class MaxPool2x2(nn.Module):
    """Largest value of each 2×2 window: (N, C, H, W) → (N, C, ⌊H/2⌋, ⌊W/2⌋).

    Values and gradients are those of ``nn.MaxPool2d(2)``, bit for bit: sums of ±1 tie often, and
    of tied pixels the first, row by row, gets the gradient.
    """

    def forward(self, x: Tensor) -> Tensor:
        pooled: Tensor = _MaxPool2x2.apply(x)
        return pooled


class LowPass(nn.Module):
    """Binomial 3×3 mean of every pixel, (N, C, H, W) → (N, C, H, W): makes neighbours alike.

    Weights are (1 2 1)ᵀ(1 2 1) / 16; beyond the border stands the nearest pixel.
    """

    def forward(self, x: Tensor) -> Tensor:
        for axis in (2, 3):
            # By slices: they keep channels-last memory, which torch's own pad does not.
            first, last = (x.narrow(axis, place, 1) for place in (0, x.shape[axis] - 1))
            before = torch.cat([first, x.narrow(axis, 0, x.shape[axis] - 1)], axis)
            after = torch.cat([x.narrow(axis, 1, x.shape[axis] - 1), last], axis)
            x = 0.25 * before + 0.5 * x + 0.25 * after
        return x


def enlarged_bilinearly(x: Tensor) -> Tensor:
    """Maps of twice the size, (N, C, H, W) → (N, C, 2H, 2W), between pixel centres.

    Along each axis ``y[2i] = ¾ x[i] + ¼ x[i−1]`` and ``y[2i+1] = ¾ x[i] + ¼ x[i+1]``; beyond the
    border stands the nearest pixel. That is torch's bilinear interpolation, with each product and
    each sum rounded by itself, so that the 1-bit engine gives the same to the last bit.
    """
    for axis in (2, 3):
        first, last = (x.narrow(axis, place, 1) for place in (0, x.shape[axis] - 1))
        before = torch.cat([first, x.narrow(axis, 0, x.shape[axis] - 1)], axis)
        after = torch.cat([x.narrow(axis, 1, x.shape[axis] - 1), last], axis)
        own = 0.75 * x
        x = torch.stack([own + 0.25 * before, own + 0.25 * after], axis + 1).flatten(axis, axis + 1)
    return x
