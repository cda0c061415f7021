"""Activations of binary networks: one sign, its surrogate gradients, Sign and DeSign.

Forward, for thresholds T (0 for plain Sign)::

    y = +1 where x ≥ T, −1 elsewhere

Backward, the derivative of y is replaced by a surrogate g centred on the threshold::

    ∂L/∂x = ∂L/∂y · g(|u|),   u = x − T

Every g here is even, so it is written as a function of the distance |u|. Fresh memory costs more
than arithmetic, so each g works in place: it overwrites its argument and returns it. Thresholds are
constants, except those of `LearnedDeSign`: y depends on x − T alone, so

    ∂L/∂T = −Σ ∂L/∂y · g(|u|)   over all values that T cuts
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from design_core.kernels.kernel import ThresholdKernel, tile
from design_core.registry import Registry

__all__ = [
    "SURROGATES",
    "BinaryActivation",
    "DeSign",
    "HardTanh",
    "LearnedDeSign",
    "ReLU",
    "Sign",
    "clip",
    "polynomial",
    "refuse_nan",
    "sign",
    "swish",
    "threshold_sign",
    "tiled_over",
    "triangular",
]

Surrogate = Callable[[Tensor], Tensor]

#: The real-valued references: what a binary activation replaces.
ReLU = nn.ReLU
HardTanh = nn.Hardtanh


def sign(x: Tensor) -> Tensor:
    """Two-valued sign: +1 where x ≥ 0, −1 elsewhere. Same shape, type and device; no gradient.

    sign(0) = sign(−0) = +1. torch.sign has three values, and exact zeros do occur: sums of ±1 tie.

    Raises
    ------
    ValueError
        x holds NaN, see `threshold_sign`.
    """
    return _cut(x, None)


def clip(distance: Tensor) -> Tensor:
    """Straight-through estimator with clipping: the derivative of hard tanh.

    forward ``q(u) = sign(u)``; pseudo-gradient ``g(|u|) = 1 if |u| ≤ 1 else 0``.

    References
    ----------
    Hubara et al., "Binarized Neural Networks", NeurIPS 2016, equation 4.
    """
    return distance.le_(1)


def triangular(distance: Tensor) -> Tensor:
    """A triangle of height 2 over [−1, 1].

    forward ``q(u) = sign(u)``; pseudo-gradient ``g(|u|) = max(0, 2 − 2|u|)``.

    References
    ----------
    Xu et al., "ReCU: Reviving the Dead Weights in Binary Neural Networks", ICCV 2021.
    """
    return distance.mul_(-2).add_(2).clamp_min_(0)


def polynomial(distance: Tensor) -> Tensor:
    """The derivative of ApproxSign, a piecewise quadratic through −1, 0 and 1.

    forward ``q(u) = sign(u)``; pseudo-gradient ``g(|u|) = F'(u)`` of
    ``F(u) = 2u + u² on [−1, 0), 2u − u² on [0, 1), ±1 outside``.
    Differentiated, this is ``max(0, 2 − 2|u|)``: the same function as `triangular`, kept under
    the name by which Bi-Real Net introduced it.

    References
    ----------
    Liu et al., "Bi-Real Net", ECCV 2018, section 3.3.
    """
    return triangular(distance)


def swish(distance: Tensor) -> Tensor:
    """The derivative of SignSwish with β = 5; negative beyond |u| ≈ 0.48.

    forward ``q(u) = sign(u)``; pseudo-gradient
    ``g(|u|) = β (2 − βu tanh(βu/2)) / (1 + cosh βu)``.

    References
    ----------
    Darabi et al., "Regularized Binary Network Training" (BNN+), 2018, equation 7.
    """
    beta = 5.0
    # 1 / (1 + cosh z) = 2 σ(z) σ(−z) does not overflow; beyond z = 80 the value is 0 anyway.
    z = distance.mul_(beta).clamp_max_(80)
    return 2 * beta * z.sigmoid() * (-z).sigmoid() * (2 - z * (z / 2).tanh())


#: Pseudo-gradients g(|u|) by name.
SURROGATES: Registry[Surrogate] = Registry(
    "surrogate gradient",
    {"clip": clip, "triangular": triangular, "polynomial": polynomial, "swish": swish},
)


def _cut(x: Tensor, thresholds: Tensor | None) -> Tensor:
    """+1 where x ≥ T, −1 elsewhere, in the type of x. The one place where values become bits."""
    _refuse_arrays(x)
    values = x.detach()
    refuse_nan(values)
    # The comparison writes straight into the result's type: one allocation, no pass to convert.
    bits = torch.ge(values, 0 if thresholds is None else thresholds, out=torch.empty_like(values))
    return bits.mul_(2).sub_(1)


def _refuse_arrays(x: object) -> None:
    if not isinstance(x, Tensor):
        raise ValueError(
            f"Activations take torch tensors; got {type(x).__name__}. Give torch.as_tensor(x), or "
            "cut an array by binarize(x, kernel)."
        )


def refuse_nan(values: Tensor) -> None:
    """ValueError if there is NaN, which no bit could show.

    Only on the processor, where it takes a fraction of the cut. A compiled graph would break, and
    a GPU would have to be waited for; there training looks at the network's numbers itself.
    """
    if values.device.type != "cpu" or torch.compiler.is_compiling() or values.numel() == 0:
        return
    if bool(values.amax().isnan()):  # which is NaN if any value is
        raise ValueError(
            f"{int(values.isnan().sum())} of {values.numel()} values before a cut are NaN, which "
            "bits would hide. Look at what made them; in training, lower the learning rate."
        )


class _ThresholdSign(torch.autograd.Function):
    """Cut forward, surrogate backward. One function, so that DeSign costs what Sign costs."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, thresholds: Tensor | None, surrogate: Surrogate) -> Tensor:
        ctx.save_for_backward(x, thresholds)
        ctx.surrogate = surrogate
        return _cut(x, thresholds)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[Tensor, Tensor | None, None]:
        x, thresholds = ctx.saved_tensors
        distance = x.abs() if thresholds is None else (x - thresholds).abs_()
        gradient = ctx.surrogate(distance).mul_(grad_outputs[0])
        if thresholds is None or not ctx.needs_input_grad[1]:
            return gradient, None, None
        return gradient, gradient.sum_to_size(thresholds.shape).neg(), None


def threshold_sign(x: Tensor, thresholds: Tensor | None = None, surrogate: str = "clip") -> Tensor:
    """Cut x at thresholds that broadcast to its shape (None is 0), with a surrogate gradient.

    Raises
    ------
    ValueError
        Unknown surrogate; or x holds NaN. On a GPU and in compiled code nobody looks for it, and
        it gives −1.
    """
    result: Tensor = _ThresholdSign.apply(x, thresholds, SURROGATES.find(surrogate))
    return result


def tiled_over(thresholds: Tensor, x: Tensor) -> Tensor:
    """Thresholds (s, d1, d2) repeated over maps x (…, C, H, W), as they broadcast to these."""
    channels, height, width = x.shape[-3:]
    # One slice serves all channels by broadcasting, which costs less than an index for each.
    cycled = 1 if len(thresholds) == 1 else channels
    return tile(thresholds.to(x.dtype), cycled, height, width)


class BinaryActivation(nn.Module):
    """What all activations that give bits have.

    Attributes
    ----------
    thresholds
        What they cut at, shape (s, d1, d2), repeated over the maps.
    surrogate
        Their gradient, one of `SURROGATES`.
    """

    thresholds: Tensor
    surrogate: str

    def __setattr__(self, name: str, value: Any) -> None:
        """Refuse ``kernel``, which would be kept beside the thresholds and cut nothing."""
        if name == "kernel":
            raise AttributeError(
                f"A {type(self).__name__} keeps no kernel, only its thresholds. Make another "
                "activation, DeSign(kernel), or use with_kernel(model, kernel) of "
                "design_core.networks.swap."
            )
        super().__setattr__(name, value)


class Sign(BinaryActivation):
    """Plain Sign: one threshold, 0, for all pixels. Any shape, type and device.

    ``y = +1 where x ≥ 0, −1 elsewhere``; gradient by `surrogate`, one of `SURROGATES`.
    """

    def __init__(self, surrogate: str = "clip") -> None:
        super().__init__()
        SURROGATES.find(surrogate)  # an unknown one is told now, not at the first forward
        self.surrogate = surrogate

    @property
    def thresholds(self) -> Tensor:  # type: ignore[override]
        """0, shape (1, 1, 1)."""
        return torch.zeros(1, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        return threshold_sign(x, None, self.surrogate)

    def extra_repr(self) -> str:
        return f"surrogate={self.surrogate}"


class DeSign(BinaryActivation):
    """Designed dithering Sign: a spatially periodic threshold [paper, section III].

    ``y[n,c,i,j] = +1 where x[n,c,i,j] ≥ T[c mod s, i mod d1, j mod d2], −1 elsewhere``

    Parameters
    ----------
    kernel
        A threshold kernel; what `parse_kernel` reads, such as ``2x2-v2``; or plain real thresholds
        of shape (s, d1, d2) or (d1, d2).
    surrogate
        One of `SURROGATES`, centred on x − T.

    Raises
    ------
    ValueError
        An unknown kernel or surrogate.

    Notes
    -----
    Takes x of shape (N, C, H, W), or (C, H, W); any sizes, since the tiling is cropped. What a
    linear layer gives, (N, C), are maps of one pixel. The kernel is the buffer ``thresholds``,
    shape (s, d1, d2): saved with the model, moved with it, never trained.

    Examples
    --------
    >>> x = torch.tensor([[[[0.7, 0.7], [0.7, 0.7]]]])
    >>> DeSign([[0.6, 0.6], [0.9, 0.9]])(x).tolist()
    [[[[1.0, 1.0], [-1.0, -1.0]]]]
    """

    def __init__(self, kernel: ThresholdKernel | ArrayLike | str, surrogate: str = "clip") -> None:
        super().__init__()
        SURROGATES.find(surrogate)  # an unknown one is told now, not at the first forward
        thresholds = ThresholdKernel.of(kernel).thresholds
        self.surrogate = surrogate
        self.register_buffer("thresholds", torch.tensor(thresholds, dtype=torch.float32))

    def forward(self, x: Tensor) -> Tensor:
        _refuse_arrays(x)
        if x.ndim not in (2, 3, 4) or not x.is_floating_point():
            raise ValueError(
                "DeSign works on floating-point maps of shape (N, C, H, W) or (C, H, W), or on "
                f"(N, C); got {x.dtype} of shape {tuple(x.shape)}."
            )
        if x.ndim == 2:
            return self.forward(x[:, :, None, None]).flatten(1)
        return threshold_sign(x, tiled_over(self.thresholds, x), self.surrogate)

    def extra_repr(self) -> str:
        slices, rows, columns = self.thresholds.shape
        return f"{slices} slice(s) of {rows}x{columns}, surrogate={self.surrogate}"


class LearnedDeSign(DeSign):
    """`DeSign` whose thresholds are learned, by the same surrogate gradient as everything else.

    With one slice per channel and a single cell this is RSign, a threshold per channel; with a
    tile of d1×d2 cells it learns a pattern. After training the thresholds are a threshold kernel
    like any other.

    Parameters
    ----------
    kernel
        What the thresholds begin with, and their shape; see `DeSign`.
    surrogate
        One of `SURROGATES`.

    References
    ----------
    Liu et al., "ReActNet: Towards Precise Binary Neural Network with Generalized Activation
    Functions", ECCV 2020, section 4.2 (RSign).
    """

    def __init__(self, kernel: ThresholdKernel | ArrayLike | str, surrogate: str = "clip") -> None:
        super().__init__(kernel, surrogate)
        start = self.thresholds
        del self.thresholds
        self.thresholds = nn.Parameter(start)
