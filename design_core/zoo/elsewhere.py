"""Checkpoints that other projects wrote: their state dicts, by name, as networks that run here.

A layout is known by its names. These are read, N a number, S and B stage and block:

==============  ============================================  ====================================
layout          names                                         written by
==============  ============================================  ====================================
``vgg-small``   ``convN.weight`` ``bnN.*`` (N = 0 … 5)        IR-Net; ReCU, which adds
                ``fc.*``                                      ``convN.alpha`` and ``convN.tau``
``binarynet``   ``features.N.*`` ``classifier.N.*``           BinaryNet.pytorch's VGG
``resnet``      ``conv1`` ``bn1`` ``layerS.B.conv1``          ReCU, IR-Net: 3 stages (ResNet-20) or
                ``layerS.B.bn1`` ``….conv2`` ``….bn2``        4 (ResNet-18);
                ``layerS.B.shortcut.0`` ``….1``               where shortcuts have weights
                ``bn2`` ``linear``
``design``      as ``resnet`` of 4 stages, but                the authors' fork of ReCU
                ``bnN.gamma`` ``bnN.beta`` (1, C, 1, 1)
==============  ============================================  ====================================

What wrappers put before names (``module.``, ``_orig_mod.``, ``state_dict.``, ``model.``) is
dropped; numbers of half precision become float32. Files are safetensors; pickles are not opened.

Networks compute here what they compute there, but for ties: there sign(0) is 0, here +1.

References
----------
bemc22/DeSign (ReCU/cifar), z-hXu/ReCU, htqin/IR-Net, itayhubara/BinaryNet.pytorch on GitHub, read
for the names and the order of computation.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor, nn
from torch.nn import functional as F

from design_core.activations import Sign
from design_core.kernels.kernel import ThresholdKernel, tile
from design_core.networks.intermediate import Taps, activate
from design_core.networks.layers import BinaryConv2d, BinaryLayer, BinaryLinear
from design_core.zoo.checkpoint import StoredBinarizer
from design_core.zoo.network_file import CheckpointError

__all__ = ["Elsewhere", "ForeignResNet", "KernelMissingError", "has_their_names", "load_elsewhere"]

_WRAPPERS = {"module", "_orig_mod", "_fsdp_wrapped_module", "state_dict", "model", "net"}
_MOST_BYTES = 2**29  # latent weights of BinaryNet's VGG, three times as wide, take 150 MB
_STAGE = re.compile(r"layer(\d+)\.(\d+)\.conv1\.weight")
_AGES = ("tau", "num_batches_tracked", "k", "t")  # of schedules: nothing is computed with them
_MOST_HEADER = 2**20
_VGG_SMALL, _RESNET = "conv0.weight", "layer1.0.conv1.weight"
_TELLING = (_VGG_SMALL, _RESNET)  # names that only these layouts have; and all below features


# Whatever tensors of other shapes may raise.
_WRONG = (KeyError, RuntimeError, ValueError, TypeError, IndexError, AttributeError)


class KernelMissingError(CheckpointError):
    """A ``design`` checkpoint, whose kernel or pictures were not given."""


@dataclass(frozen=True, eq=False)
class Elsewhere:
    """A network that another project trained.

    Parameters
    ----------
    model
        In evaluation mode. Of ``vgg-small`` and ``binarynet`` a plain ``nn.Sequential``; the
        latter packs, while the head of the former takes real values.
    layout
        Its name, see above.
    words
        What the file holds, for people: whose it is, and whether its weights are latent or bits.
    """

    model: nn.Module
    layout: str
    words: tuple[str, ...]


def load_elsewhere(
    file: Path | str | bytes,
    *,
    kernel: ThresholdKernel | None = None,
    pictures: Tensor | None = None,
    name: str = "",
) -> Elsewhere:
    """Open a checkpoint of another project.

    Parameters
    ----------
    file
        A safetensors file, or its bytes.
    kernel
        The thresholds of a ``design`` checkpoint, which holds none.
    pictures
        Normalized training pictures (N, 3, H, W), a hundred or more: batch norms of a ``design``
        checkpoint keep no running statistics, which are taken from these.
    name
        What messages call the file; its own name if there is one.

    Raises
    ------
    CheckpointError
        No safetensors file, names of no layout that is known, tensors that do not fit.
    KernelMissingError
        A ``design`` checkpoint without kernel and pictures.
    """
    name = name or ("The checkpoint" if isinstance(file, bytes) else Path(file).name)
    data = file if isinstance(file, bytes) else _bytes(Path(file))
    try:
        tensors = _plain(load(data))
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{name} is no safetensors file: {error}.") from error
    state = _State(tensors, name)
    state.check()
    try:
        made = _read(state, kernel, pictures)
    except CheckpointError:
        raise
    except _WRONG as error:
        reason = str(error.args[0] if error.args else error)[:200].rstrip(".")
        raise CheckpointError(f"{name} does not fit its layout: {reason}.") from error
    if left := sorted(key for key in state.left if key.rpartition(".")[2] not in _AGES):
        raise CheckpointError(f"{name} holds {left[0]}, which its layout has no place for.")
    return made


def has_their_names(data: bytes) -> bool:
    """Whether a safetensors file is of a layout that is read here, by the names of its tensors."""
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or length > min(_MOST_HEADER, len(data) - 8):
        return False
    try:
        header = json.loads(data[8 : 8 + length])
    except (ValueError, RecursionError):
        return False
    return isinstance(header, dict) and any(_is_telling(_unwrapped(key)) for key in header)


def _is_telling(key: str) -> bool:
    return key in _TELLING or key.startswith("features.")


def _bytes(path: Path) -> bytes:
    try:
        if (size := path.stat().st_size) > _MOST_BYTES:
            raise CheckpointError(f"{path.name} has {size:,} bytes; {_MOST_BYTES:,} are read.")
        return path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror}.") from error


def _read(state: _State, kernel: ThresholdKernel | None, pictures: Tensor | None) -> Elsewhere:
    if _VGG_SMALL in state:
        return Elsewhere(_vgg_small(state).eval(), "vgg-small", state.words("VGG-small"))
    if any(key.startswith("features.") for key in state.left):
        return Elsewhere(_binarynet(state).eval(), "binarynet", state.words("BinaryNet's VGG"))
    if _RESNET not in state:
        raise CheckpointError(
            f"{state.name} has the names of no layout that is known here ({next(iter(state.left))} "
            "for one). Those of the authors' repository, of ReCU, IR-Net and BinaryNet.pytorch are."
        )
    if "bn1.gamma" not in state:
        return Elsewhere(_resnet(state, None).eval(), "resnet", state.words("A ResNet"))
    if kernel is None or pictures is None:
        raise KernelMissingError(
            f"{state.name} is of the authors' repository: its batch norms keep no running "
            "statistics and its threshold kernel is not in the file. Give kernel=…, and "
            "pictures=…, a hundred or more normalized training pictures."
        )
    model = _resnet(state, kernel)
    _estimate_statistics(model, pictures)
    told = f"Statistics of its batch norms are those of {len(pictures)} pictures given here."
    return Elsewhere(model.eval(), "design", (*state.words("DeSign's ResNet"), told))


def _plain(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Names without wrappers at their head, real numbers as float32."""
    plain = {}
    for key, tensor in tensors.items():
        plain[_unwrapped(key)] = tensor.float() if tensor.is_floating_point() else tensor
    if len(plain) < len(tensors):
        raise ValueError("two of its tensors have the same name")
    return plain


def _unwrapped(key: str) -> str:
    words = key.split(".")
    while words[0] in _WRAPPERS and len(words) > 1:
        words = words[1:]
    return ".".join(words)


class _State:
    """Tensors by name, those that nobody has asked for yet, and what binary weights were like."""

    def __init__(self, tensors: Mapping[str, Tensor], name: str) -> None:
        self.name = name
        self.tensors = tensors
        self.left = dict(tensors)
        self.latent = 0
        self.bits = 0
        self.whose = ""

    def __contains__(self, key: str) -> bool:
        return key in self.tensors

    def take(self, key: str) -> Tensor:
        self.left.pop(key, None)
        return self.tensors[key]

    def check(self) -> None:
        """CheckpointError for numbers that no network computes with."""
        for key, tensor in self.tensors.items():
            if tensor.is_floating_point() and not tensor.isfinite().all():
                raise CheckpointError(f"{self.name}: {key} holds values that are not finite.")
            if key.endswith("running_var") and (tensor < 0).any():
                raise CheckpointError(f"{self.name}: {key} holds variances below 0.")

    def words(self, what: str) -> tuple[str, ...]:
        """What was read."""
        layers = self.latent + self.bits
        if not self.bits:
            told = "latent weights, real numbers, of which the signs are kept"
        elif not self.latent:
            told = "bits, ±1, and no latent weights: they run here, and cannot be trained on"
        else:
            told = f"latent weights in {self.latent} and bits, ±1, in {self.bits}"
        return (
            f"{what}{f' as {self.whose} writes it' if self.whose else ''}.",
            f"Its {layers} binary layers hold {told}.",
        )

    def conv(self, key: str, *, stride: int = 1, padding: int = 1) -> nn.Conv2d:
        """A real convolution."""
        weight = self.take(f"{key}.weight")
        outputs, inputs, size, _ = weight.shape
        conv = nn.Conv2d(inputs, outputs, size, stride=stride, padding=padding, bias=False)
        conv.weight = nn.Parameter(weight)
        return conv

    def linear(self, key: str) -> nn.Linear:
        """A real linear layer."""
        weight = self.take(f"{key}.weight")
        linear = nn.Linear(weight.shape[1], weight.shape[0])
        linear.weight, linear.bias = (
            nn.Parameter(one) for one in (weight, self.take(f"{key}.bias"))
        )
        return linear

    def norm(self, key: str, kind: type[nn.BatchNorm1d] | type[nn.BatchNorm2d]) -> nn.Module:
        """A batch norm; one that keeps no statistics gets those of a standard normal."""
        affine, old = f"{key}.weight" in self, f"{key}.gamma" in self
        tracked = f"{key}.running_mean" in self
        count = self.tensors[f"{key}.{'running_mean' if tracked else 'gamma'}"].numel()
        norm = kind(count, affine=affine or old)
        names = ("gamma", "beta") if old else ("weight", "bias")
        if norm.affine:
            norm.weight, norm.bias = (
                nn.Parameter(self.take(f"{key}.{name}").flatten()) for name in names
            )
        if tracked:
            norm.running_mean = self.take(f"{key}.running_mean")
            norm.running_var = self.take(f"{key}.running_var")
        return norm

    def binary(self, key: str, *, stride: int = 1, centred: bool) -> BinaryLayer:
        """A binary layer with the bits and the scale that it computes with.

        Parameters
        ----------
        centred
            Whether the mean of each output's weights is taken off first, as ReCU and IR-Net do.
        """
        weight = self.take(f"{key}.weight")
        alpha = self.take(f"{key}.alpha").flatten() if f"{key}.alpha" in self else None
        if centred:
            self.whose = "IR-Net" if alpha is None else "ReCU"
        is_bits = bool((weight.abs() == 1).all())
        self.bits, self.latent = self.bits + is_bits, self.latent + (not is_bits)
        if is_bits and centred and alpha is None:
            raise CheckpointError(
                f"{self.name}: {key} holds bits, ±1. IR-Net takes its scale from latent weights; "
                "save the state before the weights are binarized."
            )
        flat = weight.flatten(1)
        shift = flat.mean(1, keepdim=True) if centred and not is_bits else torch.zeros(1)
        bits = torch.where(flat >= shift, 1.0, -1.0).view_as(weight)
        scale = alpha
        if centred and alpha is None:
            scale = _power_of_two(flat)
        bias = self.take(f"{key}.bias") if f"{key}.bias" in self else None
        layer: BinaryLayer
        if weight.ndim == 4:
            outputs, inputs, size, _ = weight.shape
            layer = BinaryConv2d(
                inputs,
                outputs,
                kernel_size=size,
                stride=stride,
                padding="zero",
                bias=bias is not None,
            )
        else:
            layer = BinaryLinear(weight.shape[1], weight.shape[0], bias=bias is not None)
        layer.weight = nn.Parameter(bits)
        layer.binarizer = StoredBinarizer(len(weight), scale)
        if bias is not None:
            layer.bias = nn.Parameter(bias)
        return layer


def _power_of_two(flat: Tensor) -> Tensor:
    """IR-Net's scale of each output: the power of two next to the mean of standardized weights."""
    centred = flat - flat.mean(1, keepdim=True)
    standard = centred / centred.std(1, keepdim=True)
    return torch.exp2((standard.abs().mean(1).log() / math.log(2)).round())


def _vgg_small(state: _State) -> nn.Sequential:
    modules: list[nn.Module] = []
    for k in range(6):
        modules.append(state.binary(f"conv{k}", centred=True) if k else state.conv("conv0"))
        if k % 2:
            modules.append(nn.MaxPool2d(2))
        # The last hard tanh stays real: no convolution follows that would take its sign.
        modules += [state.norm(f"bn{k}", nn.BatchNorm2d), Sign() if k < 5 else nn.Hardtanh()]
    return nn.Sequential(*modules, nn.Flatten(), state.linear("fc"))


def _binarynet(state: _State) -> nn.Sequential:
    """Places in the chain tell what stands there: between a convolution and its norm, a pool."""
    modules: list[nn.Module] = []
    for part, kind in (("features", nn.BatchNorm2d), ("classifier", nn.BatchNorm1d)):
        names = [key.split(".") for key in state.tensors if key.startswith(f"{part}.")]
        places = sorted({int(words[1]) for words in names})
        if part == "classifier":
            modules.append(nn.Flatten())
        for before, place in zip([-1, *places], places, strict=False):
            key = f"{part}.{place}"
            if f"{key}.running_mean" not in state:
                modules.append(state.binary(key, centred=False))
                continue
            if place - before == 2:
                modules.append(nn.MaxPool2d(2))
            modules.append(state.norm(key, kind))
            if part == "features" or place != places[-1]:
                modules.append(Sign())
    return nn.Sequential(*modules)


class _Shortcut(nn.Module):
    """What is added to a branch of other channels: pixels averaged or dropped, channels of zeros
    on both sides; or a convolution of one pixel and a batch norm.
    """

    def __init__(self, *, averages: bool, weighted: nn.Module | None = None) -> None:
        super().__init__()
        self.averages = averages
        self.weighted = weighted

    def forward(self, x: Tensor, channels: int, stride: int) -> Tensor:
        """(N, C, H, W) as the branch needs it."""
        if self.weighted is not None:
            y: Tensor = self.weighted(x)
            return y
        if stride > 1:
            x = F.avg_pool2d(x, stride) if self.averages else x[:, :, ::stride, ::stride]
        room = (channels - x.shape[1]) // 2
        return F.pad(x, (0, 0, 0, 0, room, room))


class _Unit(nn.Module):
    """Sign, binary convolution, batch norm, and what the thresholds take off."""

    def __init__(self, conv: BinaryLayer, norm: nn.Module) -> None:
        super().__init__()
        self.act, self.conv, self.norm = Sign(), conv, norm

    def forward(self, x: Tensor, thresholds: Tensor | None, name: str, taps: Taps | None) -> Tensor:
        y: Tensor = self.norm(self.conv(activate(self.act, x, name, taps)))
        if thresholds is None:
            return y
        gamma = self.norm.weight
        assert isinstance(gamma, Tensor)
        return y - gamma.view(-1, 1, 1) * tile(thresholds, *y.shape[1:])


class ForeignResNet(nn.Module):
    """A ResNet of ReCU, IR-Net or the authors' repository.

    Blocks are two units. In those of three stages each unit has its own shortcut, in those of four
    one goes around both. A hard tanh follows every sum, and the first unit of a pair.

    Parameters
    ----------
    thresholds
        (s, d1, d2), taken off what batch norms give, as the authors' code does it: also off what
        then enters the sum. None without.
    """

    thresholds: Tensor | None

    def __init__(
        self,
        stem: nn.Sequential,
        blocks: list[nn.ModuleDict],
        head: nn.Sequential,
        *,
        paired: bool,
        thresholds: Tensor | None,
    ) -> None:
        super().__init__()
        self.stem, self.blocks, self.head = stem, nn.ModuleList(blocks), head
        self.paired = paired
        self.register_buffer("thresholds", thresholds)

    def forward(self, x: Tensor, taps: Taps | None = None) -> Tensor:
        """Logits (N, classes) of pictures (N, C, H, W); maps are appended to `taps` if given."""
        x = self.stem(x)
        for number, block in enumerate(self.blocks, 1):
            assert isinstance(block, nn.ModuleDict)
            first, second, shortcut = (block[key] for key in ("first", "second", "shortcut"))
            carried = x
            y = first(x, self.thresholds, f"block{number}.1", taps)
            stride = first.conv.stride
            if not self.paired:
                y = y + shortcut(carried, y.shape[1], stride)
            x = carried_on = F.hardtanh(y)
            y = second(x, self.thresholds, f"block{number}.2", taps)
            y = y + (shortcut(carried, y.shape[1], stride) if self.paired else carried_on)
            x = F.hardtanh(y)
        logits: Tensor = self.head(x.mean((2, 3)))
        return logits


def _resnet(state: _State, kernel: ThresholdKernel | None) -> ForeignResNet:
    found = [match.groups() for key in state.tensors if (match := _STAGE.fullmatch(key))]
    places = sorted((int(stage), int(block)) for stage, block in found)
    paired = places[-1][0] == 4
    stem: list[nn.Module] = [state.conv("conv1"), state.norm("bn1", nn.BatchNorm2d)]
    if not paired:
        stem.append(nn.Hardtanh())
    blocks = []
    for stage, block in places:
        key, stride = f"layer{stage}.{block}", 2 if stage > 1 and block == 0 else 1
        first, second = (
            _Unit(
                state.binary(f"{key}.conv{k}", stride=stride if k == 1 else 1, centred=True),
                state.norm(f"{key}.bn{k}", nn.BatchNorm2d),
            )
            for k in (1, 2)
        )
        is_recu = f"{key}.conv1.alpha" in state
        shortcut = _Shortcut(averages=is_recu, weighted=_weighted(state, f"{key}.shortcut", stride))
        blocks.append(nn.ModuleDict({"first": first, "second": second, "shortcut": shortcut}))
    head = nn.Sequential(state.norm("bn2", nn.BatchNorm1d), state.linear("linear"))
    thresholds = None if kernel is None else torch.tensor(kernel.thresholds, dtype=torch.float32)
    return ForeignResNet(nn.Sequential(*stem), blocks, head, paired=paired, thresholds=thresholds)


def _weighted(state: _State, key: str, stride: int) -> nn.Module | None:
    """A shortcut with weights: real in IR-Net, binary in ReCU; None where there are none."""
    if f"{key}.0.weight" not in state:
        return None
    norm = state.norm(f"{key}.1", nn.BatchNorm2d)
    if f"{key}.0.alpha" not in state:
        return nn.Sequential(state.conv(f"{key}.0", stride=stride, padding=0), norm)
    layer = state.binary(f"{key}.0", stride=stride, centred=True)
    assert isinstance(layer, BinaryConv2d)
    layer.margin = 0
    return nn.Sequential(Sign(), layer, norm)


@torch.no_grad()
def _estimate_statistics(model: nn.Module, pictures: Tensor) -> None:
    """Set running statistics to the moments of these pictures, layer by layer as they pass."""
    model.eval()
    for norm in model.modules():
        if not isinstance(norm, nn.BatchNorm2d):
            continue
        norm.reset_running_stats()
        norm.momentum = None
        norm.train()
    model(pictures)
    model.eval()
