"""Weight binarizers: how real latent weights become ±1, and what they are scaled by.

A binarizer turns latent weights W of shape (outputs, …) into **bits** B = sign(·) of the same
shape, exactly ±1, and a **scale** α that multiplies the layer's output, so that the effective
weight is αB. Kept apart, the products of a layer stay sums of ±1 whatever the binarizer.

All use the one two-valued sign of `design_core.activations`.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from design_core.activations import sign, threshold_sign
from design_core.registry import Registry

__all__ = [
    "BINARIZERS",
    "Bnn",
    "Dorefa",
    "Recu",
    "WeightBinarizer",
    "Xnor",
    "build_binarizer",
    "recu_quantile",
]


class WeightBinarizer(nn.Module):
    """What every binarizer does. `outputs` is the layer's number of output channels."""

    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.outputs = outputs

    def forward(self, latent: Tensor) -> tuple[Tensor, Tensor | None]:
        """Bits (±1, the shape of `latent`) and scale ((outputs,), () or None for 1)."""
        raise NotImplementedError

    def constrain_(self, latent: Tensor) -> None:
        """Change latent weights in place after an optimizer step. Nothing, unless overridden."""

    def set_progress(self, progress: float) -> None:
        """Hear what share of training is done, 0 to 1, for a schedule; nobody has to."""


class _StraightThrough(torch.autograd.Function):
    """Sign forward, identity backward."""

    @staticmethod
    def forward(_: Any, x: Tensor) -> Tensor:
        return sign(x)

    @staticmethod
    def backward(_: Any, *grad_outputs: Tensor) -> Tensor:
        return grad_outputs[0]


def _straight_through(x: Tensor) -> Tensor:
    bits: Tensor = _StraightThrough.apply(x)
    return bits


class Bnn(WeightBinarizer):
    """Clipped latent weights: ``B = sign(W)``, no scale.

    Gradient ``∂L/∂W = ∂L/∂B · 1[|W| ≤ 1]``; W is clipped to [−1, 1] after every step, since
    beyond it a weight would only become harder to flip.

    References
    ----------
    Hubara et al., "Binarized Neural Networks", NeurIPS 2016, section 1.3 and algorithm 1.
    """

    def forward(self, latent: Tensor) -> tuple[Tensor, None]:
        return threshold_sign(latent), None

    def constrain_(self, latent: Tensor) -> None:
        latent.clamp_(-1, 1)


class Xnor(WeightBinarizer):
    """The best αB in the least-squares sense: ``B = sign(W)``, ``α_o = mean |W_o|`` per output.

    α is part of the graph: the gradient of ``α_o B_o`` reaches W_o through both factors, as in the
    paper's ``∂L/∂W_i = ∂L/∂(αB)_i · α 1[|W_i| ≤ 1] + sign(W_i)/n · Σ_j ∂L/∂(αB)_j B_j``.

    References
    ----------
    Rastegari et al., "XNOR-Net", ECCV 2016, equations 6 and 7 and section 3.1.
    """

    def forward(self, latent: Tensor) -> tuple[Tensor, Tensor]:
        return threshold_sign(latent), latent.abs().flatten(1).mean(1)


class Dorefa(WeightBinarizer):
    """One scale per layer: ``B = sign(W)``, ``α = mean |W|``; ``∂L/∂W = ∂L/∂(αB)``.

    References
    ----------
    Zhou et al., "DoReFa-Net", 2016, equation 8.
    """

    def forward(self, latent: Tensor) -> tuple[Tensor, Tensor]:
        scale = latent.detach().abs().mean()
        # d(αB)/dW = 1 asks for dB/dW = 1/α: the straight-through estimator of W/α.
        relative = latent / scale.clamp_min(torch.finfo(latent.dtype).tiny)
        return _straight_through(relative), scale


class Recu(WeightBinarizer):
    """Rectified clamp unit: standardized weights, the tails pulled in, a learned output scale.

    ``V = (W − mean W_o) / std W_o`` per output o, ``Q = −mean|V| · ln(2 − 2τ)``,
    ``B = sign(clamp(V, −Q, Q))`` with straight-through gradient; Q is the τ-quantile of a Laplace
    distribution fitted to V. τ rises during training (`recu_quantile`) and stays where training
    left it. α_o is learned.

    References
    ----------
    Xu et al., "ReCU: Reviving the Dead Weights in Binary Neural Networks", ICCV 2021,
    equations 7 to 12.
    """

    tau: Tensor

    def __init__(self, outputs: int) -> None:
        super().__init__(outputs)
        self.alpha = nn.Parameter(torch.ones(outputs))
        self.register_buffer("tau", torch.tensor(0.85))

    def set_progress(self, progress: float) -> None:
        self.tau.fill_(recu_quantile(progress))

    def forward(self, latent: Tensor) -> tuple[Tensor, Tensor]:
        flat = latent.flatten(1)
        centred = flat - flat.mean(1, keepdim=True)
        standard = centred / (flat.var(1, keepdim=True) + 1e-5).sqrt()
        bound = -standard.abs().mean() * torch.log(2 - 2 * self.tau)
        clamped = torch.minimum(torch.maximum(standard, -bound), bound)
        return _straight_through(clamped).view_as(latent), self.alpha


def recu_quantile(progress: float) -> float:
    """The schedule of ReCU's τ: .85 → .99, exponential in the share of training done (0 to 1).

    ``τ(p) = a + b·e^p`` through τ(0) = .85 and τ(1) = .99.
    """
    low, high = 0.85, 0.99
    return low + (high - low) * math.expm1(progress) / math.expm1(1.0)


#: Binarizers by name.
BINARIZERS: Registry[type[WeightBinarizer]] = Registry(
    "weight binarizer", {"bnn": Bnn, "xnor": Xnor, "dorefa": Dorefa, "recu": Recu}
)


def build_binarizer(name: str, outputs: int) -> WeightBinarizer:
    """The binarizer of that name for a layer of `outputs` channels; ValueError if unknown."""
    return BINARIZERS.find(name)(outputs)
