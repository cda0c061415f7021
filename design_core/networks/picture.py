"""The cut of the picture itself: one bit per pixel and colour before the first layer.

A network of real pictures multiplies in its first layer. With a picture cut it takes bits there as
everywhere: a 1-bit sensor whose thresholds may form a pattern. The cut belongs to the sensor, so
pictures are augmented before it, and it is the same for every network that looks through it.

A cut is named like an activation: ``sign``, ``uniform:KERNEL``, ``design:KERNEL``,
``centred:KERNEL`` or ``learned:KERNEL``; or it is ``thermometer:KERNEL``, which spends several bits
on a pixel; or ``floyd-steinberg``, the reference that diffuses errors. ``real`` is no cut.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from design_core.activations import DeSign
from design_core.kernels.kernel import ThresholdKernel
from design_core.kernels.spec import decode_kernel, encode_kernel, parse_kernel
from design_core.networks.activation import (
    THERMOMETER,
    build_activation,
    is_real,
    thermometer,
)
from design_core.networks.compiler_cache import see_to_cache
from design_core.networks.intermediate import Taps, activate
from design_core.scaling import fit_quantiles

__all__ = [
    "ErrorDiffusion",
    "PictureCut",
    "build_picture_cut",
    "fitted_picture",
]

_REAL, _DIFFUSED = "real", "floyd-steinberg"
_FORMS = (
    "real, sign, uniform:KERNEL, design:KERNEL, centred:KERNEL, learned:KERNEL, "
    "thermometer:K or floyd-steinberg"
)


see_to_cache()  # for which the compiler asks as soon as it is named


class ErrorDiffusion(nn.Module):
    """Floyd-Steinberg as a cut, (N, C, H, W) → ±1 of the same shape; it hands on no gradient."""

    @torch.compiler.disable  # type: ignore[untyped-decorator]
    def forward(self, x: Tensor) -> Tensor:
        if x.is_meta:  # shapes alone, as of a file that is yet to prove itself
            return torch.empty_like(x)
        # Here, since it brings numba, which networks by themselves do without.
        from design_core.error_diffusion import floyd_steinberg

        bits = torch.from_numpy(floyd_steinberg(x.detach().cpu().numpy()))
        return bits.to(x.device, x.dtype).mul_(2).sub_(1)


class PictureCut(nn.Module):
    """Turns normalized pictures into bits, ±1.

    Parameters
    ----------
    act
        What cuts: Sign, DeSign or `ErrorDiffusion`.
    copies
        Bits per pixel and colour. Colour c becomes the channels c·copies …, which a thermometer's
        slices cut one after the other.
    """

    def __init__(self, act: nn.Module, copies: int = 1) -> None:
        super().__init__()
        self.act = act
        self.copies = copies

    def forward(self, x: Tensor, taps: Taps | None = None) -> Tensor:
        """Bits (N, C · copies, H, W) of pictures (N, C, H, W)."""
        received = x if self.copies == 1 else x.repeat_interleave(self.copies, 1)
        return activate(self.act, received, "picture", taps)


def build_picture_cut(text: str, channels: int, *, surrogate: str = "clip") -> PictureCut | None:
    """The cut that a name stands for, None for ``real``.

    Parameters
    ----------
    text
        ``real``; ``sign``, ``uniform:…``, ``design:…``, ``centred:…`` or ``learned:…`` as
        `build_activation` takes them; ``floyd-steinberg``; or ``thermometer:K``, K thresholds at
        the quantiles of a standard normal, or of pictures after `fitted_picture`.
    channels
        Colours of the pictures.
    surrogate
        Gradient of learned thresholds.

    Raises
    ------
    ValueError
        Unknown cut; a chain, or an activation that keeps real values.

    Examples
    --------
    >>> build_picture_cut("design:bayer-phases-2@quantile", 3)
    PictureCut(
      (act): DeSign(3 slice(s) of 2x2, surrogate=clip)
    )
    """
    if text == _REAL:
        return None
    if text == _DIFFUSED:
        return PictureCut(ErrorDiffusion())
    if text.partition(":")[0] == THERMOMETER:
        kernel = thermometer(text)
        return PictureCut(DeSign(kernel, surrogate), kernel.shape[0])
    _check_binary(text)
    return PictureCut(build_activation(text, surrogate=surrogate, channels=channels))


def fitted_picture(
    text: str, values: NDArray[np.float64], counts: NDArray[np.int64] | None = None
) -> str:
    """The same cut with its quantiles taken from pictures.

    Parameters
    ----------
    text
        As for `build_picture_cut`. Kernels with the scale ``quantile`` that are not fitted yet get
        their thresholds; any other cut stays as it is.
    values
        Normalized pixels of the training pictures, of any shape.
    counts
        How often each occurs, of the same shape; once if left out.
    """
    form, _, rest = text.partition(":")
    if not rest:
        return text
    kernel = thermometer(text) if form == THERMOMETER else _kernel(rest)
    if kernel is None or kernel.scale.name != "quantile" or kernel.scale.values is not None:
        return text
    fitted = fit_quantiles(values, kernel.level_set, counts=counts)
    assert fitted.values is not None
    # Rounded, so that the code is short; far finer than the steps of 8-bit pictures.
    short = tuple(round(value, 5) for value in fitted.values)
    scale = replace(kernel.scale, values=short)
    return f"{form}:code={encode_kernel(kernel.with_scale(scale))}"


def _kernel(text: str) -> ThresholdKernel | None:
    if text == "channel":
        return None
    code = text.removeprefix("code=")
    return parse_kernel(text) if code == text else decode_kernel(code)


def _check_binary(text: str) -> None:
    if " then " in text or is_real(text):
        raise ValueError(f"A picture is cut by one of {_FORMS}; got {text!r}.")
