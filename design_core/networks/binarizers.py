"""Weight binarizers: how real latent weights become ±1, and what they are scaled by.

A binarizer turns latent weights W of shape (outputs, …) into **bits** B = sign(·) of the same
shape, exactly ±1, and a **scale** α that multiplies the layer's output, so that the effective
weight is αB. Kept apart, the products of a layer stay sums of ±1 whatever the binarizer.

Weights of more than one bit are several such tensors, **planes** B_k with a scale each, and the
effective weight is Σ α_k B_k: sums of 1-bit products again, one for each plane. `Abc` spreads its
planes over the weights' distribution; those of `DorefaBits` are the binary digits of a uniform
quantizer.

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
    "MOST_PLANES",
    "Abc",
    "Bnn",
    "Dorefa",
    "DorefaBits",
    "Recu",
    "WeightBinarizer",
    "Xnor",
    "build_binarizer",
    "combined",
    "recu_quantile",
]

#: Tensors of bits that a weight, and an activation, can have at most.
MOST_PLANES = 8


class WeightBinarizer(nn.Module):
    """What every binarizer does.

    Attributes
    ----------
    outputs
        The layer's number of output channels.
    planes
        How many tensors of bits it makes.
    """

    def __init__(self, outputs: int, planes: int = 1) -> None:
        super().__init__()
        self.outputs = outputs
        self.planes = planes

    def forward(self, latent: Tensor) -> tuple[Tensor, Tensor | None]:
        """Bits and scale.

        ±1 of the shape of `latent`, and (outputs,), () or None for 1; of several planes
        (planes, *latent.shape), and (planes,).
        """
        raise NotImplementedError

    def factors(self, latent: Tensor) -> tuple[Tensor, Tensor | None]:
        """What the layer multiplies with, in the shape of `latent`, and what scales its sums.

        Of one plane its bits and its scale; of several planes their sum, and None.
        """
        bits, scale = self(latent)
        return (bits, scale) if self.planes == 1 else (combined(bits, scale), None)

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


class DorefaBits(WeightBinarizer):
    """Weights of k bits: 2ᵏ levels in equal steps from −1 to 1.

    With ``v = tanh(W) / max |tanh(W)|`` and n = 2ᵏ − 1, forward
    ``W_q = 2/n · round(n (v + 1) / 2) − 1``, halves rounded up; backward as if it were v, so that
    ``∂L/∂W`` is that of v. The planes are the digits of the whole number that is rounded to, the
    lowest first: ``W_q = Σ_b 2ᵇ/n · B_b``.

    At one bit `Dorefa` stands in its place, as in the paper.

    References
    ----------
    Zhou et al., "DoReFa-Net", 2016, section 2.3.
    """

    def __init__(self, outputs: int, bits: int) -> None:
        super().__init__(outputs, bits)

    def forward(self, latent: Tensor) -> tuple[Tensor, Tensor]:
        steps = 2**self.planes - 1
        level = ((_squashed(latent) + 1) / 2 * steps + 0.5).floor().detach()
        powers = 2.0 ** torch.arange(self.planes, device=latent.device, dtype=latent.dtype)
        digits = (level / powers.view(-1, *[1] * latent.ndim)).floor() % 2
        return 2 * digits - 1, powers / steps

    def factors(self, latent: Tensor) -> tuple[Tensor, None]:
        """See `WeightBinarizer.factors`; here with the gradient, which digits have none of."""
        soft = _squashed(latent)
        return combined(*self(latent)) + (soft - soft.detach()), None


def _squashed(latent: Tensor) -> Tensor:
    """tanh(W) / max |tanh(W)|, in [−1, 1]."""
    squashed = latent.tanh()
    return squashed / squashed.abs().amax().clamp_min(torch.finfo(latent.dtype).tiny)


class Abc(WeightBinarizer):
    """K binary bases: ``W ≈ Σ_k α_k B_k`` with ``B_k = sign(W − mean W + u_k std W)``.

    The shifts u_k lie in equal steps from −1 to 1, and at 0 for K = 1; α is the least-squares
    solution for the layer, for K = 1 in closed form ``α = mean(B ∘ W)``. Backward α is a constant
    and each B_k passes its gradient straight through: ``∂L/∂W = Σ_k ∂L/∂B_k``.

    Mean and deviation are of the whole layer, the deviation that of the values at hand (divisor
    their number). Bases that coincide share their weight: the smallest α of all solutions.

    References
    ----------
    Lin, Zhao, Pan, "Towards Accurate Binary Convolutional Neural Network", NeurIPS 2017,
    section 3.1.
    """

    def __init__(self, outputs: int, bases: int = 1) -> None:
        super().__init__(outputs, bases)

    def forward(self, latent: Tensor) -> tuple[Tensor, Tensor]:
        values = latent.detach()
        deviation = values.std(correction=0)
        shifts = torch.linspace(-1, 1, self.planes) if self.planes > 1 else torch.zeros(1)
        steps = (shifts.to(latent) * deviation).view(-1, *[1] * latent.ndim)
        bits = _straight_through(latent - values.mean() + steps)
        scales = _least_squares(bits.detach(), values)
        return (bits, scales) if self.planes > 1 else (bits[0], scales[0])


def _least_squares(bits: Tensor, values: Tensor) -> Tensor:
    """α (K,) that minimizes ``|values − Σ_k α_k bits_k|²``; of several the smallest, nearly."""
    bases = bits.flatten(1).double()
    ridge = 1e-9 * bases.shape[1] * torch.eye(len(bases), dtype=bases.dtype, device=bases.device)
    target = bases @ values.flatten().double()
    scales: Tensor = torch.linalg.solve(bases @ bases.T + ridge, target)
    return scales.to(values.dtype)


def combined(bits: Tensor, scale: Tensor | None) -> Tensor:
    """``Σ_k α_k B_k`` of planes (K, …) and scales (K,)."""
    assert scale is not None
    return (bits * scale.view(-1, *[1] * (bits.ndim - 1))).sum(0)


def recu_quantile(progress: float) -> float:
    """The schedule of ReCU's τ: .85 → .99, exponential in the share of training done (0 to 1).

    ``τ(p) = a + b·e^p`` through τ(0) = .85 and τ(1) = .99.
    """
    low, high = 0.85, 0.99
    return low + (high - low) * math.expm1(progress) / math.expm1(1.0)


#: Binarizers by name.
BINARIZERS: Registry[type[WeightBinarizer]] = Registry(
    "weight binarizer",
    {"bnn": Bnn, "xnor": Xnor, "dorefa": Dorefa, "recu": Recu, "abc": Abc},
)


def build_binarizer(
    name: str, outputs: int, *, weight_bits: int = 1, weight_bases: int = 1
) -> WeightBinarizer:
    """A binarizer for a layer of `outputs` channels.

    Parameters
    ----------
    name
        One of `BINARIZERS`.
    weight_bits
        Bits of a weight, 1 to 8; more than one with ``dorefa``.
    weight_bases
        K, 1 to 8; more than one with ``abc``.

    Raises
    ------
    ValueError
        Unknown name, or bits or bases that it does not have.
    """
    kind = BINARIZERS.find(name)
    for option, number, own in (
        ("weight_bits", weight_bits, "dorefa"),
        ("weight_bases", weight_bases, "abc"),
    ):
        if not 1 <= number <= MOST_PLANES:
            raise ValueError(f"{option} is from 1 to {MOST_PLANES}; got {number}.")
        if number > 1 and name != own:
            raise ValueError(
                f"{option}={number} needs binarizer={own}; {name} makes one bit of a weight."
            )
    if weight_bits > 1:
        return DorefaBits(outputs, weight_bits)
    return Abc(outputs, weight_bases) if kind is Abc else kind(outputs)
