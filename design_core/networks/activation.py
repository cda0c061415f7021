"""Activations by name, as network options and recipes write them.

Nothing here opens a file but `portable_activation`, which is for what the owner of this machine
wrote: names of activations come out of checkpoints too.

``design:2x2-v2`` is the activation of every layer; ``design:2x2-v2 then uniform:2x2-v2`` is a
**chain**: an activation for each layer from the input on, the last one for all that follow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import numpy as np

from design_core.kernels.kernel import ThresholdKernel
from design_core.kernels.spec import (
    decode_kernel,
    encode_kernel,
    is_kernel_file,
    open_kernel,
    parse_kernel,
)
from design_core.registry import Registry
from design_core.scaling import Scale

if TYPE_CHECKING:
    from torch import nn

__all__ = [
    "FORMS",
    "THERMOMETER",
    "ActivationForm",
    "Kernels",
    "activation_kernels",
    "build_activation",
    "cut_kernel",
    "is_real",
    "of_layer",
    "portable_activation",
    "portable_options",
    "thermometer",
]

#: What layers cut with, None for Sign: one for all, or a chain.
Kernels = tuple[ThresholdKernel | None, ...]

T = TypeVar("T")

Build: TypeAlias = "Callable[[ThresholdKernel | None, str, int], nn.Module]"


@dataclass(frozen=True)
class ActivationForm:
    """A kind of activation: a word, and for most the kernel that follows it after a colon.

    Parameters
    ----------
    build
        Makes one of the kernel that it cuts with (None without), the surrogate's name, and the
        number of channels.
    cuts_with
        What becomes of the kernel that is written, and of how; None where no kernel is written.
    real
        Whether it keeps real values; all others give bits.
    instead
        A word that may stand in the kernel's place.
    """

    build: Build
    cuts_with: Callable[[ThresholdKernel, str], ThresholdKernel] | None = None
    real: bool = False
    instead: str = ""

    def usage(self, word: str) -> list[str]:
        """How it is written."""
        if self.cuts_with is None:
            return [word]
        return [f"{word}:KERNEL", *([f"{word}:{self.instead}"] if self.instead else [])]


# Building needs PyTorch, names do not: it is imported where an activation is built.


def _sign(_kernel: ThresholdKernel | None, surrogate: str, _channels: int) -> nn.Module:
    from design_core.activations import Sign

    return Sign(surrogate)


def _hard_tanh(*_: object) -> nn.Module:
    from design_core.activations import HardTanh

    return HardTanh()


def _relu(*_: object) -> nn.Module:
    from design_core.activations import ReLU

    return ReLU()


def _designed(kernel: ThresholdKernel | None, surrogate: str, _channels: int) -> nn.Module:
    from design_core.activations import DeSign

    assert kernel is not None
    return DeSign(kernel, surrogate)


def _learned(kernel: ThresholdKernel | None, surrogate: str, channels: int) -> nn.Module:
    from design_core.activations import LearnedDeSign

    return LearnedDeSign(np.zeros((channels, 1, 1)) if kernel is None else kernel, surrogate)


def _as_it_is(kernel: ThresholdKernel, _text: str) -> ThresholdKernel:
    return kernel


def _uniform(kernel: ThresholdKernel, text: str) -> ThresholdKernel:
    mean = float(np.mean(kernel.thresholds))
    return ThresholdKernel.from_thresholds([[mean]], name=f"uniform of {kernel.name or text}")


def _centred(kernel: ThresholdKernel, text: str) -> ThresholdKernel:
    kept = kernel.thresholds - float(np.mean(kernel.thresholds))
    return ThresholdKernel.from_thresholds(kept, name=f"centred of {kernel.name or text}")


#: Kinds of activations by the word that a name begins with.
FORMS: Registry[ActivationForm] = Registry(
    "activation",
    {
        "sign": ActivationForm(_sign),
        "hardtanh": ActivationForm(_hard_tanh, real=True),
        "relu": ActivationForm(_relu, real=True),
        "design": ActivationForm(_designed, _as_it_is),
        "uniform": ActivationForm(_designed, _uniform),
        "centred": ActivationForm(_designed, _centred),
        "learned": ActivationForm(_learned, _as_it_is, instead="channel"),
    },
)

_THEN = " then "
#: How the name of a picture cut of several bits per pixel begins, see `thermometer`.
THERMOMETER = "thermometer"
_MOST_BITS = 64  # per pixel and colour


def of_layer(chain: Sequence[T], layer: int) -> T:
    """The entry of a chain that a layer uses, counted from 0: its own, or else the last."""
    return chain[min(layer, len(chain) - 1)]


def build_activation(
    text: str, *, surrogate: str = "clip", layer: int = 0, channels: int = 1
) -> nn.Module:
    """The activation that a name stands for.

    Parameters
    ----------
    text
        ``sign``; ``hardtanh`` or ``relu`` (real-valued, the upper bounds); ``design:KERNEL``,
        where KERNEL is what `parse_kernel` reads; ``uniform:KERNEL``, the control that keeps
        the mean threshold of that kernel and drops its pattern; ``centred:KERNEL``, the control
        that keeps the pattern and drops the mean; ``learned:KERNEL``, thresholds that begin as
        those of the kernel and are trained; ``learned:channel``, one for each channel, from 0 on.
        Binary ones form chains with ``then``.
    surrogate
        Gradient of the binary ones, one of `design_core.activations.SURROGATES`.
    layer
        Where in a chain, counted from the input.
    channels
        Of the maps that it cuts; only ``learned:channel`` asks.

    Raises
    ------
    ValueError
        Unknown activation or kernel; a real-valued activation in a chain.

    Examples
    --------
    >>> build_activation("design:2x2-v2")
    DeSign(1 slice(s) of 2x2, surrogate=clip)
    >>> build_activation("design:2x2-v2 then uniform:2x2-v2", layer=3)
    DeSign(1 slice(s) of 1x1, surrogate=clip)
    """
    text = of_layer(_chain(text), layer)
    form = FORMS.get(text.partition(":")[0])
    written = text.partition(":")[1] != ""
    if form is None or written != (form.cuts_with is not None):
        forms = ", ".join(way for word, one in FORMS.items() for way in one.usage(word))
        raise ValueError(f"Unknown activation {text!r}; write {forms}.")
    return form.build(_kernel(text), surrogate, channels)


def is_real(text: str) -> bool:
    """Whether an activation keeps real values; chains are binary throughout."""
    form = FORMS.get(text)
    return form is not None and form.real


def _chain(text: str) -> list[str]:
    parts = text.split(_THEN)
    if len(parts) > 1 and (real := [part for part in parts if is_real(part)]):
        raise ValueError(
            f"A chain of activations is binary throughout; {real[0]} in {text!r} is not."
        )
    return parts


def activation_kernels(text: str) -> Kernels:
    """The kernel in an activation's name, None where it has none; of a chain, one for each part.

    Of learned thresholds it is what they began with. KERNEL may also be ``code=`` and a code of
    `encode_kernel`, see `portable_activation`.
    """
    return tuple(_kernel(part) for part in _chain(text))


def _kernel(text: str) -> ThresholdKernel | None:
    word, _, rest = text.partition(":")
    form = FORMS.get(word)
    if form is None or form.cuts_with is None or rest == form.instead != "":
        return None
    code = rest.removeprefix("code=")
    kernel = parse_kernel(rest) if code == rest else decode_kernel(code)
    return form.cuts_with(kernel, rest)


def portable_activation(text: str) -> str:
    """The same activation in a form that needs no file: a kernel's file becomes its code.

    Give it only what the owner of this machine wrote; see `open_kernel`.

    Raises
    ------
    ValueError
        As `open_kernel`.

    Examples
    --------
    >>> portable_activation("design:2x2-v2 then sign")
    'design:2x2-v2 then sign'
    """
    return _THEN.join(_portable(part) for part in _chain(text))


def portable_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """The same options, kernels' files read now and put in as codes.

    Give it only what the owner of this machine wrote; see `portable_activation`.
    """
    return {
        key: portable_activation(value) if isinstance(value, str) else value
        for key, value in options.items()
    }


def _portable(text: str) -> str:
    form, _, rest = text.partition(":")
    if not is_kernel_file(rest):
        return text
    return f"{form}:code={encode_kernel(open_kernel(rest))}"


def cut_kernel(text: str) -> ThresholdKernel | None:
    """The kernel in a cut's or an activation's name, None where it has none; of a chain the first.

    Of learned thresholds it is what they began with.
    """
    if text.partition(":")[0] == THERMOMETER:
        return thermometer(text)
    return activation_kernels(text)[0]


def thermometer(text: str) -> ThresholdKernel:
    """K slices of one cell, ranks 0 … K − 1: the thresholds of each pixel, from low to high."""
    rest = text.partition(":")[2]
    if rest.isdecimal() and 1 <= int(rest) <= _MOST_BITS:
        ranks = np.arange(int(rest))
        return ThresholdKernel(ranks[:, None, None], tuple(ranks.tolist()), Scale("quantile"))
    if rest.startswith("code="):
        kernel = decode_kernel(rest.removeprefix("code="))
        if kernel.shape[1:] == (1, 1) and kernel.shape[0] <= _MOST_BITS:
            return kernel
    raise ValueError(
        f"A thermometer is written thermometer:K with 1 to {_MOST_BITS} bits; got {text!r}."
    )
