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
from design_core.engine.bits import pack_bits
from design_core.engine.layers import LAYERS, BitConv, weight_bits
from design_core.engine.network import PackedNetwork

__all__ = ["load_packed", "save_packed", "stored_bytes"]

_FORMAT = "design-packed-1"

Arrays = dict[str, NDArray[Any]]


def save_packed(packed: PackedNetwork, path: Path | str) -> str:
    """Write a packed network to a file; return the SHA-256 in its header."""
    arrays: Arrays = {}
    layers = [_describe(layer, f"{k}", arrays) for k, layer in enumerate(packed.layers)]
    network = {"input_shape": list(packed.input_shape), "layers": layers}
    digest = _digest(network, arrays)
    header = json.dumps({"format": _FORMAT, "network": network, "sha256": digest})
    # One entry only: several would be written in an order that changes from run to run.
    write_atomically(Path(path), save(arrays, {"packed": header}))
    return digest


def stored_bytes(layer: Any) -> int:
    """Bytes of a layer's arrays in a file, without the header."""
    arrays: Arrays = {}
    _describe(layer, "", arrays)
    return sum(array.nbytes for array in arrays.values())


def load_packed(path: Path | str, *, backend: str | None = None) -> PackedNetwork:
    """Read a packed network and warm its routines up.

    Raises
    ------
    ValueError
        Not a file of `save_packed`, a damaged one, or one whose layers do not fit together.
    OSError
        No such file.
    """
    path = Path(path)
    header, arrays = _read(path)
    if not isinstance(header, dict) or header.get("format") != _FORMAT:
        raise ValueError(f"{path.name} is no packed network of format {_FORMAT}.")
    network: Any = header.get("network")
    if _digest(network, arrays) != header.get("sha256"):
        raise ValueError(f"{path.name} is damaged: its contents do not match their SHA-256.")
    try:
        layers = [_build(plain, f"{k}", arrays) for k, plain in enumerate(network["layers"])]
        channels, height, width = map(int, network["input_shape"])
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path.name} does not describe a packed network: {error!r}.") from error
    packed = PackedNetwork(layers, (channels, height, width), backend=backend)
    packed.warm_up()
    return packed


def _read(path: Path) -> tuple[Any, Arrays]:
    """Header, None if it is not ours, and arrays."""
    if not path.is_file():
        raise FileNotFoundError(f"No packed network at {path}.")
    try:
        with safe_open(path, "np") as file:
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            return json.loads((file.metadata() or {}).get("packed", "null")), arrays
    except (SafetensorError, json.JSONDecodeError) as error:
        raise ValueError(f"{path.name} is no safetensors file of ours: {error}.") from error


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
    return kind(**values)


def _checked(value: Any, kind: Any, name: str) -> Any:
    """The value, if it is of the kind; True is no number here."""
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise TypeError(f"{name} is {value!r:.100}")
    return value


def _words(octets: NDArray[Any], shape: tuple[int, ...]) -> NDArray[np.uint64]:
    """Dense bits of shape (size, size, O, C) → words (size, size, ⌈C/64⌉, O)."""
    count = math.prod(shape)
    fits = len(shape) == 4 and min(shape) > 0 and octets.dtype == np.uint8 and octets.ndim == 1
    if not fits or octets.size != -(-count // 8):
        raise ValueError(f"{octets.size} bytes do not hold just the weights {list(shape)}.")
    bits = np.unpackbits(octets, count=count, bitorder="little").astype(bool)
    return np.ascontiguousarray(pack_bits(bits.reshape(shape)).swapaxes(2, 3))


def _narrowed(array: NDArray[Any]) -> NDArray[Any]:
    """int32 as int16 where that holds it, as sums of up to 3,640 channels do."""
    narrow = array.astype(np.int16) if array.dtype == np.int32 else array
    return narrow if np.array_equal(narrow, array) else array


def _widened(array: NDArray[Any]) -> NDArray[Any]:
    return array.astype(np.int32) if array.dtype == np.int16 else array
