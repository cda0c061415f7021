"""Make any network binary: its convolutions, linear layers and activations exchanged.

What is exchanged is what a network holds as modules. What its ``forward`` calls as a function,
``F.relu`` for one, nobody sees from outside, and it stays; the report says what was found.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from design_core.activations import BinaryActivation, DeSign
from design_core.kernels.kernel import ThresholdKernel
from design_core.networks.activation import build_activation
from design_core.networks.layers import PADDINGS, BinaryConv2d, BinaryLayer, BinaryLinear
from design_core.networks.pooling import MaxPool2x2

__all__ = ["Change", "Conversion", "make_binary"]

_KINDS = ("real", "binary")

#: Activations that are exchanged. Those that close a network or a gate (Sigmoid, Softmax) are not.
_ACTIVATIONS = (
    *(nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.PReLU, nn.RReLU, nn.ELU, nn.SELU, nn.CELU, nn.GELU),
    *(nn.SiLU, nn.Mish, nn.Hardswish, nn.Hardtanh, nn.Tanh, nn.Softsign, BinaryActivation),
)
_WEIGHTED = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose2d, nn.Linear, nn.Bilinear)
_PASSING = (nn.MaxPool2d, nn.AvgPool2d, nn.Dropout, nn.Dropout2d, nn.Identity, nn.Flatten)


@dataclass(frozen=True)
class Change:
    """What became of one module.

    Parameters
    ----------
    name
        Its dotted name in the network.
    before, after
        Kinds of modules; the same where it was left.
    note
        Why it was left, or what to know of what it became; empty where there is nothing to say.
    """

    name: str
    before: str
    after: str
    note: str = ""

    def __str__(self) -> str:
        what = self.before if self.before == self.after else f"{self.before} → {self.after}"
        return f"{self.name}: {what}" + (f" ({self.note})" if self.note else "")


@dataclass(frozen=True)
class Conversion:
    """What `make_binary` changed and what it left; as text, a line for each module."""

    changed: tuple[Change, ...]
    left: tuple[Change, ...]

    def __str__(self) -> str:
        lines = ["changed", *(f"  {one}" for one in self.changed)]
        if self.left:
            lines += ["left as it was", *(f"  {one}" for one in self.left)]
        return "\n".join(lines)


def make_binary(
    model: nn.Module,
    activation: str | ThresholdKernel = "sign",
    *,
    surrogate: str = "clip",
    binarizer: str = "bnn",
    padding: str = "one",
    first: str = "real",
    last: str = "real",
) -> tuple[nn.Module, Conversion]:
    """A binary copy of a network: ±1 weights, ±1 activations. `model` stays as it is.

    Every ``Conv2d`` and ``Linear`` becomes a binary layer whose latent weights are the weights that
    it had; every ReLU, Hardtanh, Sign or other hidden activation becomes Sign or DeSign. Batch
    norms, pools and all else stay. The copy runs and trains like any module, and a plain
    ``nn.Sequential`` of such layers packs: see `design_core.engine.pack`.

    Parameters
    ----------
    model
        Any module. Layers are counted in the order in which the network registers them.
    activation
        What `build_activation` takes, such as ``sign``, ``design:2x2-v2`` or a chain; or a kernel.
    surrogate
        Gradient of the activations, one of `design_core.activations.SURROGATES`.
    binarizer
        Of the weights, one of `design_core.networks.binarizers.BINARIZERS`.
    padding
        What stands beyond the border of ±1 maps in place of zeros, one of `PADDINGS`. A binary
        first layer sees pictures and keeps zeros, their mean.
    first, last
        ``real`` or ``binary`` weights of the first and of the last layer.

    Returns
    -------
    The copy, and what was changed and what was left, named by module.

    Raises
    ------
    ValueError
        Nothing to make binary, or unknown options.

    Examples
    --------
    >>> net = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(),
    ...                     nn.Conv2d(4, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(),
    ...                     nn.Flatten(), nn.Linear(256, 10))
    >>> print(make_binary(net, "design:2x2-v2")[1])
    changed
      2: ReLU → DeSign
      3: Conv2d → BinaryConv2d
      5: ReLU → DeSign
    left as it was
      0: Conv2d (the first layer, which sees the picture)
      7: Linear (the last layer, which gives the class scores)
    """
    for option, kind in (("first", first), ("last", last)):
        if kind not in _KINDS:
            raise ValueError(f"{option} is 'real' or 'binary'; got {kind!r}.")
    if padding not in PADDINGS:
        raise ValueError(f"Unknown padding {padding!r}; choose one of {', '.join(PADDINGS)}.")
    binary = copy.deepcopy(model)
    layers = [name for name, one in _leaves(binary) if isinstance(one, (*_WEIGHTED, BinaryLayer))]
    ends = {}
    if layers and first == "real":
        ends[layers[0]] = "the first layer, which sees the picture"
    if layers and last == "real":
        ends[layers[-1]] = "the last layer, which gives the class scores"
    changed, left = [], []
    channels, count = 1, 0
    notes = _activation_notes(binary)
    for name, old in list(_leaves(binary)):
        before = type(old).__name__
        if isinstance(old, _ACTIVATIONS):
            new: nn.Module = (
                DeSign(activation, surrogate)
                if isinstance(activation, ThresholdKernel)
                else build_activation(
                    activation, surrogate=surrogate, layer=count, channels=channels
                )
            )
            count += 1
            changed.append(Change(name, before, type(new).__name__, notes.get(name, "")))
        elif isinstance(old, (*_WEIGHTED, BinaryLayer)):
            channels = _outputs(old, channels)
            reason = ends.get(name) or _reason(old)
            if reason or isinstance(old, BinaryLayer):
                left.append(Change(name, before, before, reason))
                continue
            border = "zero" if name == layers[0] else padding
            new = _binary_layer(old, binarizer, border)
            changed.append(Change(name, before, type(new).__name__))
        else:
            channels = _outputs(old, channels)
            if type(old).__module__.startswith("torch.nn.modules.activation"):
                left.append(Change(name, before, before, "no hidden activation"))
            continue
        if not name:
            raise ValueError(
                f"A single {before} is no network; put it into an nn.Sequential with the others."
            )
        _put(binary, name, new.train(old.training))
    if not changed:
        raise ValueError(
            f"{type(model).__name__} has nothing to make binary between its first and its last "
            "layer: no hidden Conv2d or Linear and no activation as a module. Write activations "
            "as modules, nn.ReLU(), not as functions; or give first='binary', last='binary'."
        )
    return binary, Conversion(tuple(changed), tuple(left))


def _leaves(model: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Modules that hold no others but what a binary layer holds, by name, in order."""
    within = ""
    for name, module in model.named_modules():
        if within and name.startswith(within):
            continue
        if isinstance(module, BinaryLayer):
            within = f"{name}."
            yield name, module
        elif not any(True for _ in module.children()):
            yield name, module


def _put(model: nn.Module, name: str, module: nn.Module) -> None:
    parent, _, own = name.rpartition(".")
    setattr(model.get_submodule(parent), own, module)


def _outputs(module: nn.Module, before: int) -> int:
    """Channels that a module gives, those before it where it does not say."""
    for key in ("out_channels", "out_features", "num_features"):
        if isinstance(found := getattr(module, key, None), int):
            return found
    return len(module.weight) if isinstance(module, BinaryLayer) else before


def _reason(layer: nn.Module) -> str:
    """Why a layer cannot become binary; empty if it can."""
    if type(layer) is nn.Linear or isinstance(layer, BinaryLayer):
        return ""
    if type(layer) is not nn.Conv2d:
        return "only Conv2d and Linear themselves have a binary form"
    size = layer.kernel_size
    if layer.groups != 1:
        return f"its channels are convolved in {layer.groups} groups"
    if any(step != 1 for step in layer.dilation):
        return "its window is dilated"
    if size[0] != size[1] or len(set(layer.stride)) > 1 or _margin(layer) is None:
        return "its window, stride or padding is not the same both ways"
    if layer.padding_mode not in ("zeros", "replicate"):
        return f"its border is padded by mode {layer.padding_mode}"
    return ""


def _margin(conv: nn.Conv2d) -> int | None:
    """Pixels beyond each border, None if they differ."""
    if isinstance(conv.padding, str):
        size = conv.kernel_size[0]
        if conv.padding == "valid":
            return 0
        return size // 2 if size % 2 else None
    return int(conv.padding[0]) if len(set(conv.padding)) == 1 else None


def _binary_layer(old: nn.Module, binarizer: str, border: str) -> BinaryLayer:
    """The binary form of a layer, whose weights become latent weights."""
    new: BinaryLayer
    weight, bias = old.weight, old.bias
    assert isinstance(weight, Tensor)
    if isinstance(old, nn.Conv2d):
        new = BinaryConv2d(
            old.in_channels,
            old.out_channels,
            kernel_size=old.kernel_size[0],
            stride=old.stride[0],
            padding="replicate" if old.padding_mode == "replicate" else border,
            margin=_margin(old),
            binarizer=binarizer,
            bias=bias is not None,
        )
    else:
        assert isinstance(old, nn.Linear)
        new = BinaryLinear(
            old.in_features, old.out_features, binarizer=binarizer, bias=bias is not None
        )
    new = new.to(weight.device)
    with torch.no_grad():
        new.weight.copy_(weight)
        if new.bias is not None:
            assert isinstance(bias, Tensor)
            new.bias.copy_(bias)
    return new


def _activation_notes(model: nn.Module) -> dict[str, str]:
    """What to know of activations in plain chains: thresholds are in units of a batch norm."""
    notes = {}
    for prefix, chain in model.named_modules():
        if not isinstance(chain, nn.Sequential):
            continue
        before: nn.Module | None = None
        for own, module in chain.named_children():
            name = f"{prefix}.{own}" if prefix else own
            if isinstance(module, _ACTIVATIONS) and isinstance(before, (*_WEIGHTED, BinaryLayer)):
                notes[name] = "no batch norm before it, in whose units thresholds are"
            if not isinstance(module, (*_PASSING, MaxPool2x2)):
                before = module if isinstance(module, (_BatchNorm, *_WEIGHTED)) else None
    return notes
