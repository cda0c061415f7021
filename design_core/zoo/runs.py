"""Finished training runs as networks of a zoo, before they are collected.

A folder of runs is a zoo: wherever a zoo's folder is named, so may that be, and wherever a network
of a zoo, so may the folder of a run.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from design_core.networks import NetworkSpec
from design_core.networks.summary import summary
from design_core.pictures.dataset_cards import DATASETS
from design_core.segmentation.scores import CLASSIFICATION
from design_core.training.data import picture_size
from design_core.training.run import load_run
from design_core.zoo.card import Card, SeedResult, is_finished_run, with_younger_options
from design_core.zoo.checkpoint import checkpoint_bytes
from design_core.zoo.network_file import NetworkFile, PictureForm

__all__ = ["RunCard", "open_run", "picture_form", "read_result", "seed_result"]


@dataclass(frozen=True)
class RunCard(Card):
    """The card of a single run; its folder is the run's."""

    @property
    def logged(self) -> bool:
        """Every run keeps its metrics."""
        return True

    def _log(self, seed: int) -> Path:
        self.result(seed)
        return self.folder / "metrics.jsonl"

    def _predictions(self, seed: int) -> Path:
        self.result(seed)
        return self.folder / "predictions.npz"


def open_run(folder: Path) -> tuple[RunCard, NetworkFile]:
    """The card and the network of a finished run; read once for as long as it stays the same.

    Raises
    ------
    ValueError
        A run that is not finished, or damaged.
    """
    if not is_finished_run(folder):
        raise ValueError(f"{folder} holds no finished training run. Go on with train --resume.")
    return _opened(folder, (folder / "result.json").stat().st_mtime_ns)


@lru_cache(maxsize=64)
def _opened(folder: Path, changed: int) -> tuple[RunCard, NetworkFile]:
    del changed  # part of the key
    try:
        return _read(folder)
    except (OSError, KeyError, TypeError) as error:
        raise ValueError(f"{folder} is damaged: {error!r}. Train it again.") from error


def _read(folder: Path) -> tuple[RunCard, NetworkFile]:
    result = read_result(folder)
    spec = NetworkSpec.from_dict(result["network"])
    _, model = load_run(folder)
    form = picture_form(spec, result["data"])
    data = checkpoint_bytes(model, spec, form)
    counted = summary(model, form.shape)
    kinds = ("binary", "real")
    card = RunCard(
        name=folder.name,
        folder=folder,
        network=with_younger_options(result["network"]),
        recipe=result["recipe"],
        data=result["data"],
        parameters={kind: counted.total(f"{kind}_parameters") for kind in kinds},
        bytes={"packed": counted.total("packed_bytes"), "float32": counted.total("latent_bytes")},
        macs={kind: counted.total(f"{kind}_macs") for kind in kinds},
        confusion=result["confusion"],
        task=result.get("task", CLASSIFICATION),
        results=(seed_result(result, data),),
    )
    return card, NetworkFile(folder.name, data)


def read_result(run: Path) -> dict[str, Any]:
    """What ``result.json`` of a run holds; ValueError if it is not finished."""
    path = run / "result.json"
    if not path.is_file():
        raise ValueError(f"{run} holds no finished training run.")
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def seed_result(result: Mapping[str, Any], data: bytes) -> SeedResult:
    """A run's result as cards hold it, with its packed file."""
    return SeedResult(
        seed=int(result["seed"]),
        accuracy=result["accuracy"],
        right=result["right"],
        loss=result["loss"],
        training_loss=result["final_training"]["loss"],
        density=result["density"],
        sha256=hashlib.sha256(data).hexdigest(),
        bytes=len(data),
        seconds=result["seconds"],
        environment=result["environment"],
        mean_iou=result.get("mean_iou"),
    )


def picture_form(spec: NetworkSpec, data: Mapping[str, Any]) -> PictureForm:
    """What a network takes that was trained on these data, as ``run.json`` describes them."""
    if spec.per_pixel:
        return PictureForm.from_dict(data, square=False)
    channels = len(data["mean"])
    card = DATASETS.get(data["name"])
    # ResNets take any size, so also the 8 pixels of the digits.
    given = card.form if card and "image_size" not in spec.options else None
    _, side = given or picture_size(spec.options)
    return PictureForm.from_dict({**data, "shape": (channels, side, side)})
