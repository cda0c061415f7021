"""A checkpoint of another project as a network of this zoo: asked, looked into, packed, exported.

State dicts hold no word on pictures and classes. The file's metadata may, as texts: ``pictures``,
JSON with any of ``mean``, ``deviation`` and ``class_names``, and ``kernel``, the thresholds of the
authors' repository. Without them pictures are fed as those projects feed CIFAR-10.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import nn

from design_core.engine.network import PackedNetwork
from design_core.kernels.kernel import ThresholdKernel
from design_core.kernels.spec import parse_kernel
from design_core.networks.facts import NetworkFacts
from design_core.networks.layers import BinaryConv2d, BinaryLinear
from design_core.paths import DATA
from design_core.pictures.dataset_cards import CIFAR10_CLASSES, CIFAR100_CLASSES
from design_core.pictures.datasets import open_split
from design_core.pictures.form import PictureForm, normalized
from design_core.pictures.samples import sample, sample_names
from design_core.pictures.squares import square_pixels
from design_core.zoo.checkpoint import Checkpoint
from design_core.zoo.elsewhere import load_elsewhere
from design_core.zoo.network_file import CheckpointError, NetworkFile

__all__ = ["ForeignFile", "ForeignSpec", "read_foreign"]

#: With which BinaryNet.pytorch, IR-Net and ReCU feed CIFAR-10: the moments of ImageNet.
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_FEEDING = {"mean", "deviation"}
_SIDE = 32
_NAMES = {10: CIFAR10_CLASSES, 100: CIFAR100_CLASSES}  # by their number
_CALIBRATING = 100  # pictures for the statistics of batch norms, at most


@dataclass(frozen=True)
class ForeignSpec(NetworkFacts):
    """What is known of another project's network, in the terms of `NetworkSpec`.

    Parameters
    ----------
    name
        What it is and who wrote it.
    side
        Of its pictures.
    learned
        Whether its batch norms have γ and β.
    """

    name: str
    side: int
    learned: bool

    @property
    def options(self) -> Mapping[str, Any]:
        """As those of a network of this project."""
        return {
            **{"activation": "sign", "affine": self.learned},
            **{"in_channels": 3, "image_size": self.side},
        }

    def network_options(self) -> Mapping[str, Any]:
        """All of them."""
        return self.options

    def build(self) -> nn.Module:
        """There is no such network without its file; ValueError."""
        raise ValueError(f"{self.name} was built elsewhere; it is opened, not trained here.")

    def to_dict(self) -> dict[str, Any]:
        """A JSON-able description."""
        return {"name": self.name, **self.options}


@dataclass(frozen=True, eq=False)
class ForeignFile(NetworkFile):
    """Another project's checkpoint, opened.

    Parameters
    ----------
    opened
        The network.
    words
        What the file holds and what was taken for granted, for people.
    """

    opened: Checkpoint
    words: tuple[str, ...]

    @cached_property
    def network(self) -> Mapping[str, Any]:
        """What is known of it."""
        return self.opened.spec.to_dict()

    @cached_property
    def pictures(self) -> PictureForm:
        """What it takes and gives."""
        return self.opened.pictures

    @cached_property
    def packed(self) -> PackedNetwork | None:
        """The network on the 1-bit engine; None where only PyTorch can run it."""
        return self.opened.packed

    @cached_property
    def checkpoint(self) -> Checkpoint:
        """The network in PyTorch."""
        return self.opened


def read_foreign(data: bytes, name: str, kernel: ThresholdKernel | None = None) -> ForeignFile:
    """Open another project's checkpoint. Whether it computes anything is not tried.

    Parameters
    ----------
    kernel
        Of a checkpoint of the authors' repository, unless the file's metadata name it.

    Raises
    ------
    CheckpointError
        As `load_elsewhere`; or metadata that make no sense.
    """
    try:
        header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
        metadata = header.get("__metadata__", {})
        told = json.loads(metadata.get("pictures", "{}"))
        kernel = parse_kernel(metadata["kernel"]) if "kernel" in metadata else kernel
        _form(_SIDE, len(CIFAR10_CLASSES), {key: told[key] for key in told if key in _FEEDING})
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CheckpointError(f"The metadata of {name} make no sense: {error}.") from error
    pictures, whose = _calibrating(told) if kernel else (None, "")
    made = load_elsewhere(data, kernel=kernel, pictures=pictures, name=name)
    *words, last = made.words
    words.append(last.replace("given here", whose) if whose else last)
    try:
        form = _form(_side(made.model), _classes(made.model), told)
    except (ValueError, TypeError, IndexError, StopIteration, ZeroDivisionError) as error:
        raise CheckpointError(f"{name} fits no pictures: {error}.") from error
    norms = [one for one in made.model.modules() if isinstance(one, nn.BatchNorm2d)]
    learned = any(one.affine for one in norms)
    spec = ForeignSpec(made.words[0].rstrip("."), form.shape[1], learned)
    opened = Checkpoint(spec, made.model.requires_grad_(False), form)
    return ForeignFile(name, b"", opened, (*words, _taken_for_granted(form, told)))


def _form(side: int, classes: int, told: Mapping[str, Any]) -> PictureForm:
    """How pictures are fed: as told, else as those projects do it."""
    names = _NAMES.get(classes, tuple(f"class {k}" for k in range(classes)))
    plain = {"mean": _MEAN, "deviation": _DEVIATION, "class_names": names, **told}
    form = PictureForm.from_dict({**plain, "shape": (3, side, side)})
    if len(form.class_names) != classes:
        raise ValueError(f"it gives {classes} scores, for {len(form.class_names)} class names")
    return form


def _taken_for_granted(form: PictureForm, told: Mapping[str, Any]) -> str:
    first = ", ".join(form.class_names[:3])
    names = "named in its metadata" if "class_names" in told else "taken to be"
    feeding = "mean and deviation stand in its metadata"
    if not set(told) >= _FEEDING:
        feeding = "mean and deviation are those of ImageNet, as these projects feed CIFAR-10"
    return f"Its {len(form.class_names)} classes are {names} {first}, …; {feeding}."


def _classes(model: nn.Module) -> int:
    """How many scores its last layer gives."""
    layers = [one for one in model.modules() if isinstance(one, nn.Linear | BinaryLinear)]
    classes: int = layers[-1].weight.shape[0]
    return classes


def _side(model: nn.Module) -> int:
    """The side of the pictures that the first linear layer of a chain asks for."""
    if not isinstance(model, nn.Sequential):
        return _SIDE  # residual networks take means of maps, of any size
    channels, pools = 0, 0
    for module in model:
        if isinstance(module, nn.Conv2d | BinaryConv2d):
            channels = int(module.weight.shape[0])
        elif isinstance(module, nn.MaxPool2d):
            pools += 1
        elif isinstance(module, nn.Linear | BinaryLinear):
            return math.isqrt(int(module.weight.shape[1]) // channels) << pools
    raise ValueError("no linear layer ends it")


def _calibrating(told: Mapping[str, Any]) -> tuple[torch.Tensor, str]:
    """Normalized pictures for the statistics of batch norms, and whose they are."""
    found = open_split("cifar10", DATA, split="train")
    if found is None:
        pictures, whose = [sample(name) for name in sample_names("cifar10")], "embedded here"
    else:
        places = range(min(_CALIBRATING, len(found)))
        pictures, whose = [found.picture(k) for k in places], "of CIFAR-10's training set"
    squares = np.stack([square_pixels(picture, 3, _SIDE) for picture in pictures])
    mean, deviation = (
        torch.tensor(told.get(key, usual))
        for key, usual in (("mean", _MEAN), ("deviation", _DEVIATION))
    )
    return normalized(torch.from_numpy(squares), mean, deviation), whose
