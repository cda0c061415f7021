"""Packed networks on file: one safetensors file, no latent weights, readable without PyTorch.

Binary weights take one bit each; the rest is small. The header describes the layers as JSON and
bears the SHA-256 of all that matters, which is checked on loading. Opening a file runs no code.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import fields, is_dataclass
from pathlib import Path
from types import UnionType
from typing import Any, get_type_hints

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from design_core.atomic import write_atomically
from design_core.engine.bits import Words, pack_bits, word_count
from design_core.engine.demand import demand
from design_core.engine.layers import LAYERS, BitConv, Cut, weight_bits
from design_core.engine.network import PackedNetwork, layer_bytes
from design_core.pictures.form import PictureForm

__all__ = ["load_packed", "packed_bytes", "save_packed", "stored_bytes"]

_FORMAT = "design-packed-1"

# Bounds of what a file may ask for. The largest network of the paper, of pictures of 32 pixels,
# takes a thousandth of each.
_MAX_FILE = 64 * 2**20  # bytes
_MAX_HEADER = 2**20  # bytes
_MAX_HELD = 2**28  # bytes of weights and thresholds in memory
_MAX_WORDS = 2**22  # of the weights of one layer
_MAX_MEGABYTES = 1024  # of maps, for one picture
_MAX_STEPS = 2**33  # for one picture

# Whatever a stranger's description may raise, besides ValueError.
_WRONG_DESCRIPTION = (
    *(KeyError, TypeError, AttributeError, IndexError),
    *(OverflowError, RecursionError, MemoryError),
)
_MAX_REASON = 200

Arrays = dict[str, NDArray[Any]]


def save_packed(packed: PackedNetwork, path: Path | str) -> str:
    """Write a packed network to a file; return the SHA-256 in its header."""
    data, digest = _packed(packed)
    write_atomically(Path(path), data)
    return digest


def packed_bytes(packed: PackedNetwork) -> bytes:
    """What `save_packed` writes."""
    return _packed(packed)[0]


def _packed(packed: PackedNetwork) -> tuple[bytes, str]:
    arrays: Arrays = {}
    layers = [_describe(layer, f"{k}", arrays) for k, layer in enumerate(packed.layers)]
    network: dict[str, Any] = {"input_shape": list(packed.input_shape), "layers": layers}
    if packed.per_pixel:
        network["per_pixel"] = True
    if packed.pictures is not None:
        # As text, which is hashed alike everywhere; languages write real numbers differently.
        network["pictures"] = json.dumps(packed.pictures.to_dict())
    digest = _digest(network, arrays)
    header = json.dumps({"format": _FORMAT, "network": network, "sha256": digest})
    # One entry only: several would be written in an order that changes from run to run.
    return save(arrays, {"packed": header}), digest


def stored_bytes(layer: Any) -> int:
    """Bytes of a layer's arrays in a file, without the header."""
    arrays: Arrays = {}
    _describe(layer, "", arrays)
    return sum(array.nbytes for array in arrays.values())


def load_packed(path: Path | str, *, backend: str | None = None) -> PackedNetwork:
    """Read a packed network and warm its routines up.

    Nothing runs before the layers have proven that they fit each other, and that a picture takes
    a gigabyte and some 10¹⁰ steps at most.

    Raises
    ------
    ValueError
        Not a file of `save_packed`, a damaged one, one whose layers do not fit together, or one
        that asks for more.
    OSError
        No such file.
    """
    path = Path(path)
    header, arrays = _read(path)
    if not isinstance(header, dict) or header.get("format") != _FORMAT:
        raise ValueError(f"{path.name} is no packed network of format {_FORMAT}.")
    network: Any = header.get("network")
    try:
        intact = _digest(network, arrays) == header.get("sha256")
        packed = _rebuilt(network, arrays, backend) if intact else None
    except _WRONG_DESCRIPTION as error:
        reason = f"{error!r}"[:_MAX_REASON]
        raise ValueError(f"{path.name} does not describe a packed network: {reason}.") from error
    if packed is None:
        raise ValueError(f"{path.name} is damaged: its contents do not match their SHA-256.")
    with np.errstate(all="ignore"):
        scores = packed(_ramps(packed.input_shape))  # which also warms the routines up
    if not np.isfinite(scores).all():
        raise ValueError(f"{path.name} gives scores that are not finite, even for plain ramps.")
    return packed


def _read(path: Path) -> tuple[Any, Arrays]:
    """Header, None if it is not ours, and arrays."""
    if not path.is_file():
        raise FileNotFoundError(f"No packed network at {path}.")
    with path.open("rb") as file:
        header = int.from_bytes(file.read(8), "little")
    size = path.stat().st_size
    if size > _MAX_FILE or _MAX_HEADER < header < size:
        raise ValueError(
            f"{path.name} is no packed network: one has {_MAX_FILE:,} bytes at most, "
            f"{_MAX_HEADER:,} of them in the header."
        )
    try:
        with safe_open(path, "np") as opened:
            arrays = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
            return json.loads((opened.metadata() or {}).get("packed", "null")), arrays
    except (SafetensorError, json.JSONDecodeError, *_WRONG_DESCRIPTION) as error:
        reason = f"{error}"[:_MAX_REASON]
        raise ValueError(f"{path.name} is no safetensors file of ours: {reason}.") from error


def _rebuilt(network: Any, arrays: Arrays, backend: str | None) -> PackedNetwork:
    """The network of a description, proven to fit together and within bounds."""
    layers, held = [], 0
    for k, plain in enumerate(network["layers"]):
        layers.append(_build(plain, f"{k}", arrays))
        held += layer_bytes(layers[-1])
        if held > _MAX_HELD:
            raise ValueError(f"Its layers take more than {_MAX_HELD:,} bytes in memory.")
    shape = tuple(_checked(side, int, "input_shape") for side in network["input_shape"])
    if len(shape) != 3:
        raise ValueError(f"Pictures are (C, H, W); got {len(shape)} numbers.")
    asked = demand(layers, shape)
    if asked.megabytes > _MAX_MEGABYTES or asked.steps > _MAX_STEPS:
        raise ValueError(
            f"A picture would take {asked.megabytes:,} MB of maps and {asked.steps:,} steps; "
            f"{_MAX_MEGABYTES:,} MB and {_MAX_STEPS:,} at most are allowed."
        )
    per_pixel = _checked(network.get("per_pixel", False), bool, "per_pixel")
    form = network.get("pictures")
    pictures = (
        None if form is None else PictureForm.from_dict(json.loads(form), square=not per_pixel)
    )
    return PackedNetwork(layers, shape, pictures=pictures, backend=backend, per_pixel=per_pixel)


def _ramps(shape: tuple[int, int, int]) -> NDArray[np.float32]:
    """A batch of one picture: ramps from −2 to 2, as normalized pixels have them."""
    return np.resize(np.linspace(-2, 2, 257, dtype=np.float32), (1, *shape))


def _digest(network: Any, arrays: Arrays) -> str:
    """SHA-256 of the description and of every array: name, type, shape, bytes."""
    digest = hashlib.sha256(json.dumps(network, sort_keys=True).encode())
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"\n{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _describe(layer: Any, prefix: str, arrays: Arrays) -> dict[str, Any]:
    """A layer as plain data; its arrays go into `arrays`, named by `prefix` and field."""
    plain: dict[str, Any] = {"kind": type(layer).__name__}
    for field in fields(layer):
        value, name = getattr(layer, field.name), f"{prefix}.{field.name}"
        if isinstance(layer, BitConv) and field.name == "words":
            bits = weight_bits(layer)
            plain["shape"] = list(bits.shape)
            arrays[name] = np.packbits(bits, bitorder="little")
        elif isinstance(layer, Cut) and field.name == "flips":
            arrays[name] = _paired(value)
        elif isinstance(value, np.ndarray):
            arrays[name] = _narrowed(value)
        else:
            plain[field.name] = _describe(value, name, arrays) if is_dataclass(value) else value
    return plain


def _build(plain: dict[str, Any], prefix: str, arrays: Arrays) -> Any:
    """The inverse of `_describe`."""
    kind = LAYERS[plain["kind"]]
    hints = get_type_hints(kind)
    values: dict[str, Any] = {}
    for field in fields(kind):
        name, hint = f"{prefix}.{field.name}", hints[field.name]
        if kind is BitConv and field.name == "words":
            values["words"] = _words(arrays[name], tuple(plain["shape"]))
        elif hint in (int, str, bool):
            values[field.name] = _checked(plain[field.name], hint, name)
        elif isinstance(hint, (type, UnionType)):  # a layer, or one of several
            values[field.name] = _checked(_build(plain[field.name], name, arrays), hint, name)
        else:
            values[field.name] = _widened(arrays[name])
    if kind is Cut:
        values["flips"] = _halved(values["flips"], values["cuts"].shape[2])
    return kind(**values)


def _checked(value: Any, kind: Any, name: str) -> Any:
    """The value, if it is of the kind; True is no number here."""
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise TypeError(f"{name} is {value!r:.100}")
    return value


def _paired(words: Words) -> NDArray[np.uint64]:
    """Flips as the format has them, in words of 64 bits."""
    return np.pad(words, (0, words.size % 2)).astype("<u4").view("<u8")


def _halved(flips: NDArray[Any], channels: int) -> Words:
    """The inverse of `_paired`."""
    pairs = -(-channels // 64)
    if flips.dtype != np.uint64 or flips.shape != (pairs,):
        raise ValueError(
            f"Flips of {channels} channels are uint64 of shape {(pairs,)}; got {flips.dtype} of "
            f"shape {flips.shape}."
        )
    words = np.ascontiguousarray(flips, dtype="<u8").view("<u4").astype(np.uint32, copy=False)
    count = word_count(channels)
    if words[count:].any():
        raise ValueError(f"Flips have bits beyond their {channels} channels.")
    return words[:count]


def _words(octets: NDArray[Any], shape: tuple[Any, ...]) -> Words:
    """Dense bits of shape (size, size, O, C) → words (size, size, ⌈C/32⌉, O)."""
    sides = [_checked(side, int, "shape") for side in shape]  # a product of text would be text
    count = math.prod(sides)
    fits = len(sides) == 4 and min(sides) > 0 and octets.dtype == np.uint8 and octets.ndim == 1
    if not fits or octets.size != -(-count // 8):
        raise ValueError(f"{octets.size} bytes do not hold just the weights {list(shape)}.")
    if count // shape[3] * word_count(shape[3]) > _MAX_WORDS:
        raise ValueError(f"The weights {list(shape)} are more than {_MAX_WORDS:,} words.")
    bits = np.unpackbits(octets, count=count, bitorder="little").astype(bool)
    return np.ascontiguousarray(pack_bits(bits.reshape(shape)).swapaxes(2, 3))


def _narrowed(array: NDArray[Any]) -> NDArray[Any]:
    """int32 as int16 where that holds it, as sums of up to 3,640 channels do."""
    narrow = array.astype(np.int16) if array.dtype == np.int32 else array
    return narrow if np.array_equal(narrow, array) else array


def _widened(array: NDArray[Any]) -> NDArray[Any]:
    return array.astype(np.int32) if array.dtype == np.int16 else array
