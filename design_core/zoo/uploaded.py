"""Checkpoints that somebody brings along: checked, opened, and measured like those of the zoo.

Nothing is unpickled and nothing written. A file is refused with a sentence that says what came,
what was expected, and what to do.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from design_core.kernels.kernel import ThresholdKernel
from design_core.networks import NetworkSpec, network_options
from design_core.networks.intermediate import activation_maps
from design_core.networks.summary import NetworkSummary, summary
from design_core.pictures.dataset_cards import DATASETS
from design_core.pictures.picture_set import PictureSet
from design_core.training.evaluation import Evaluation, evaluate
from design_core.zoo.card import BEFORE_HASH, OWN, PLACED_OPTIONS, Card, SeedResult
from design_core.zoo.checkpoint import (
    Checkpoint,
    CheckpointError,
    checkpoint_bytes,
    prove_finite,
    read_checkpoint,
    read_outline,
)
from design_core.zoo.elsewhere import KernelMissingError, has_their_names
from design_core.zoo.entry import Entry
from design_core.zoo.foreign_file import read_foreign
from design_core.zoo.network_file import MAX_UPLOAD, MAX_WEIGHTS, NetworkFile, read_header

__all__ = ["HOW_TO", "OwnCard", "evaluate_own", "open_file", "read_own", "with_answers"]

_MAX_MACS = 2**31  # per picture; a `vgg_small` of the paper's width takes 0.6 · 10⁹
_DIGITS = 8  # of the hash in a name
# Of a file on this machine; BinaryNet's VGG, three times as wide, has 150 MB.
_MOST_NAMED = 2**29
_PART = 500  # test pictures between two reports; a multiple of ten, see `evaluate`

#: What to do to get a file that is taken.
HOW_TO = (
    "Expected is a safetensors file of a registered network: one of the zoo, one written by "
    "design_core.zoo.checkpoint.save_checkpoint, or a whole state dict with the metadata that the "
    "help describes; or a state dict of the authors' repository, ReCU, IR-Net or BinaryNet.pytorch."
)

# What people bring instead, by its first bytes.
_FOREIGN = (
    (b"PK\x03\x04", "a ZIP archive, as torch.save, Keras and NumPy write them"),
    (b"\x80", "a Python pickle, which is never opened here: unpickling runs code from the file"),
    (b"\x89HDF", "an HDF5 file"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"GGUF", "a GGUF file"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"MATLAB", "a MATLAB file"),
)
_PACKED = b"design-packed-"  # the format of `design_core.engine.files`
_ONNX_FIRST = b"\x08"  # field 1 of a ModelProto, the version, which every exporter writes first


@dataclass(frozen=True, eq=False)
class OwnCard(Card):
    """The card of an own network. What is not known of it is NaN.

    Parameters
    ----------
    predicted, true
        Class of every test picture once it is evaluated; None before.
    words
        What a checkpoint of another project holds, see `design_core.zoo.foreign_file`.
    """

    predicted: NDArray[np.int64] | None = None
    true: NDArray[np.int64] | None = None
    words: tuple[str, ...] = ()

    @property
    def options(self) -> dict[str, Any]:
        """Those that are other than the network's defaults; there is no recipe to tell."""
        if self.words:  # no network of ours, and nothing was chosen
            return {}
        defaults = network_options(str(self.network["name"]))
        others = set(defaults) - PLACED_OPTIONS - {"in_channels", "num_classes"}  # of the data
        asked = {key: self.network.get(key, defaults[key]) for key in sorted(others)}
        return {key: value for key, value in asked.items() if value != defaults[key]}

    @property
    def logged(self) -> bool:
        """Nobody sent its metrics along."""
        return False

    @property
    def evaluated(self) -> bool:
        """Whether accuracy, density and confusion are known."""
        return self.predicted is not None

    def predictions(self, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """As of any card; ValueError before it is evaluated."""
        self.result(seed)
        if self.predicted is None or self.true is None:
            raise ValueError(f"{self.name} is not evaluated yet, so it has no predictions.")
        return self.predicted, self.true


def open_file(path: Path, *, kernel: ThresholdKernel | None = None) -> Entry:
    """The network in a file that the owner of this machine names; errors as `read_own`."""
    try:
        if (size := path.stat().st_size) > _MOST_NAMED:
            raise CheckpointError(f"{path.name} has {size:,} bytes; {_MOST_NAMED:,} are read.")
        data = path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror}.") from error
    return read_own(data, name=path.name, kernel=kernel, bounded=False)


def read_own(
    data: bytes, *, name: str, kernel: ThresholdKernel | None = None, bounded: bool = True
) -> Entry:
    """Check an uploaded file and open the network in it.

    Parameters
    ----------
    name
        Of the file; without its suffix, and with the file's hash, it becomes the network's name.
    kernel
        Of a file of the authors' repository, which holds none.
    bounded
        Whether it is a stranger's, and must be of reasonable size.

    Raises
    ------
    KernelMissingError
        A file of the authors' repository, and no kernel.
    CheckpointError
        Anything but a sound checkpoint of a known network of reasonable size.
    """
    _refuse_foreign(data, name, bounded=bounded)
    try:
        if has_their_names(data) and not _says_what_it_is(data):
            return _from_elsewhere(data, name, kernel, bounded=bounded)
        outline = read_outline(data, name=name)
        if outline.spec.per_pixel:
            raise CheckpointError(
                f"{name} is of a network that gives a class to every pixel; here networks give "
                "one to the picture."
            )
        counted = summary(outline.model, outline.pictures.shape)
        if bounded:
            _refuse_immense(counted, name)
        file = NetworkFile(name, data if outline.packed else _packed(data, name))
        card = _card(data, name, file.checkpoint, counted)
    except KernelMissingError:
        raise
    except CheckpointError as error:
        raise CheckpointError(f"{error} {HOW_TO}") from error
    return Entry(card, 0, file)


def _says_what_it_is(data: bytes) -> bool:
    """Whether a header names a network of ours."""
    try:
        return bool(read_header(data, ""))
    except CheckpointError:
        return False


def _from_elsewhere(
    data: bytes, name: str, kernel: ThresholdKernel | None, *, bounded: bool
) -> Entry:
    """A network that another project trained."""
    file = read_foreign(data, name, kernel)
    try:
        counted = summary(file.checkpoint.model, file.pictures.shape)
        if bounded:
            _refuse_immense(counted, name)
        prove_finite(file.checkpoint, name)
        card = _card(data, name, file.checkpoint, counted)
    except CheckpointError:
        raise
    except (RuntimeError, ValueError, IndexError, TypeError) as error:
        reason = str(error).partition("\n")[0][:200].rstrip(".")
        raise CheckpointError(f"{name} does not fit its layout: {reason}.") from error
    known: Mapping[str, Any] = vars(card)
    return Entry(OwnCard(**{**known, "words": file.words}), 0, file)


def _packed(data: bytes, name: str) -> bytes:
    """The same network with one bit per binary weight: what is kept, and what the engine takes."""
    whole = read_checkpoint(data, name=name)
    assert isinstance(whole.spec, NetworkSpec)
    return checkpoint_bytes(whole.model, whole.spec, whole.pictures)


def _refuse_foreign(data: bytes, name: str, *, bounded: bool) -> None:
    """CheckpointError if the file is too large, empty, or plainly of another kind."""
    if bounded and len(data) > MAX_UPLOAD:
        raise CheckpointError(
            f"{name} has {len(data):,} bytes, {MAX_UPLOAD:,} at most are read. Binary weights take "
            f"one bit each if the file is packed. {HOW_TO}"
        )
    if not data:
        raise CheckpointError(f"{name} is empty. Upload it again. {HOW_TO}")
    for start, kind in _FOREIGN:
        if data.startswith(start) and not _like_safetensors(data):
            raise CheckpointError(f"{name} is {kind}. {HOW_TO}")
    if data.startswith(_ONNX_FIRST) and b"onnx" in data[:4096].lower():
        raise CheckpointError(f"{name} is an ONNX model. {HOW_TO}")
    if _like_safetensors(data) and _PACKED in data[: 8 + int.from_bytes(data[:8], "little")]:
        raise CheckpointError(
            f"{name} is a packed network of the 1-bit engine, whose thresholds are whole numbers "
            "and whose kernel is gone; load_packed runs it. Bring the checkpoint that it was made "
            f"of. {HOW_TO}"
        )
    if not _like_safetensors(data) and _is_text(data):
        raise CheckpointError(f"{name} is a text file. {HOW_TO}")


def _like_safetensors(data: bytes) -> bool:
    """Whether the length of a JSON header comes first; its lowest byte may be any."""
    return data[8:9] == b"{" and int.from_bytes(data[:8], "little") <= len(data) - 8


def _is_text(data: bytes) -> bool:
    try:
        start = data[:4096].decode("utf-8", errors="strict")
    except UnicodeDecodeError as error:
        if error.start < len(data[:4096]) - 3:  # a letter may be cut at the end
            return False
        start = data[: error.start].decode("utf-8")
    return all(letter.isprintable() or letter.isspace() for letter in start)


def _refuse_immense(counted: NetworkSummary, name: str) -> None:
    """CheckpointError if the network would take too much memory or time."""
    weights = counted.total("binary_parameters") + counted.total("real_parameters")
    macs = counted.total("binary_macs") + counted.total("real_macs")
    for what, count, most in (
        ("weights", weights, MAX_WEIGHTS),
        ("multiply-accumulates per picture", macs, _MAX_MACS),
    ):
        if count > most:
            raise CheckpointError(
                f"{name} describes a network of {count:,} {what}; {most:,} at most are taken. "
                "Use a smaller one."
            )


def _card(data: bytes, name: str, checkpoint: Checkpoint, counted: NetworkSummary) -> OwnCard:
    pictures, unknown = checkpoint.pictures, math.nan
    sha256 = hashlib.sha256(data).hexdigest()
    kinds = ("binary", "real")
    result = SeedResult(
        seed=0,
        accuracy=unknown,
        right=0,
        loss=unknown,
        training_loss=unknown,
        density=dict.fromkeys(_blocks(checkpoint), unknown),
        sha256=sha256,
        bytes=len(data),
        seconds=unknown,
        environment={},
    )
    return OwnCard(
        name=f"{OWN}{_short(name)}{BEFORE_HASH}{sha256[:_DIGITS]}",
        folder=Path(),
        network=checkpoint.spec.to_dict(),
        recipe={"name": "own", "epochs": 0},
        data={
            "name": _data_name(pictures.class_names),
            "class_names": list(pictures.class_names),
            "mean": list(pictures.mean),
            "deviation": list(pictures.deviation),
            "test": 0,
        },
        parameters={kind: counted.total(f"{kind}_parameters") for kind in kinds},
        bytes={"packed": counted.total("packed_bytes"), "float32": counted.total("latent_bytes")},
        macs={kind: counted.total(f"{kind}_macs") for kind in kinds},
        confusion=(),
        results=(result,),
    )


def _short(name: str) -> str:
    """A file's name without folders, suffix, and what a reference could not hold."""
    stem = Path(name.replace("\\", "/")).name.removesuffix(".safetensors")
    kept = "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in stem)
    return kept[:60] or "network"


def _data_name(class_names: tuple[str, ...]) -> str:
    """The data set whose classes these are; ``own`` if none."""
    known = (name for name, card in DATASETS.items() if card.class_names == class_names)
    return next(known, "own")


def _blocks(checkpoint: Checkpoint) -> list[str]:
    blank = torch.zeros(1, *checkpoint.pictures.shape)
    return [tap.name for tap in activation_maps(checkpoint.model, blank)[1]]


def evaluate_own(
    entry: Entry,
    pictures: PictureSet,
    *,
    dataset: str,
    report: Callable[[float], object] = lambda _: None,
) -> Entry:
    """Measure an own network on a test set.

    Parameters
    ----------
    dataset
        What the set's data are called, ``cifar10`` or ``folder:pets``.
    report
        Hears the share that is done.

    Raises
    ------
    ValueError
        A set of other classes than the network's.
    PictureError
        A picture of the set cannot be read.
    """
    form, true = entry.checkpoint.pictures, pictures.labels
    if pictures.class_names != form.class_names:
        raise ValueError(
            f"{pictures.title} has the classes {', '.join(pictures.class_names[:5])} …; the "
            f"network knows {', '.join(form.class_names[:5])} …"
        )
    parts = []
    for start in range(0, len(true), _PART):
        places = range(start, min(start + _PART, len(true)))
        parts.append((_evaluated_part(entry.checkpoint, pictures, places), len(places)))
        report(places.stop / len(true))
    weights = np.array([count for _, count in parts]) / len(true)
    return with_answers(
        entry,
        dataset,
        np.concatenate([tested.predictions.numpy() for tested, _ in parts]),
        true,
        loss=_mean([tested.loss for tested, _ in parts], weights),
        density={
            block: _mean([tested.density[block] for tested, _ in parts], weights)
            for block in entry.card.blocks
        },
    )


def with_answers(
    entry: Entry,
    dataset: str,
    predicted: NDArray[np.int64],
    true: NDArray[np.int64],
    *,
    loss: float,
    density: Mapping[str, float],
) -> Entry:
    """An own network with what it answers on a test set.

    Parameters
    ----------
    dataset
        What the set's data are called.
    predicted, true
        Class of each test picture, (N,).
    loss, density
        Mean cross-entropy, and activation density by block.
    """
    right = int((predicted == true).sum())
    classes = len(entry.card.class_names)
    result = replace(
        entry.card.results[0],
        accuracy=right / len(true),
        right=right,
        loss=loss,
        density=dict(density),
    )
    counts = np.bincount(true * classes + predicted, minlength=classes**2)
    known: Mapping[str, Any] = vars(entry.card)
    card = OwnCard(
        **{
            **known,
            "results": (result,),
            "data": {**entry.card.data, "name": dataset, "test": len(true)},
            "confusion": counts.reshape(classes, classes).tolist(),
            "predicted": predicted,
            "true": true,
        }
    )
    return replace(entry, card=card)


def _evaluated_part(checkpoint: Checkpoint, pictures: PictureSet, places: range) -> Evaluation:
    form = checkpoint.pictures
    x = torch.cat([form.pixels(pictures.picture(place)) for place in places])
    y = torch.tensor(pictures.labels[places.start : places.stop])
    mean, deviation = map(torch.tensor, (form.mean, form.deviation))
    return evaluate(checkpoint.model, x, y, mean, deviation)


def _mean(values: list[float], weights: NDArray[np.float64]) -> float:
    return float(np.dot(values, weights))
