"""Train one network by one recipe, so that it can be killed at any time and resumed exactly.

Files of a run, in its folder:

- ``run.json``: recipe, network, data and seed, versions;
- ``state.safetensors``: weights and optimizer after the last finished epoch;
- ``metrics.jsonl``: one line per epoch;
- ``result.json``: what the network of the last epoch does on the test set; never the best epoch,
  which would be chosen on the test set itself;
- ``predictions.npz``: its class for every test picture; where pixels have classes, the confusion
  counts of every test picture instead.

A killed run goes on after the last finished epoch, through the same steps as without the kill.
"""

from __future__ import annotations

import io
import json
import platform
import shutil
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from design_core.atomic import write_atomically
from design_core.networks import NetworkSpec
from design_core.networks.picture import fitted_picture
from design_core.segmentation.scores import SEGMENTATION, mean_iou
from design_core.training.compilation import CompiledStep
from design_core.training.data import TrainingData
from design_core.training.distributed import (
    Processes,
    processes,
    synchronize_batch_norm,
    wait_for_all,
)
from design_core.training.evaluation import Evaluation
from design_core.training.recipe import Recipe
from design_core.training.state import load_state, load_weights, save_state
from design_core.training.trainer import Trainer, finished

__all__ = ["first_network", "load_run", "time_of_step", "train_run"]

Report = Callable[[str, bool], None]
Forward = Callable[[Tensor], Tensor]

_WARMING = 3  # steps before a measurement


def train_run(
    recipe: Recipe,
    data: TrainingData,
    out: Path,
    *,
    seed: int = 0,
    resume: bool = False,
    report: Report = lambda _text, _finished: None,
) -> dict[str, Any]:
    """Train by a recipe and return the contents of ``result.json``.

    Parameters
    ----------
    out
        The run's folder; made if missing. All processes must see it.
    seed
        Of the first weights, and of every epoch's order and augmentation.
    resume
        Go on with the run in `out`, or begin it if there is none.
    report
        Receives what there is to tell, and whether it is final or about an epoch under way; only
        in the first process.

    Raises
    ------
    ValueError
        `out` holds a run that is not to be resumed, or another one; a batch that the data or the
        processes do not fill; a loss that is no longer finite.
    """
    with processes() as group:
        run = _Run(recipe, data, group, seed)
        description = run.describe()
        if group.leads:
            description |= _claim(out, description, resume=resume)
        run.train(out, report)
        wait_for_all(group)  # until the last line of metrics is written
        result = {**description, **run.result(out)}
        if group.leads:
            _write_json(out / "result.json", result)
            report(_result_words(result), True)
    return result


def time_of_step(recipe: Recipe, data: TrainingData, *, steps: int = 20) -> float:
    """Seconds that a step of training takes here, the median of so many; nothing is written.

    On the GPU where there is one. The first steps, which compile, do not count.
    """
    with processes() as group:
        run = _Run(recipe, data, group, seed=0)
        under_way = run.trainer.epoch(0)
        seconds = []
        for _ in range(min(_WARMING + steps, run.steps)):
            begun = time.perf_counter()
            next(under_way)
            if group.device.type == "cuda":
                torch.cuda.synchronize(group.device)
            seconds.append(time.perf_counter() - begun)
    return statistics.median(seconds[_WARMING:] or seconds)


def load_run(folder: Path) -> tuple[dict[str, Any], nn.Module]:
    """The description and the network of a training run, as far as it has come.

    Raises
    ------
    ValueError
        `folder` is not that of a run with at least one finished epoch.
    """
    try:
        description = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError) as error:
        raise ValueError(f"{folder} is not the folder of a training run: {error}.") from error
    model = NetworkSpec.from_dict(description["network"]).build()
    load_weights(folder / "state.safetensors", model)
    return description, model.eval()


class _Run:
    """Model, optimizer and data of one run."""

    def __init__(self, recipe: Recipe, data: TrainingData, group: Processes, seed: int) -> None:
        self.recipe, self.group, self.seed = recipe, group, seed
        self.spec, model = first_network(recipe, data, seed)
        self.model = model.to(group.device)
        if group.world > 1:
            synchronize_batch_norm(self.model)
        self.trainer = Trainer(self.model, data, recipe, group, seed=seed, forward=self._trainee())
        self.steps, self.data = self.trainer.steps, self.trainer.data

    def describe(self) -> dict[str, Any]:
        """What ``run.json`` holds: all that decides the result, and where it was computed."""
        return {
            **({"task": SEGMENTATION} if self.data.per_pixel else {}),
            "recipe": self.recipe.to_dict(),
            "network": self.spec.to_dict(),
            "data": {
                "name": self.data.name,
                "sha256": self.data.sha256(),
                "train": len(self.data.train_x),
                "test": len(self.data.test_x),
                "class_names": list(self.data.class_names),
                **({"shape": list(self.data.form.shape)} if self.data.per_pixel else {}),
                "mean": self.trainer.mean.tolist(),
                "deviation": self.trainer.deviation.tolist(),
            },
            "seed": self.seed,
            "environment": {
                "commit": _commit(),
                "python": platform.python_version(),
                "torch": torch.__version__,
                "numpy": np.__version__,
                "device": self.group.device.type,
                "capability": torch.backends.cpu.get_cpu_capability(),
                "processes": self.group.world,
                "threads": torch.get_num_threads(),
            },
        }

    def train(self, out: Path, report: Report) -> None:
        """All epochs that are left; after each a line of metrics and the state."""
        state, metrics = out / "state.safetensors", out / "metrics.jsonl"
        done = load_state(state, self.model, self.trainer.optimizer) if state.is_file() else 0
        started = time.perf_counter()

        def minutes_left(steps_done: float) -> float:
            steps_left = (self.recipe.epochs - done) * self.steps - steps_done
            return (time.perf_counter() - started) / steps_done * steps_left / 60

        if self.group.leads:
            _keep_lines(metrics, done)
        for epoch in range(done, self.recipe.epochs):
            title = f"epoch {epoch + 1}/{self.recipe.epochs}"

            def under_way(step: int, title: str = title, epoch: int = epoch) -> None:
                if not self.group.leads:
                    return
                left = minutes_left((epoch - done) * self.steps + step)
                report(f"{title}  step {step}/{self.steps}  {left:.0f} min left", False)

            line = {"epoch": epoch, **finished(self.trainer.epoch(epoch), under_way)}
            if self.group.leads:
                line |= self.trainer.test()
                with metrics.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(line) + "\n")
                save_state(state, self.model, self.trainer.optimizer, epoch + 1)
                left = minutes_left((epoch + 1 - done) * self.steps)
                report(f"{title}  {_in_words(line)}  {left:.0f} min left", True)

    def _trainee(self) -> Forward:
        """The model as it is trained: over all processes, compiled where that is possible."""
        trainee: nn.Module = self.model
        if self.group.world > 1:
            trainee = nn.parallel.DistributedDataParallel(trainee)
        return CompiledStep(trainee) if self.recipe.compile and shutil.which("g++") else trainee

    def result(self, out: Path) -> dict[str, Any]:
        """What the trained network does on the test set; its predictions go into a file."""
        tested = self.trainer.evaluate()
        if self.group.leads:
            _write_predictions(out / "predictions.npz", self._kept(tested))
        lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
        confusion = tested.confusion(len(self.data.class_names))
        return {
            "accuracy": tested.accuracy,
            "right": tested.right,
            **({"mean_iou": mean_iou(confusion)} if self.data.per_pixel else {}),
            "loss": tested.loss,
            "confusion": confusion,
            "density": tested.density,
            "final_training": lines[-1],
            "seconds": sum(line["train_seconds"] + line["test_seconds"] for line in lines),
        }

    def _kept(self, tested: Evaluation) -> dict[str, NDArray[Any]]:
        """What is kept of the answers: of class maps, which are large, what tests need."""
        if self.data.per_pixel:
            return {"confusions": tested.picture_confusions(len(self.data.class_names))}
        predictions = tested.predictions.numpy().astype(np.int16)
        return {"predictions": predictions, "labels": tested.labels.numpy()}


def first_network(recipe: Recipe, data: TrainingData, seed: int) -> tuple[NetworkSpec, nn.Module]:
    """What a recipe makes for data, before the first step; sets torch's global random state.

    Raises
    ------
    ValueError
        A recipe for pictures of another size, or a network that cannot be.
    """
    _, height, _, channels = data.train_x.shape
    spec = recipe.network_spec(
        in_channels=channels, image_size=height, num_classes=len(data.class_names)
    )
    spec = _fitted_spec(spec, data)
    torch.manual_seed(seed)
    # Channels last in memory is the faster order for convolutions, on processors and GPUs.
    return spec, spec.build().to(memory_format=torch.channels_last)


def _fitted_spec(spec: NetworkSpec, data: TrainingData) -> NetworkSpec:
    """The spec whose picture cut has its quantiles from the training pictures."""
    mean, deviation = (part.double()[:, None] for part in data.mean_and_deviation())
    values = (torch.arange(256, dtype=torch.float64) / 255 - mean) / deviation  # (C, 256)
    picture = fitted_picture(spec.picture, values.numpy(), data.grey_counts().numpy())
    if picture == spec.picture:
        return spec
    return NetworkSpec(spec.name, {**spec.options, "picture": picture})


def _in_words(line: dict[str, Any]) -> str:
    return (
        f"loss {line['loss']:.3f}  train {line['train_accuracy']:.1%}  "
        f"test {line['test_accuracy']:.1%}  {line['images_per_second']:.0f} images/s"
    )


def _result_words(result: Mapping[str, Any]) -> str:
    if "mean_iou" in result:
        return f"mean IoU {result['mean_iou']:.2%}, {result['accuracy']:.2%} of the pixels right"
    return f"{result['right']} of {result['data']['test']} right: {result['accuracy']:.2%}"


def _claim(out: Path, description: dict[str, Any], *, resume: bool) -> dict[str, Any]:
    """Make `out` the folder of this run, or see that it is; what to add to its description."""
    path = out / "run.json"
    if not path.is_file():
        out.mkdir(parents=True, exist_ok=True)
        _write_json(path, description)
        return {}
    if not resume:
        raise ValueError(f"{out} holds a run already; add --resume or choose another folder.")
    theirs = _read_json(path)
    _check_same_run(out, theirs, description)
    added = _epochs_before(theirs, description)
    if theirs["recipe"] != description["recipe"]:  # more epochs
        (out / "result.json").unlink(missing_ok=True)
        _write_json(path, {**theirs, "recipe": description["recipe"], **added})
    return added


def _check_same_run(out: Path, theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> None:
    """ValueError, which names what differs, unless a run goes on; it may get more epochs."""
    differing = {
        key: values
        for part in ("recipe", "network", "data", "seed")
        for key, values in _differences(part, theirs.get(part), ours[part]).items()
    }
    before, now = differing.pop("recipe.epochs", (0, 0))
    if isinstance(before, int) and now < before:
        differing["recipe.epochs"] = before, now
    if differing:
        told = "; ".join(
            f"its {key} is {_shown(there)}, here it is {_shown(here)}"
            for key, (there, here) in list(differing.items())[:3]
        )
        raise ValueError(
            f"{out} holds another run: {told}. Go on with the same settings (more epochs are "
            "allowed), or choose another folder."
        )


def _differences(name: str, there: Any, here: Any) -> dict[str, tuple[Any, Any]]:
    """The entries, named by their dotted keys, in which two descriptions differ."""
    if not (isinstance(there, Mapping) and isinstance(here, Mapping)):
        return {} if there == here else {name: (there, here)}
    found: dict[str, tuple[Any, Any]] = {}
    for key in dict.fromkeys((*there, *here)):
        found |= _differences(f"{name}.{key}", there.get(key), here.get(key))
    return found


def _shown(value: Any) -> str:
    text = "not given" if value is None else str(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _epochs_before(theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> dict[str, list[int]]:
    """For how many epochs a run was planned before it got more.

    Each plan brings the learning rate to 0, so that such a run is not one of the last plan alone.
    """
    planned = theirs["recipe"]["epochs"]
    before = [*theirs.get("epochs_before", [])]
    if planned != ours["recipe"]["epochs"]:
        before.append(planned)
    return {"epochs_before": before} if before else {}


def _keep_lines(path: Path, count: int) -> None:
    """Drop the lines of epochs whose state was not saved any more; they are repeated."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True) if path.is_file() else []
    write_atomically(path, "".join(lines[:count]).encode())


def _read_json(path: Path) -> dict[str, Any]:
    """The contents of ``run.json``; ValueError if it is damaged."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return {**content, "recipe": {**content["recipe"]}}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is damaged. Choose another folder for the run.") from error


def _write_json(path: Path, content: dict[str, Any]) -> None:
    write_atomically(path, (json.dumps(content, indent=2) + "\n").encode())


def _write_predictions(path: Path, kept: Mapping[str, NDArray[Any]]) -> None:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **kept)  # type: ignore[arg-type]
    write_atomically(path, buffer.getvalue())


def _commit() -> str | None:
    """The revision of this code, None where it is no git working tree."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        done = subprocess.run(
            command, cwd=Path(__file__).parent, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()
