"""Cards made up for tests: another network and other results than any of the zoo."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from design_core.pictures.dataset_cards import CIFAR100_CLASSES
from design_core.zoo.card import Card, SeedResult, find_card

__all__ = ["DESIGN_OFF", "DESIGN_ON", "SIGN_OFF", "SIGN_ON", "made_card", "made_files"]

_PER_CLASS, _EPOCHS = 5, 4


def made_card(activation: str, affine: bool, accuracies: dict[int, float]) -> Card:
    """A card of the digits with accuracies by seed."""
    base, _ = find_card("digits-tiny-w16-sign-affine_on")
    results = tuple(
        replace(base.results[0], seed=seed, accuracy=value) for seed, value in accuracies.items()
    )
    network = {**base.network, "activation": activation, "affine": affine}
    return replace(base, name=f"{activation}-{affine}", network=network, results=results)


SIGN_OFF = made_card("sign", False, {0: 0.70, 1: 0.71, 2: 0.70})
SIGN_ON = made_card("sign", True, {0: 0.75, 1: 0.77, 2: 0.76})
DESIGN_OFF = made_card("design:2x2-v2", False, {0: 0.73, 1: 0.75, 2: 0.72})
DESIGN_ON = made_card("design:2x2-v2", True, {0: 0.76, 1: 0.77, 3: 0.80})


def made_files(root: Path, activation: str, affine: bool, seeds: Sequence[int]) -> Card:
    """A card of CIFAR-100 with logs and predictions, drawn at random, but without networks."""
    base, _ = find_card("digits-tiny-w16-sign-affine_on")
    name = f"cifar100-{activation.replace(':', '_')}-{affine}"
    logs = root / name / "logs"
    logs.mkdir(parents=True)
    true = np.repeat(np.arange(100), _PER_CLASS)
    confusion = np.zeros((100, 100), np.int64)
    results = []
    for seed in seeds:
        rng = np.random.default_rng([seed, len(activation), affine])
        predicted = np.where(rng.random(true.size) < 0.5, true, rng.integers(0, 100, true.size))
        np.savez(logs / f"seed-{seed}.npz", predictions=predicted, labels=true)
        np.add.at(confusion, (true, predicted), 1)
        accuracy = float((predicted == true).mean())
        epochs = [
            {
                "loss": 4.0 - epoch,
                "test_accuracy": accuracy * (epoch + 1) / _EPOCHS,
                "flip_ratio": {"conv": 0.1 / (epoch + 1)},
                "density": {"block1": 0.3},
                "milliseconds_per_step": 100.0,
            }
            for epoch in range(_EPOCHS)
        ]
        lines = "".join(f"{json.dumps(epoch)}\n" for epoch in epochs)
        (logs / f"seed-{seed}.jsonl").write_text(lines, encoding="utf-8")
        right = int((predicted == true).sum())
        density = {f"block{k}": 0.1 + 0.8 * float(rng.random()) for k in range(1, 5)}
        results.append(
            SeedResult(seed, accuracy, right, 2.0, 1.0, density, f"{name}{seed}", 999, 60.0, {})
        )
    card = replace(
        base,
        name=name,
        folder=root / name,
        network={**base.network, "activation": activation, "affine": affine},
        recipe={**base.recipe, "name": "statistics", "epochs": _EPOCHS},
        data={**base.data, "name": "cifar100", "class_names": list(CIFAR100_CLASSES)},
        confusion=confusion.tolist(),
        results=tuple(results),
    )
    (root / name / "card.json").write_text(card.text(), encoding="utf-8")
    return card
