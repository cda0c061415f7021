"""Train one network by one recipe, so that it can be killed at any time and resumed exactly.

Files of a run, in its folder:

- ``run.json``: recipe, network, data and seed, versions;
- ``state.safetensors``: weights and optimizer after the last finished epoch;
- ``metrics.jsonl``: one line per epoch;
- ``result.json``: what the network of the last epoch does on the test set; never the best epoch,
  which would be chosen on the test set itself;
- ``predictions.npz``: its class for every test picture.

A killed run goes on after the last finished epoch, through the same steps as without the kill.
"""

from __future__ import annotations

import io
import json
import math
import platform
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from design_core.activations import LearnedDeSign
from design_core.atomic import write_atomically
from design_core.networks import NetworkSpec, activation_maps
from design_core.networks.layers import (
    binary_layers,
    constrain_latent_weights,
    set_training_progress,
    set_training_type,
)
from design_core.networks.picture import fitted_picture
from design_core.training.data import TrainingData, normalized, training_batches
from design_core.training.distributed import (
    Processes,
    processes,
    sum_over,
    synchronize_batch_norm,
    wait_for_all,
)
from design_core.training.recipe import Recipe
from design_core.training.state import load_state, load_weights, save_state

__all__ = ["Evaluation", "evaluate", "learning_rate", "load_run", "train"]

Report = Callable[[str, bool], None]
Forward = Callable[[Tensor], Tensor]

_EVALUATION_BATCH = 250  # pictures: few enough for the maps to stay in the cache


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What a network does on labelled pictures.

    Parameters
    ----------
    predictions
        Class of each picture, int64, shape (N,).
    labels
        True classes, likewise.
    loss
        Mean cross-entropy, without label smoothing.
    density
        Activation density by block, over every tenth picture.
    """

    predictions: Tensor
    labels: Tensor
    loss: float
    density: dict[str, float]

    @property
    def accuracy(self) -> float:
        """Share of pictures classified rightly."""
        return (self.predictions == self.labels).double().mean().item()

    def confusion(self, classes: int) -> list[list[int]]:
        """Counts; row: true class, column: predicted class."""
        pairs = self.labels * classes + self.predictions
        counts: list[list[int]] = (
            torch.bincount(pairs, minlength=classes**2).view(classes, classes).tolist()
        )
        return counts


@torch.inference_mode()
def evaluate(model: nn.Module, x: Tensor, y: Tensor, mean: Tensor, std: Tensor) -> Evaluation:
    """Run a network over pictures, uint8 (N, H, W, C), in float32 and evaluation mode.

    Raises
    ------
    ValueError
        Scores that are not finite, of which none is the largest.
    """
    model.eval()
    logits = torch.cat([model(part) for part in _parts(x, mean, std)])
    if lost := int((~logits.isfinite().all(1)).sum()):
        raise ValueError(
            f"The network gives {lost} of {len(logits)} pictures scores that are not finite; train "
            "it anew, with a lower learning rate."
        )
    loss = F.cross_entropy(logits, y).item()
    return Evaluation(logits.argmax(1).cpu(), y.cpu(), loss, _density(model, x[::10], mean, std))


def _parts(x: Tensor, mean: Tensor, std: Tensor) -> Iterator[Tensor]:
    """Normalized pictures, a batch at a time."""
    for part in torch.split(x, _EVALUATION_BATCH):
        yield normalized(part, mean, std)


def _density(model: nn.Module, x: Tensor, mean: Tensor, std: Tensor) -> dict[str, float]:
    totals: dict[str, float] = {}
    for part in _parts(x, mean, std):
        for maps in activation_maps(model, part)[1]:
            totals[maps.name] = totals.get(maps.name, 0) + maps.density() * len(part)
    return {name: total / len(x) for name, total in totals.items()}


def learning_rate(recipe: Recipe, step: int, steps_per_epoch: int) -> float:
    """Learning rate of a step: linear rise over the warm-up, then half a cosine to 0.

    ``η(k) = η_max · (k+1)/w`` for k < w, else ``η_max · (1 + cos π(k−w)/(n−w)) / 2``.
    """
    total = recipe.epochs * steps_per_epoch
    warmup = min(round(recipe.warmup_epochs * steps_per_epoch), total - 1)
    if step < warmup:
        return recipe.learning_rate * (step + 1) / warmup
    return recipe.learning_rate * (1 + math.cos(math.pi * (step - warmup) / (total - warmup))) / 2


def train(
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
            share = f"{result['right']} of {result['data']['test']} right"
            report(f"{share}: {result['accuracy']:.2%}", True)
    return result


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
        self.data = data.to(group.device)
        self.steps = len(data.train_x) // recipe.batch_size
        if self.steps == 0 or recipe.batch_size % group.world:
            raise ValueError(
                f"A batch of {recipe.batch_size} must not exceed the {len(data.train_x)} training "
                f"pictures, and must divide among {group.world} process(es)."
            )
        _, height, _, channels = data.train_x.shape
        mean, deviation = data.mean_and_deviation()
        self.mean, self.deviation = mean.to(group.device), deviation.to(group.device)
        spec = recipe.network_spec(
            in_channels=channels, image_size=height, num_classes=len(data.class_names)
        )
        self.spec = _with_fitted_picture(spec, data)
        torch.manual_seed(seed)
        # Channels last in memory is the faster order for convolutions, on processors and GPUs.
        self.model = self.spec.build().to(group.device).to(memory_format=torch.channels_last)
        if group.world > 1:
            synchronize_batch_norm(self.model)
        set_training_type(self.model, getattr(torch, recipe.precision))
        self.optimizer = _optimizer(recipe, self.model)

    def describe(self) -> dict[str, Any]:
        """What ``run.json`` holds: all that decides the result, and where it was computed."""
        return {
            "recipe": self.recipe.to_dict(),
            "network": self.spec.to_dict(),
            "data": {
                "name": self.data.name,
                "sha256": self.data.sha256(),
                "train": len(self.data.train_x),
                "test": len(self.data.test_x),
                "class_names": list(self.data.class_names),
                "mean": self.mean.tolist(),
                "deviation": self.deviation.tolist(),
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
        done = load_state(state, self.model, self.optimizer) if state.is_file() else 0
        forward = self._trainee()
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

            line = {"epoch": epoch, **self._train_epoch(forward, epoch, under_way)}
            if self.group.leads:
                line |= self._test()
                with metrics.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(line) + "\n")
                save_state(state, self.model, self.optimizer, epoch + 1)
                left = minutes_left((epoch + 1 - done) * self.steps)
                report(f"{title}  {_in_words(line)}  {left:.0f} min left", True)

    def _trainee(self) -> Forward:
        """The model as it is trained: over all processes, compiled where that is possible."""
        trainee: nn.Module = self.model
        if self.group.world > 1:
            trainee = nn.parallel.DistributedDataParallel(trainee)
        if self.recipe.compile and shutil.which("g++"):
            compiled: Forward = torch.compile(trainee, dynamic=False)
            return compiled
        return trainee

    def _train_epoch(
        self, forward: Forward, epoch: int, under_way: Callable[[int], None]
    ) -> dict[str, Any]:
        """One pass over the training set; its metrics."""
        recipe, device = self.recipe, self.group.device
        started = time.perf_counter()
        bits_before = _weight_bits(self.model)
        totals = torch.zeros(3, dtype=torch.float64, device=device)  # loss, right, pictures
        set_training_progress(self.model, epoch / recipe.epochs)
        self.model.train()
        batches = training_batches(
            self.data.train_x,
            self.data.train_y,
            batch_size=recipe.batch_size,
            crop_padding=recipe.crop_padding,
            flip=recipe.flip,
            seed=self.seed,
            epoch=epoch,
            rank=self.group.rank,
            world=self.group.world,
        )
        for step, (x, y) in enumerate(batches):
            rate = learning_rate(recipe, epoch * self.steps + step, self.steps)
            for parameters in self.optimizer.param_groups:
                parameters["lr"] = rate
            logits = forward(normalized(x, self.mean, self.deviation))
            loss = F.cross_entropy(logits, y, label_smoothing=recipe.label_smoothing)
            torch.autograd.backward(loss)
            self.optimizer.step()
            self.optimizer.zero_grad()
            constrain_latent_weights(self.model)
            right = (logits.detach().argmax(1) == y).sum()
            totals += torch.stack([loss.detach() * len(y), right, torch.tensor(len(y))]).to(device)
            under_way(step + 1)
        loss_sum, right_sum, pictures = sum_over(self.group, totals).tolist()
        if not math.isfinite(loss_sum):
            raise ValueError(f"The loss of epoch {epoch} is not finite; lower learning_rate.")
        _refuse_lost_numbers(self.model, epoch)
        seconds = time.perf_counter() - started
        return {
            "loss": loss_sum / pictures,
            "train_accuracy": right_sum / pictures,
            "flip_ratio": _flip_ratio(bits_before, _weight_bits(self.model)),
            "train_seconds": seconds,
            "milliseconds_per_step": 1000 * seconds / self.steps,
            "images_per_second": pictures / seconds,
        }

    def _test(self) -> dict[str, Any]:
        started = time.perf_counter()
        tested = self._evaluate()
        return {
            "test_loss": tested.loss,
            "test_accuracy": tested.accuracy,
            "density": tested.density,
            "test_seconds": time.perf_counter() - started,
        }

    def _evaluate(self) -> Evaluation:
        data = self.data
        return evaluate(self.model, data.test_x, data.test_y, self.mean, self.deviation)

    def result(self, out: Path) -> dict[str, Any]:
        """What the trained network does on the test set; its predictions go into a file."""
        tested = self._evaluate()
        if self.group.leads:
            _write_predictions(out / "predictions.npz", tested)
        lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
        return {
            "accuracy": tested.accuracy,
            "right": int((tested.predictions == tested.labels).sum()),
            "loss": tested.loss,
            "confusion": tested.confusion(len(self.data.class_names)),
            "density": tested.density,
            "final_training": lines[-1],
            "seconds": sum(line["train_seconds"] + line["test_seconds"] for line in lines),
        }


def _with_fitted_picture(spec: NetworkSpec, data: TrainingData) -> NetworkSpec:
    """The spec whose picture cut has its quantiles from the training pictures."""
    mean, deviation = (part.double()[:, None] for part in data.mean_and_deviation())
    values = (torch.arange(256, dtype=torch.float64) / 255 - mean) / deviation  # (C, 256)
    picture = fitted_picture(spec.picture, values.numpy(), data.grey_counts().numpy())
    if picture == spec.picture:
        return spec
    return NetworkSpec(spec.name, {**spec.options, "picture": picture})


def _optimizer(recipe: Recipe, model: nn.Module) -> torch.optim.Optimizer:
    rate, decay = recipe.learning_rate, recipe.weight_decay
    groups = _parameter_groups(model)
    if recipe.optimizer == "sgd":
        return torch.optim.SGD(groups, rate, recipe.momentum, weight_decay=decay, fused=True)
    return torch.optim.AdamW(groups, rate, weight_decay=decay, fused=True)


def _parameter_groups(model: nn.Module) -> list[dict[str, Any]]:
    """All parameters; learned thresholds by themselves, since decay would pull them to Sign's 0."""
    thresholds = [m.thresholds for m in model.modules() if isinstance(m, LearnedDeSign)]
    own = {id(parameter) for parameter in thresholds}
    rest = [parameter for parameter in model.parameters() if id(parameter) not in own]
    groups: list[dict[str, Any]] = [{"params": rest}]
    return [*groups, {"params": thresholds, "weight_decay": 0.0}] if thresholds else groups


def _refuse_lost_numbers(model: nn.Module, epoch: int) -> None:
    """ValueError if training has brought NaN or infinity into a network.

    Its loss may not show it: behind a cut, NaN is a bit like any other. What reaches a cut comes
    from a batch norm, whose running statistics have seen it.
    """
    for name, tensor in model.state_dict().items():
        if tensor.is_floating_point() and not tensor.isfinite().all():
            raise ValueError(
                f"In epoch {epoch} {name} has become NaN or infinite; lower learning_rate."
            )


@torch.no_grad()
def _weight_bits(model: nn.Module) -> dict[str, Tensor]:
    return {name: layer.binary_weight()[0] > 0 for name, layer in binary_layers(model)}


def _flip_ratio(before: dict[str, Tensor], after: dict[str, Tensor]) -> dict[str, float]:
    """Share of the binary weights of each layer that changed sign over the epoch."""
    return {name: (before[name] != after[name]).float().mean().item() for name in before}


def _in_words(line: dict[str, Any]) -> str:
    return (
        f"loss {line['loss']:.3f}  train {line['train_accuracy']:.1%}  "
        f"test {line['test_accuracy']:.1%}  {line['images_per_second']:.0f} images/s"
    )


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


def _write_predictions(path: Path, tested: Evaluation) -> None:
    buffer = io.BytesIO()
    predictions = tested.predictions.numpy().astype(np.int16)
    np.savez_compressed(buffer, predictions=predictions, labels=tested.labels.numpy())
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
