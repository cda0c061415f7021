"""A trained network in one safetensors file: binary weights one bit each, the rest as it is.

The file is self-contained: its header holds the network's spec and what pictures must look like,
so that loading rebuilds the network. Its logits are those of the network that was saved, to the
last bit. Loading unpickles nothing, and allocates nothing before the file has proven that it
holds exactly the tensors of the network that it names.
"""

from __future__ import annotations

import copy
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from design_core.activations import DeSign, HardTanh, ReLU, Sign
from design_core.atomic import write_atomically
from design_core.engine import PackedNetwork, pack
from design_core.networks import NetworkSpec
from design_core.networks.binarizers import WeightBinarizer
from design_core.networks.layers import BinaryLayer, binary_layers
from design_core.networks.multi_bit import MultiBit
from design_core.pictures.samples import sample
from design_core.zoo.network_file import (
    ENTRY,
    FORMAT,
    CheckpointError,
    PictureForm,
    read_bytes,
    read_header,
)

if TYPE_CHECKING:
    from design_core.zoo.foreign_file import ForeignSpec

__all__ = [
    "Checkpoint",
    "CheckpointError",
    "Outline",
    "PictureForm",
    "checkpoint_bytes",
    "load_checkpoint",
    "prove_finite",
    "read_checkpoint",
    "read_outline",
    "save_checkpoint",
    "save_latent_weights",
]

_LATENT_FORMAT = "design-latent-1"
_MAX_OPTION = 2**16  # of whole numbers in a network's spec
_PHOTO = "cifar10-00"

# Whatever a stranger's description of a network may raise.
_WRONG_DESCRIPTION = (
    *(ValueError, KeyError, TypeError, AttributeError),
    *(RuntimeError, RecursionError, OverflowError, IndexError),
)

Tensors = Mapping[str, Tensor]

_WRAPPERS = ("_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module")
_MOST_PREFIXES = 4
_REAL = (torch.float16, torch.bfloat16, torch.float32, torch.float64)


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A network out of a file, in evaluation mode.

    Parameters
    ----------
    spec
        Its description.
    model
        The network; its binary layers hold bits, not latent weights, unless these were given too.
    pictures
        What it takes and gives.
    """

    spec: NetworkSpec | ForeignSpec
    model: nn.Module
    pictures: PictureForm

    @cached_property
    def packed(self) -> PackedNetwork | None:
        """The same network on the 1-bit engine, warmed up; None if the engine cannot run it."""
        try:
            packed = pack(self.model, self.pictures.shape, pictures=self.pictures)
        except ValueError:  # UnpackableError, or numbers that only PyTorch's own order keeps finite
            return None
        packed.warm_up()
        return packed

    @torch.inference_mode()
    def scores(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """Logits (N, classes) for what `PictureForm.input` makes of pictures."""
        logits: NDArray[np.float32] = self.model(torch.from_numpy(x)).numpy()
        return logits

    @torch.inference_mode()
    def probabilities(self, pixels: Tensor) -> Tensor:
        """Softmax of the logits (N, classes) for uint8 pictures (N, H, W, C)."""
        logits: Tensor = self.model(self.pictures.normalized(pixels))
        return logits.softmax(1)


class StoredBinarizer(WeightBinarizer):
    """Bits as they are, and the scale that training ended with.

    Kept instead of the original, which would compute its scale from latent weights.
    """

    scale: Tensor | None

    def __init__(self, outputs: int, scale: Tensor | None, planes: int = 1) -> None:
        super().__init__(outputs, planes)
        self.register_buffer("scale", scale)

    def forward(self, latent: Tensor) -> tuple[Tensor, Tensor | None]:
        if self.planes == 1:
            return latent, self.scale
        return latent.view(self.planes, self.outputs, *latent.shape[1:]), self.scale


def save_checkpoint(path: Path, model: nn.Module, spec: NetworkSpec, pictures: PictureForm) -> str:
    """Write a network to a file, without latent weights, and return the file's SHA-256."""
    data = checkpoint_bytes(model, spec, pictures)
    write_atomically(path, data)
    return hashlib.sha256(data).hexdigest()


def checkpoint_bytes(model: nn.Module, spec: NetworkSpec, pictures: PictureForm) -> bytes:
    """What `save_checkpoint` writes."""
    frozen = _frozen(model)
    packed = {name for name, _ in _binary_weights(frozen)}
    tensors = {
        name: _packed(tensor) if name in packed else tensor.detach().cpu().contiguous()
        for name, tensor in frozen.state_dict().items()
    }
    header = {"format": FORMAT, "network": spec.to_dict(), "pictures": vars(pictures)}
    # One entry: safetensors writes several in any order, and equal networks give equal files.
    return save(tensors, {ENTRY: json.dumps(header)})


def save_latent_weights(path: Path, model: nn.Module) -> None:
    """Write what `save_checkpoint` leaves out: latent weights and the state of binarizers."""
    own = _latent_names(model)
    state = model.state_dict()
    write_atomically(path, save({name: state[name].cpu().contiguous() for name in own}))


def load_checkpoint(
    path: Path, *, sha256: str | None = None, latent_weights: Path | None = None
) -> Checkpoint:
    """Read a file of `save_checkpoint`.

    Parameters
    ----------
    sha256
        What the file's SHA-256 must be, from its card.
    latent_weights
        A file of `save_latent_weights` of the same network. The model can then be trained on.

    Raises
    ------
    CheckpointError
        No such file, another SHA-256, or a file that is not a checkpoint or damaged.
    """
    data = read_bytes(path, sha256=sha256)
    checkpoint = read_checkpoint(data, name=path.name)
    if latent_weights is None:
        return checkpoint
    model = _with_latent_weights(checkpoint, read_bytes(latent_weights), latent_weights.name)
    return Checkpoint(checkpoint.spec, model, checkpoint.pictures)


@dataclass(frozen=True, eq=False)
class Outline:
    """What a file says of its network, before any of its numbers is looked at.

    Parameters
    ----------
    spec, pictures
        As in `Checkpoint`.
    model
        The network without memory: shapes alone.
    packed
        Whether the file holds bits, or else latent weights.
    """

    spec: NetworkSpec
    pictures: PictureForm
    model: nn.Module
    packed: bool


def read_outline(data: bytes, *, name: str = "The checkpoint") -> Outline:
    """Read the header of a file; see `load_checkpoint` for the errors."""
    header = read_header(data, name)
    try:
        if header["format"] not in (FORMAT, _LATENT_FORMAT):
            raise CheckpointError(
                f"{name} has the format {header['format']!r}, not {FORMAT}. Update this program."
            )
        for part in ("network", "pictures"):
            if not isinstance(header.get(part), Mapping):
                raise ValueError(f"its header says nothing under {part!r}, or no table")
        packed = header["format"] == FORMAT
        spec = _bounded_spec(header["network"])
        pictures = PictureForm.from_dict(header["pictures"], square=not spec.per_pixel)
        with torch.device("meta"):  # shapes alone: a spec may ask for more than there is memory
            model = spec.build().eval()
            classes = _classes_of(model, pictures)
            model = _frozen(model) if packed else model
    except CheckpointError:
        raise
    except _WRONG_DESCRIPTION as error:
        reason = str(error)[:300].rstrip(".")
        raise CheckpointError(f"{name} does not describe a network: {reason}.") from error
    if classes != len(pictures.class_names):
        raise CheckpointError(
            f"{name} names {len(pictures.class_names)} classes for a network of {classes}."
        )
    return Outline(spec, pictures, model, packed)


def _classes_of(model: nn.Module, pictures: PictureForm) -> int:
    """How many scores a network gives; ValueError if it does not take such pictures."""
    try:
        scores: Tensor = model(torch.empty(1, *pictures.shape))
    except RuntimeError as error:
        shape = "×".join(map(str, pictures.shape))
        raise ValueError(
            "its network does not take the pictures that its header speaks of, of "
            f"{shape} channels, rows and columns ({str(error)[:100]})"
        ) from error
    return scores.shape[1]


def read_checkpoint(data: bytes, *, name: str = "The checkpoint") -> Checkpoint:
    """Rebuild a network from the bytes of a file; see `load_checkpoint` for the errors.

    The file is one of `save_checkpoint`; or holds a network's whole state with its latent weights
    as they are, and a header like that of `save_checkpoint` with the format ``design-latent-1``.
    """
    outline = read_outline(data, name=name)
    tensors = _tensors(data, name)
    model = outline.model
    shapes = {key: tensor.shape for key, tensor in _binary_weights(model)} if outline.packed else {}
    expected = _expected(model.state_dict(), shapes)
    tensors = _as_trained(tensors, expected)
    _check_tensors(tensors, expected, name)
    whole = {
        key: _unpacked(tensor, shapes[key]) if key in shapes else tensor
        for key, tensor in tensors.items()
    }
    model.load_state_dict(whole, assign=True)
    ready = _ready(model if outline.packed else _frozen(model))
    checkpoint = Checkpoint(outline.spec, ready, outline.pictures)
    prove_finite(checkpoint, name)
    return checkpoint


@torch.inference_mode()
def prove_finite(checkpoint: Checkpoint, name: str) -> None:
    """CheckpointError unless a photo gives finite scores, and finite maps on the way there.

    Maps too: an activation makes bits of NaN, behind which nobody would see it.

    Parameters
    ----------
    name
        Of the file, for the message.
    """
    finite = []
    hooks = [
        module.register_forward_pre_hook(
            lambda _, inputs: finite.append(bool(inputs[0].isfinite().all()))
        )
        for module in checkpoint.model.modules()
        if isinstance(module, Sign | DeSign | MultiBit | HardTanh | ReLU)
    ]
    try:
        form = checkpoint.pictures
        scores = checkpoint.model(form.normalized(form.pixels(sample(_PHOTO))))
    except ValueError:  # a cut refuses NaN
        finite.append(False)
    finally:
        for hook in hooks:
            hook.remove()
    if not (all(finite) and bool(scores.isfinite().all())):
        raise CheckpointError(
            f"{name} is of no use: a photo gives it values that are not finite, as weights that "
            "are too large do. Train it again, with a lower learning rate."
        )


def _ready(model: nn.Module) -> nn.Module:
    """In evaluation mode and in the memory order of training, whose float sums it repeats."""
    return model.requires_grad_(False).eval().to(memory_format=torch.channels_last)


@torch.no_grad()
def _frozen(model: nn.Module) -> nn.Module:
    """A copy whose binary layers hold their bits, ±1, and a stored scale."""
    frozen = copy.deepcopy(model)
    for _, layer in binary_layers(frozen):
        bits, scale = layer.binary_weight()
        # Planes one after the other: what has more axes than four has no channels-last order.
        layer.weight = nn.Parameter(bits.flatten(0, 1) if layer.binarizer.planes > 1 else bits)
        layer.binarizer = StoredBinarizer(layer.binarizer.outputs, scale, layer.binarizer.planes)
    return frozen


def _binary_weights(model: nn.Module) -> list[tuple[str, Tensor]]:
    return [(f"{name}.weight", layer.weight) for name, layer in binary_layers(model)]


def _packed(bits: Tensor) -> Tensor:
    """±1 in their own order → bytes, eight to one, the first in the lowest bit."""
    fires = (bits.detach().cpu() > 0).contiguous().flatten().numpy()
    return torch.from_numpy(np.packbits(fires, bitorder="little"))


def _unpacked(octets: Tensor, shape: Sequence[int]) -> Tensor:
    """The inverse of `_packed`."""
    bits = np.unpackbits(octets.numpy(), count=math.prod(shape), bitorder="little")
    return torch.from_numpy(bits).view(*shape).float() * 2 - 1


def _expected(state: Tensors, packed: Mapping[str, Sequence[int]]) -> dict[str, tuple[Any, ...]]:
    """Type and shape of every tensor in a file; `packed` are the shapes of binary weights."""
    return {
        name: (torch.uint8, (-(-tensor.numel() // 8),))
        if name in packed
        else (tensor.dtype, tuple(tensor.shape))
        for name, tensor in state.items()
    }


def _as_trained(tensors: Tensors, expected: Mapping[str, tuple[Any, ...]]) -> dict[str, Tensor]:
    """The tensors under the names and in the types that the network itself gives them.

    What wraps a model puts words before its names: ``_orig_mod.`` of torch.compile, ``module.`` of
    data parallel training, or a common one of a larger model. Real numbers of another type become
    float32; those of 64 bits are rounded.
    """
    named = {_unwrapped(key): tensor for key, tensor in tensors.items()}
    if len(named) < len(tensors):  # two of one name, of which one would be lost
        return dict(tensors)
    for _ in range(_MOST_PREFIXES):
        shared = next(iter(named), "").partition(".")[0] + "."
        if set(named) & set(expected) or not all(key.startswith(shared) for key in named):
            break
        named = {key.removeprefix(shared): tensor for key, tensor in named.items()}
    return {
        key: tensor.to(expected[key][0])
        if key in expected and tensor.dtype in _REAL and expected[key][0] in _REAL
        else tensor
        for key, tensor in named.items()
    }


def _unwrapped(key: str) -> str:
    """A name without the words of torch.compile and sharding, which may stand anywhere in it."""
    return ".".join(word for word in key.split(".") if word not in _WRAPPERS)


def _check_tensors(tensors: Tensors, expected: Mapping[str, tuple[Any, ...]], name: str) -> None:
    """CheckpointError unless the tensors are just those expected, and finite."""
    differing = sorted(set(tensors) ^ set(expected))
    if differing:
        raise CheckpointError(
            f"{name} is not of the network that it names: {differing[0]} "
            f"is {'missing' if differing[0] in expected else 'one tensor too many'}."
        )
    for key, tensor in tensors.items():
        found = (tensor.dtype, tuple(tensor.shape))
        if found[1] == expected[key][1] and expected[key][0] in _REAL and found[0] not in _REAL:
            raise CheckpointError(
                f"{name} holds {key} as {_kind(tensor.dtype)}, which is not read here; save the "
                "network as float32."
            )
        if found != expected[key]:
            raise CheckpointError(
                f"{name} is damaged: {key} is {_told(*found)}, not {_told(*expected[key])}."
            )
        if tensor.is_floating_point() and not tensor.isfinite().all():
            raise CheckpointError(f"{name} is damaged: {key} holds values that are not finite.")
        if key.endswith("running_var") and (tensor < 0).any():
            raise CheckpointError(f"{name} is damaged: {key} holds variances below 0.")


def _told(kind: torch.dtype, shape: tuple[int, ...]) -> str:
    return f"{_kind(kind)} of shape {list(shape)}"


def _kind(kind: torch.dtype) -> str:
    return str(kind).removeprefix("torch.")


def _tensors(data: bytes, name: str) -> dict[str, Tensor]:
    try:
        return load(data)
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{name} is damaged: {error}.") from error


def _bounded_spec(plain: Mapping[str, Any]) -> NetworkSpec:
    """A stranger's spec, without huge numbers."""
    for key, value in plain.items():
        if isinstance(value, int) and not 0 <= value <= _MAX_OPTION:
            raise ValueError(f"{key} must be from 0 to {_MAX_OPTION}")
    return NetworkSpec.from_dict(plain)


def _latent_names(model: nn.Module) -> list[str]:
    """Names in the state dict of what belongs to the binary layers."""
    layers = tuple(f"{name}." for name, _ in binary_layers(model))
    return [name for name in model.state_dict() if name.startswith(layers)]


def _with_latent_weights(checkpoint: Checkpoint, data: bytes, name: str) -> nn.Module:
    """The network with its own binarizers, if the latent weights are those of its bits."""
    tensors = _tensors(data, name)
    with torch.device("meta"):
        model = checkpoint.spec.build()
    state = model.state_dict()
    own = {key: state[key] for key in _latent_names(model)}
    _check_tensors(tensors, _expected(own, {}), name)
    rest = {key: value for key, value in checkpoint.model.state_dict().items() if key in state}
    model.load_state_dict({**rest, **tensors}, assign=True)
    model = model.to(memory_format=torch.channels_last).eval()
    for (_, ours), (_, theirs) in zip(
        binary_layers(model), binary_layers(checkpoint.model), strict=True
    ):
        if not _same_weights(ours, theirs):
            raise CheckpointError(f"{name} holds the latent weights of another checkpoint.")
    return model


@torch.no_grad()
def _same_weights(one: BinaryLayer, other: BinaryLayer) -> bool:
    (bits, scale), (other_bits, other_scale) = one.binary_weight(), other.binary_weight()
    if scale is None or other_scale is None:
        return torch.equal(bits, other_bits)
    return torch.equal(bits, other_bits) and torch.equal(scale, other_scale)
