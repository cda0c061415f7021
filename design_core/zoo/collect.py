"""From a finished training run to an entry of the zoo, proven to compute the same."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from design_core.atomic import write_atomically
from design_core.engine.network import PackedNetwork
from design_core.networks import NetworkSpec
from design_core.networks.summary import NetworkSummary, summary
from design_core.progress import Progress, no_progress
from design_core.segmentation.scores import CLASSIFICATION, SEGMENTATION
from design_core.training.data import TrainingData
from design_core.training.evaluation import Evaluation, evaluate
from design_core.training.run import load_run
from design_core.zoo.card import (
    CHECKPOINTS,
    Card,
    SeedResult,
    card_name,
    with_younger_options,
)
from design_core.zoo.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from design_core.zoo.runs import picture_form, read_result, seed_result

__all__ = ["collect_run", "evaluate_checkpoint"]

# Where the names of cards are from, for runs that differ and share one.
_NAMES = {
    "data": "Rename its folder of pictures, and train in that.",
    "recipe": "Give the run's recipe a name of its own.",
    "network": "Give the run's recipe a name of its own.",
}
_PROBES = 16  # random pictures on which logits are compared


def collect_run(run: Path, data: TrainingData | None, *, root: Path = CHECKPOINTS) -> Card:
    """Add a finished run to the zoo: packed network, log, predictions, card.

    Parameters
    ----------
    run
        The run's folder.
    data
        Its data set, on whose test pictures the packed network is evaluated. Without it, its
        logits are compared with the run's on random pictures.

    Raises
    ------
    ValueError
        A run that is not finished, or that got more epochs after its first plan; a
        packed network that does not give the run's predictions, picture by picture; a card of the
        same name with another recipe, network or data.
    """
    result = read_result(run)
    if before := result.get("epochs_before"):
        plans = ", then ".join(map(str, [*before, result["recipe"]["epochs"]]))
        raise ValueError(
            f"{run} was planned for {plans} epochs, and each plan brought the learning rate to 0: "
            "no recipe of the zoo makes it again. Train it in one go, in another folder."
        )
    seed, folder = int(result["seed"]), root / card_name(result)
    spec = NetworkSpec.from_dict(result["network"])
    others = _other_results(folder, result)
    description, model = load_run(run)
    model = model.to(memory_format=torch.channels_last)
    pictures = picture_form(spec, description["data"])
    logs = folder / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    path = folder / f"seed-{seed}.safetensors"
    sha256 = save_checkpoint(path, model, spec, pictures)
    try:
        _prove(load_checkpoint(path, sha256=sha256), model, run, data)
    except ValueError:
        path.unlink()
        raise
    for name in ("metrics.jsonl", "predictions.npz"):
        source = run / name
        write_atomically(logs / f"seed-{seed}{source.suffix}", source.read_bytes())
    own = seed_result(result, path.read_bytes())
    results = tuple(sorted([*others, own], key=lambda entry: entry.seed))
    card = _card(folder, result, summary(model, pictures.shape), results)
    write_atomically(folder / "card.json", card.text().encode())
    return card


def evaluate_checkpoint(
    checkpoint: Checkpoint,
    data: TrainingData,
    *,
    packed: PackedNetwork | None = None,
    progress: Progress = no_progress,
) -> Evaluation:
    """Measure a checkpoint on a test set of its own picture size and classes.

    With `packed`, the same network on the 1-bit engine, that gives the scores; see `evaluate`.
    """
    expected = (checkpoint.pictures.shape, checkpoint.pictures.class_names)
    count, height, width, channels = data.test_x.shape
    if ((channels, height, width), data.class_names) != expected:
        raise ValueError(
            f"The network takes pictures of {list(expected[0])} (C, H, W) in "
            f"{len(expected[1])} classes; {data.name} has {count} test pictures of "
            f"{[channels, height, width]} in {len(data.class_names)} classes of its own."
        )
    mean, deviation = map(torch.tensor, (checkpoint.pictures.mean, checkpoint.pictures.deviation))
    test = (data.test_x, data.test_y, mean, deviation)
    return evaluate(checkpoint.model, *test, packed=packed, progress=progress)


def _other_results(folder: Path, result: Mapping[str, Any]) -> list[SeedResult]:
    """Those of the other seeds, if the card is of the same configuration."""
    if not (folder / "card.json").is_file():
        return []
    card = Card.load(folder)
    own = {**result, "network": with_younger_options(result["network"])}
    for key in ("recipe", "network", "data"):
        if getattr(card, key) != own[key]:
            raise ValueError(
                f"{folder.name} has another {key} than this run: {getattr(card, key)}, "
                f"not {own[key]}. {_NAMES[key]}"
            )
    return [entry for entry in card.results if entry.seed != result["seed"]]


def _prove(
    packed: Checkpoint, model: torch.nn.Module, run: Path, data: TrainingData | None
) -> None:
    """ValueError unless the packed network computes what the run's does."""
    if data is None:
        generator = torch.Generator().manual_seed(0)
        x = torch.randn(_PROBES, *packed.pictures.shape, generator=generator)
        with torch.inference_mode():
            if not torch.equal(packed.model(x), model(x)):
                raise ValueError(f"The packed network of {run} gives other logits than its run.")
        return
    tested = evaluate_checkpoint(packed, data)
    with np.load(run / "predictions.npz", allow_pickle=False) as stored:
        if data.per_pixel:
            counts = tested.picture_confusions(len(data.class_names))
            differing = int((counts != stored["confusions"]).any(axis=(1, 2)).sum())
        else:
            differing = int((tested.predictions.numpy() != stored["predictions"]).sum())
    if differing:
        raise ValueError(
            f"The packed network of {run} classifies {differing} test pictures in another way "
            "than its run did. Is this the run's data set?"
        )


def _card(
    folder: Path,
    result: Mapping[str, Any],
    counted: NetworkSummary,
    results: tuple[SeedResult, ...],
) -> Card:
    kinds = ("binary", "real")
    card = Card(
        name=folder.name,
        folder=folder,
        network=result["network"],
        recipe=result["recipe"],
        data=result["data"],
        parameters={kind: counted.total(f"{kind}_parameters") for kind in kinds},
        bytes={"packed": counted.total("packed_bytes"), "float32": counted.total("latent_bytes")},
        macs={kind: counted.total(f"{kind}_macs") for kind in kinds},
        confusion=(),
        results=results,
        task=result.get("task", CLASSIFICATION),
    )
    classes = len(result["data"]["class_names"])
    confusion = sum(_confusion(card, seed, classes) for seed in card.seeds)
    return Card(**{**vars(card), "confusion": np.asarray(confusion).tolist()})


def _confusion(card: Card, seed: int, classes: int) -> NDArray[np.int64]:
    if card.task == SEGMENTATION:
        counts: NDArray[np.int64] = card.picture_confusions(seed).sum(0)
        return counts
    predicted, true = card.predictions(seed)
    return np.bincount(true * classes + predicted, minlength=classes**2).reshape(classes, classes)
