"""Files that are no checkpoint of ours, and some that only pretend; all made in code, all small."""

from __future__ import annotations

import gzip
import io
import json
import pickle
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from safetensors.torch import load, save
from torch import Tensor

from design_core.networks import NetworkSpec
from design_core.networks.layers import binary_layers
from design_core.pictures.dataset_cards import CIFAR10_CLASSES

__all__ = ["HOSTILE", "header_of", "latent_file", "rewritten"]


def header_of(data: bytes) -> dict[str, Any]:
    """What a checkpoint says of itself."""
    length = int.from_bytes(data[:8], "little")
    header: dict[str, Any] = json.loads(
        json.loads(data[8 : 8 + length])["__metadata__"]["checkpoint"]
    )
    return header


def rewritten(data: bytes, change: Callable[[dict[str, Tensor], dict[str, Any]], object]) -> bytes:
    """A checkpoint after a change of its tensors and its header."""
    tensors, header = load(data), header_of(data)
    change(tensors, header)
    return save(tensors, {"checkpoint": json.dumps(header)})


def latent_file(network: dict[str, Any], **changes: Any) -> bytes:
    """A whole state dict with float latent weights, and its header."""
    spec = NetworkSpec.from_dict(network)
    torch.manual_seed(0)
    model = spec.build()
    with torch.no_grad():
        for _, layer in binary_layers(model):
            layer.weight.add_(0.1 * torch.randn_like(layer.weight))
    header = {
        "format": "design-latent-1",
        "network": network,
        "pictures": {
            "shape": [3, 32, 32],
            "mean": [0.5] * 3,
            "deviation": [0.25] * 3,
            "class_names": list(CIFAR10_CLASSES),
        },
        **changes,
    }
    tensors = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
    return save(tensors, {"checkpoint": json.dumps(header)})


class Payload:
    """Unpickling this would run code."""

    def __reduce__(self) -> tuple[Any, ...]:
        return print, ("a pickle was opened",)


def archive(name: str, content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(name, content)
    return buffer.getvalue()


def torch_file() -> bytes:
    buffer = io.BytesIO()
    torch.save({"weight": torch.ones(3)}, buffer)
    return buffer.getvalue()


def numpy_file(*, zipped: bool) -> bytes:
    buffer = io.BytesIO()
    if zipped:
        np.savez(buffer, w=np.ones(3))
    else:
        np.save(buffer, np.ones(3))
    return buffer.getvalue()


def bare(header: object, body: bytes = b"") -> bytes:
    """A file of safetensors' frame with any JSON for a header."""
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + body


def network(data: bytes, **options: object) -> bytes:
    """The same file, which names another network."""
    return rewritten(data, lambda _, header: header["network"].update(options))


def pictures(data: bytes, **form: object) -> bytes:
    return rewritten(data, lambda _, header: header["pictures"].update(form))


def with_tensor(data: bytes, name: str, tensor: Tensor) -> bytes:
    return rewritten(data, lambda tensors, _: tensors.update({name: tensor}))


def renamed(data: bytes) -> bytes:
    def change(tensors: dict[str, Tensor], _: object) -> None:
        tensors["module.x"] = tensors.pop(next(iter(tensors)))

    return rewritten(data, change)


def overlapping(data: bytes) -> bytes:
    """Two tensors on the same bytes."""
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    names = [name for name in header if name != "__metadata__"]
    header[names[1]]["data_offsets"] = header[names[0]]["data_offsets"]
    return bare(header, data[8 + length :])


def vast(data: bytes) -> bytes:
    """A shape of 2⁶² numbers over a few bytes."""
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    name = next(name for name in header if name != "__metadata__")
    header[name]["shape"] = [2**31, 2**31]
    return bare(header, data[8 + length :])


NORM = "blocks.block1.norm.weight"
VARIANCE = "blocks.block1.norm.running_var"
FIRST = "blocks.block1.conv.weight"

#: A change of a sound file of `tiny`, and words that the message must have.
HOSTILE: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "empty": (lambda _: b"", "is empty"),
    "one byte": (lambda _: b"\x07", "not a safetensors file"),
    "zeros": (lambda _: bytes(4096), "its header says nothing"),
    "noise": (lambda _: np.random.default_rng(3).bytes(5000), "not a safetensors file"),
    "text": (lambda _: "Bits are ±1.\n".encode() * 50, "is a text file"),
    "JSON": (lambda _: json.dumps({"weights": [1, 2]}).encode(), "is a text file"),
    "a letter cut in two": (lambda _: ("a" + "±" * 4000).encode(), "is a text file"),
    "pickle": (lambda _: pickle.dumps(Payload()), "is a Python pickle, which is never opened"),
    "old pickle": (lambda _: pickle.dumps(Payload(), 2), "is a Python pickle"),
    "torch.save": (lambda _: torch_file(), "is a ZIP archive"),
    "zip bomb": (lambda _: archive("weights", bytes(30 * 2**20)), "is a ZIP archive"),
    "npz": (lambda _: numpy_file(zipped=True), "is a ZIP archive"),
    "npy": (lambda _: numpy_file(zipped=False), "is a NumPy array"),
    "gzip": (lambda d: gzip.compress(d), "is a gzip archive"),
    "HDF5": (lambda _: b"\x89HDF\r\n\x1a\n" + bytes(100), "is an HDF5 file"),
    "GGUF": (lambda _: b"GGUF" + bytes(100), "is a GGUF file"),
    "ONNX": (lambda _: b"\x08\x0a\x12\x04onnx:" + bytes(100), "is an ONNX model"),
    "PNG": (lambda _: b"\x89PNG\r\n\x1a\n" + bytes(100), "is a picture"),
    "too large": (lambda d: d + bytes(48 * 2**20), "50,331,648 at most are read"),
    "huge header": (lambda d: (2**60).to_bytes(8, "little") + d[8:], "not a safetensors file"),
    "header of blanks": (
        lambda _: (2**20 + 1).to_bytes(8, "little") + b"{" + b" " * (2**20 + 8),
        "not a safetensors file",
    ),
    "deep header": (
        lambda _: (200_000).to_bytes(8, "little") + b"[" * 200_000,
        "its header says nothing",
    ),
    "header is a list": (lambda _: bare([1, 2, 3]), "its header says nothing"),
    "metadata of numbers": (lambda _: bare({"__metadata__": {"checkpoint": 5}}), "says nothing"),
    "metadata is no mapping": (lambda _: bare({"__metadata__": "x"}), "its header says nothing"),
    "header not JSON": (lambda d: d[:8] + b"{" + b"!" * 20 + d[29:], "its header says nothing"),
    "cut in the header": (lambda d: d[:100], "not a safetensors file, or was cut off"),
    "cut in the numbers": (lambda d: d[:-40], "is damaged"),
    "something behind": (lambda d: d + b"more", "is damaged"),
    "overlapping": (overlapping, "is damaged"),
    "vast shape": (vast, "is damaged"),
    "foreign": (lambda _: save({"w": torch.ones(3)}, {"format": "pt"}), "its header says nothing"),
    "no metadata": (lambda _: save({"w": torch.ones(3)}), "its header says nothing"),
    "newer": (
        lambda d: rewritten(d, lambda _, h: h.update(format="design-checkpoint-2")),
        "not design-checkpoint-1",
    ),
    "unknown network": (lambda d: network(d, name="lenet"), "Unknown network 'lenet'"),
    "unknown option": (lambda d: network(d, depth=20), "has no option 'depth'"),
    "unknown activation": (lambda d: network(d, activation="softsign"), "softsign"),
    "kernel of this machine": (
        lambda d: network(d, activation="design:/etc/passwd.npy"),
        "is the name of a file, and no file is opened here",
    ),
    "immense width": (lambda d: network(d, width=2**40), "width must be from 0 to"),
    "too wide": (lambda d: network(d, width=4096), "describes a network of"),
    "too much work": (
        lambda d: network(pictures(d, shape=[1, 512, 512]), image_size=512, width=64),
        "describes a network of",
    ),
    "no width": (lambda d: network(d, width=0), "Option 'width' of tiny is 1 at least; got 0"),
    "no stages": (
        lambda d: network(d, name="vgg_small", stages=0),
        "Option 'stages' of vgg_small is 1 at least; got 0",
    ),
    "many stages": (
        lambda d: network(d, name="vgg_small", stages=65_536),
        "65536 max-pools leave nothing of 8 pixels",
    ),
    "four channels": (
        lambda d: network(
            pictures(d, shape=[4, 8, 8], mean=[0.5] * 4, deviation=[0.25] * 4), in_channels=4
        ),
        "1 or 3 channels, grey or colour; got 4",
    ),
    "two channels": (
        lambda d: network(
            pictures(d, shape=[2, 8, 8], mean=[0.5] * 2, deviation=[0.25] * 2), in_channels=2
        ),
        "1 or 3 channels",
    ),
    "equal classes": (
        lambda d: pictures(d, class_names=["a", *"abcdefghi"]),
        "class names must look different; 'a' comes twice",
    ),
    "classes that look equal": (
        lambda d: pictures(d, class_names=["\u00e9 1", "e\u0301  1 ", *"abcdefgh"]),
        "class names must look different; '\u00e9 1' comes twice",
    ),
    "a class without a name": (
        lambda d: pictures(d, class_names=["a", "  ", *"bcdefghi"]),
        "class names must be visible; name 1 is blank",
    ),
    "no pictures": (
        lambda d: rewritten(d, lambda _, h: h.update(pictures=None)),
        "its header says nothing under 'pictures', or no table",
    ),
    "a network that is a list": (
        lambda d: rewritten(d, lambda _, h: h.update(network=[1])),
        "its header says nothing under 'network', or no table",
    ),
    "half a letter": (
        lambda d: pictures(d, class_names=["\ud800", *"abcdefghi"]),
        "a class name is a text of 1000 letters at most; got '\\ud800'",
    ),
    "endless class name": (
        lambda d: pictures(d, class_names=["a" * 1001, *"abcdefghi"]),
        "a class name is a text of 1000 letters",
    ),
    "class names of numbers": (lambda d: pictures(d, class_names=[*range(10)]), "is a text of"),
    "class names in one text": (
        lambda d: pictures(d, class_names="0123456789"),
        "class names are a list of 2 to 4096 texts",
    ),
    "one class": (
        lambda d: network(pictures(d, class_names=["a"]), num_classes=1),
        "class names are a list of 2 to 4096 texts",
    ),
    "pictures of another size": (lambda d: pictures(d, shape=[1, 9, 7]), "pictures square"),
    "pictures without spread": (lambda d: pictures(d, deviation=[0.0]), "deviations are above 0"),
    "classes missing": (
        lambda d: pictures(d, class_names=["a", "b"]),
        "names 2 classes for a network",
    ),
    "tensor missing": (
        lambda d: rewritten(d, lambda tensors, _: tensors.pop(NORM)),
        "norm.weight is missing",
    ),
    "tensors of another program": (renamed, "is not of the network that it names"),
    "wrong type": (
        lambda d: with_tensor(d, NORM, torch.ones(16, dtype=torch.int32)),
        "as int32, which is not read here; save the network as float32",
    ),
    "eight bits": (
        lambda d: with_tensor(d, NORM, torch.ones(16).to(torch.float8_e4m3fn)),
        "as float8_e4m3fn, which is not read here; save the network as float32",
    ),
    "wrong shape": (lambda d: with_tensor(d, NORM, torch.ones(5)), "of shape [5], not float32"),
    "NaN": (lambda d: with_tensor(d, NORM, torch.full((16,), torch.nan)), "not finite"),
    "negative variance": (
        lambda d: with_tensor(d, VARIANCE, torch.full((16,), -1.0)),
        "norm.running_var holds variances below 0",
    ),
    "weights that overflow": (
        lambda d: rewritten(
            d, lambda tensors, _: [tensors.update({FIRST: tensors[FIRST] * 0 + 3e38})]
        ),
        "a photo gives it values that are not finite",
    ),
    "a head that overflows": (
        lambda d: with_tensor(d, "head.norm.weight", torch.full((10,), 3e38)),
        "a photo gives it values that are not finite",
    ),
    "NaN behind a variance of 0": (
        lambda d: with_tensor(
            with_tensor(d, VARIANCE, torch.full((16,), 0.0)), NORM, torch.full((16,), 3e38)
        ),
        "a photo gives it values that are not finite",
    ),
    "tiny deviation": (lambda d: pictures(d, deviation=[1e-30]), "bring pixels to"),
    "denormal deviation": (lambda d: pictures(d, deviation=[1e-310]), "bring pixels to"),
    "a mean from afar": (lambda d: pictures(d, mean=[-1e7]), "bring pixels to"),
    "infinite": (lambda d: with_tensor(d, NORM, torch.full((16,), torch.inf)), "not finite"),
    "latent but packed": (
        lambda d: rewritten(d, lambda _, h: h.update(format="design-latent-1")),
        "is damaged",
    ),
    "latent NaN": (
        lambda _: with_tensor(
            latent_file({"name": "tiny", "width": 4, "in_channels": 3, "image_size": 32}),
            "blocks.block2.conv.weight",
            torch.full((4, 4, 3, 3), torch.nan),
        ),
        "not finite",
    ),
}
