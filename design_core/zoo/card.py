"""Model cards: what a configuration is, how it was trained, and what every seed of it came to.

One folder per configuration::

    NAME/card.json                 the card
    NAME/seed-0.safetensors        the network of each seed, see `design_core.zoo.checkpoint`
    NAME/logs/seed-0.jsonl         its metrics, a line per epoch
    NAME/logs/seed-0.npz           its class for every test picture; of a network that gives each
                                   pixel a class, the confusion counts of every test picture

Reading cards needs no PyTorch.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from design_core.networks.facts import NetworkFacts
from design_core.paths import CHECKPOINTS
from design_core.segmentation.scores import CLASSIFICATION, SEGMENTATION, class_iou
from design_core.statistics import Interval, mean_interval
from design_core.training.recipe import load_recipe, recipe_names

__all__ = [
    "BEFORE_HASH",
    "CHECKPOINTS",
    "OWN",
    "PLACED_OPTIONS",
    "Card",
    "SeedResult",
    "card_name",
    "damaged_cards",
    "find_card",
    "is_finished_run",
    "load_cards",
    "located",
    "no_networks",
    "recipe_changes",
    "with_younger_options",
    "zoo_stamp",
]

#: How references to networks begin that somebody brought along; see `design_core.zoo.uploaded`.
OWN = "own:"

#: What parts a file's name from its hash in the name of such a network.
BEFORE_HASH = "~"

Json = dict[str, Any]

#: Options of networks that are younger than some cards, and what these were trained with.
_YOUNGER_OPTIONS = {"picture": "real"}
_YOUNGER_OF_NETWORK = {"vgg_small": {"low_pass": False}}


@dataclass(frozen=True)
class SeedResult:
    """One trained network of a configuration, as the last epoch left it.

    Parameters
    ----------
    accuracy, right, loss
        On the test set: share, count, and mean cross-entropy; of pixels where these have classes.
    training_loss
        Of the last epoch, with label smoothing.
    density
        Activation density by block, on test pictures.
    sha256, bytes
        Of the packed file.
    seconds
        Wall time of all epochs with their tests, as loaded as the machine was.
    environment
        Commit, versions, processor, threads.
    mean_iou
        On the test set, see `design_core.segmentation.scores`; None where pictures have classes.
    """

    seed: int
    accuracy: float
    right: int
    loss: float
    training_loss: float
    density: Mapping[str, float]
    sha256: str
    bytes: int
    seconds: float
    environment: Mapping[str, Any]
    mean_iou: float | None = None

    def to_dict(self) -> Json:
        """What a card's file says of it."""
        plain = asdict(self)
        return {
            key: value for key, value in plain.items() if key != "mean_iou" or value is not None
        }


@dataclass(frozen=True)
class Card(NetworkFacts):
    """A configuration and all its seeds.

    Parameters
    ----------
    folder
        Where its files lie.
    network, recipe, data
        As in the ``run.json`` of its runs.
    parameters, bytes, macs
        Of one network: ``binary`` and ``real`` parameters and multiply-accumulates per picture;
        bytes ``packed``, and with every number as ``float32``.
    confusion
        Counts over all seeds; row: true class, column: predicted class.
    results
        One per seed, in the order of seeds.
    task
        ``classification``; or ``segmentation``, where every pixel has a class.
    """

    name: str
    folder: Path
    network: Mapping[str, Any]
    recipe: Mapping[str, Any]
    data: Mapping[str, Any]
    parameters: Mapping[str, int]
    bytes: Mapping[str, int]
    macs: Mapping[str, int]
    confusion: Sequence[Sequence[int]]
    results: tuple[SeedResult, ...]
    task: str = CLASSIFICATION

    @property
    def dataset(self) -> str:
        return str(self.data["name"])

    @property
    def class_names(self) -> list[str]:
        """The classes that its networks tell apart, in the order of their numbers."""
        return [str(name) for name in self.data["class_names"]]

    def network_options(self) -> Mapping[str, Any]:
        """As in ``run.json``."""
        return self.network

    @property
    def picture(self) -> str:
        """How the picture is cut before the first layer, as the recipe writes it; or ``real``."""
        asked = self.recipe.get("network", {}).get("picture", "real")
        return str(asked)

    @property
    def about_the_picture(self) -> bool:
        """Whether its recipe sets the picture's cut: one of the study of one-bit pictures."""
        return "picture" in self.recipe.get("network", {})

    @property
    def seeds(self) -> list[int]:
        return [result.seed for result in self.results]

    @property
    def enlarged(self) -> int | None:
        """The side that the recipe brought pictures to, None where it left them their own."""
        side = self.recipe.get("network", {}).get("image_size")
        return None if side is None else int(side)

    @property
    def options(self) -> Json:
        """Options of the network that its recipe sets, but those that `card_name` places."""
        asked = self.recipe.get("network", {})
        return {key: asked[key] for key in sorted(set(asked) - PLACED_OPTIONS)}

    @property
    def accuracies(self) -> dict[int, float]:
        """Last-epoch accuracy by seed."""
        return {result.seed: result.accuracy for result in self.results}

    @property
    def accuracy(self) -> float:
        """Last-epoch accuracy, the mean over the seeds."""
        return float(np.mean(list(self.accuracies.values())))

    @property
    def ci95(self) -> Interval | None:
        """95 % interval of the mean accuracy, None for a single seed."""
        return mean_interval(list(self.accuracies.values()))

    @property
    def mean_ious(self) -> dict[int, float]:
        """Last-epoch mean IoU by seed; none where pictures have classes."""
        return {
            result.seed: result.mean_iou for result in self.results if result.mean_iou is not None
        }

    @property
    def densities(self) -> dict[str, float]:
        """Activation density by block, the mean over the seeds."""
        return {
            block: float(np.mean([result.density[block] for result in self.results]))
            for block in self.blocks
        }

    @property
    def blocks(self) -> list[str]:
        """Blocks whose maps can be looked into, in the order of computation."""
        return list(self.results[0].density)

    def result(self, seed: int | None = None) -> SeedResult:
        """The result of a seed, of the first if none is named; ValueError if there is none."""
        for result in self.results:
            if seed in (None, result.seed):
                return result
        raise ValueError(
            f"{self.name} has no seed {seed}; it has {', '.join(map(str, self.seeds))}."
        )

    @property
    def logged(self) -> bool:
        """Whether there are metrics of its training."""
        return (self.folder / "logs").is_dir()

    def file(self, seed: int) -> Path:
        """The packed network of a seed."""
        return self.folder / f"seed-{seed}.safetensors"

    def _log(self, seed: int) -> Path:
        return self.folder / "logs" / f"seed-{seed}.jsonl"

    def _predictions(self, seed: int) -> Path:
        return self.folder / "logs" / f"seed-{seed}.npz"

    def curve(self, seed: int, quantity: str = "test_accuracy") -> list[float]:
        """A quantity of the metrics after each epoch of a seed."""
        lines = self._log(seed).read_text(encoding="utf-8")
        return [json.loads(line)[quantity] for line in lines.splitlines()]

    def predictions(self, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Predicted and true class of every test picture, shape (N,) each."""
        with np.load(self._predictions(seed), allow_pickle=False) as stored:
            predicted, true = stored["predictions"], stored["labels"]
        return predicted.astype(np.int64), true.astype(np.int64)

    def picture_confusions(self, seed: int) -> NDArray[np.int64]:
        """Confusion counts over the pixels of every test picture, (N, classes, classes)."""
        with np.load(self._predictions(seed), allow_pickle=False) as stored:
            counts: NDArray[np.int64] = stored["confusions"].astype(np.int64)
        return counts

    def right(self, seed: int) -> NDArray[np.bool_]:
        """Whether each test picture is classified rightly, shape (N,)."""
        predicted, true = self.predictions(seed)
        return np.asarray(predicted == true)

    def to_dict(self) -> Json:
        """What ``card.json`` holds; accuracies, seeds and densities are for its readers."""
        return {
            "name": self.name,
            **self._of_pixels(),
            "dataset": self.dataset,
            "activation": self.activation,
            "picture": self.picture,
            "seeds": self.seeds,
            "accuracy": _summed_up(self.accuracies),
            "parameters": dict(self.parameters),
            "bytes": dict(self.bytes),
            "macs": dict(self.macs),
            "density": self.densities,
            "network": dict(self.network),
            "recipe": dict(self.recipe),
            "data": dict(self.data),
            "results": [result.to_dict() for result in self.results],
            "confusion": [list(row) for row in self.confusion],
        }

    def _of_pixels(self) -> Json:
        """What a card says more where every pixel has a class; accuracy is that of pixels then."""
        if self.task == CLASSIFICATION:
            return {}
        found = zip(self.class_names, class_iou(self.confusion), strict=True)
        return {
            "task": self.task,
            "mean_iou": _summed_up(self.mean_ious),
            "class_iou": {name: None if math.isnan(iou) else iou for name, iou in found},
        }

    @classmethod
    def load(cls, folder: Path) -> Card:
        """Read ``card.json`` in a folder.

        Raises
        ------
        ValueError
            No card, or a damaged one.
        """
        path = folder / "card.json"
        own = {entry.name for entry in fields(cls)}
        try:
            plain = json.loads(path.read_text(encoding="utf-8"))
            results = tuple(SeedResult(**result) for result in plain["results"])
            values = {key: value for key, value in plain.items() if key in own}
            values["network"] = with_younger_options(values["network"])
            return cls(**{**values, "folder": folder, "results": results})
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{path} is not a model card: {error}.") from error

    def text(self) -> str:
        """JSON for people: lists of plain values stay on one line."""
        indented = json.dumps(self.to_dict(), indent=1, ensure_ascii=False)
        return re.sub(r"\[\s+([^][{}]*?)\s+\]", _on_one_line, indented) + "\n"


def _summed_up(by_seed: Mapping[int, float]) -> Json:
    last = list(by_seed.values())
    interval = mean_interval(last)
    return {
        "mean": float(np.mean(last)),
        "ci95": None if interval is None else list(interval),
        "last": last,
    }


def _on_one_line(match: re.Match[str]) -> str:
    return "[" + re.sub(r",\s+", ", ", match[1]) + "]"


def with_younger_options(network: Mapping[str, Any]) -> Json:
    """A network's options with those that it lacks because it is older than they are."""
    of_network = _YOUNGER_OF_NETWORK.get(str(network.get("name")), {})
    younger = {**_YOUNGER_OPTIONS, **of_network}
    # What is there stays in its order, so that a card is the same text when it is read again.
    return {**network, **{key: younger[key] for key in younger if key not in network}}


def load_cards(root: Path = CHECKPOINTS, *, task: str | None = CLASSIFICATION) -> list[Card]:
    """The cards of a zoo, by name; a finished run in its folder is one too.

    A damaged card is left out, so that it takes no other network away: see `damaged_cards`.

    Parameters
    ----------
    task
        What the networks are for: ``classification``, or ``segmentation``, where every pixel has a
        class; None for all.
    """
    loaded = (_load_or_reason(folder) for folder in _folders(root))
    cards = [card for card in loaded if isinstance(card, Card)]
    return [card for card in cards if task in (None, card.task)]


def damaged_cards(root: Path = CHECKPOINTS) -> list[str]:
    """A sentence for each card of a zoo that cannot be read."""
    loaded = (_load_or_reason(folder) for folder in _folders(root))
    return [reason for reason in loaded if isinstance(reason, str)]


def zoo_stamp(root: Path = CHECKPOINTS) -> tuple[tuple[str, int, int], ...]:
    """What changes whenever a card of a zoo does: names, times and sizes of their files."""
    files = (
        folder / name
        for folder in _folders(root)
        for name in ("card.json", "result.json")
        if (folder / name).is_file()
    )
    return tuple(
        (file.parent.name, stat.st_mtime_ns, stat.st_size)
        for file, stat in ((file, file.stat()) for file in files)
    )


def _load_or_reason(folder: Path) -> Card | str:
    try:
        return _load(folder)
    except ValueError as error:
        return str(error)


def is_finished_run(folder: Path) -> bool:
    """Whether a folder is that of a training run that came to its end."""
    return all((folder / name).is_file() for name in ("run.json", "result.json"))


def _folders(root: Path) -> list[Path]:
    return [
        folder
        for folder in sorted(root.glob("[!.]*/"))
        if (folder / "card.json").is_file() or is_finished_run(folder)
    ]


def _load(folder: Path) -> Card:
    if (folder / "card.json").is_file():
        return Card.load(folder)
    from design_core.zoo.runs import open_run  # cards are read without PyTorch, runs are not

    return open_run(folder)[0]


def located(reference: str, root: Path = CHECKPOINTS) -> tuple[str, Path]:
    """Name and zoo of a network that the owner of this machine names: a run's folder is both.

    Raises
    ------
    ValueError
        The folder of a run that is not finished.
    """
    folder = Path(reference)
    if not (folder / "run.json").is_file():
        return reference, root
    if not is_finished_run(folder):
        raise ValueError(f"{folder} holds no finished training run. Go on with train --resume.")
    folder = folder.resolve()
    return folder.name, folder.parent


def no_networks(root: Path) -> str:
    """What to say where a zoo is empty."""
    return (
        f"There are no trained networks in {root}. A checkout of the project has some in "
        "assets/checkpoints: set DESIGN_CHECKPOINTS to that folder, or train your own and collect "
        "them there (train, zoo collect)."
    )


def find_card(
    reference: str, root: Path = CHECKPOINTS, *, task: str | None = CLASSIFICATION
) -> tuple[Card, int | None]:
    """The card and the seed that ``NAME`` or ``NAME@SEED`` means; no seed, no choice.

    Parameters
    ----------
    task
        As for `load_cards`.

    Raises
    ------
    ValueError
        No such card or seed, the message lists what there is; or a network for another task.
    """
    known = [folder.name for folder in _folders(root)]
    name, at, seed = (reference, "", "") if reference in known else reference.partition("@")
    if not known:
        raise ValueError(no_networks(root))
    if name not in known:
        raise ValueError(f"The zoo has no {name!r}. Its networks: {', '.join(known)}.")
    if at and not seed.isdecimal():
        raise ValueError(f"A network of one seed is written {name}@0; got {reference!r}.")
    card = _load(root / name)
    if task not in (None, card.task):
        raise ValueError(f"{name} {_TOLD_TASKS[card.task]}")
    return card, card.result(int(seed)).seed if at else None


#: What is said of a network that cannot do what it is asked for.
_TOLD_TASKS = {
    CLASSIFICATION: "gives one class to a picture, not one to each pixel. Use `design predict`, "
    "or the page Predict.",
    SEGMENTATION: "gives a class to every pixel, not one to the picture. Use `design segment`, or "
    "the page Segment.",
}


def card_name(description: Mapping[str, Any]) -> str:
    """The name of a run's configuration: data, network, activation, batch norm, recipe.

    The recipe is named unless it is that of the statistics, or one made for the data. Of the
    network's other options those are named that the recipe sets, such as ``picture``; of the
    training those that are changed, see `recipe_changes`. So runs of one name differ by their seed
    alone, unless recipes or folders of data have the same name.

    Examples
    --------
    >>> card_name({"data": {"name": "cifar10"}, "recipe": {"name": "demonstration", "epochs": 2},
    ...            "network": {"name": "vgg_small", "width": 32, "activation": "design:2x2-v2",
    ...                        "affine": False}})
    'cifar10-vgg_small-w32-design_2x2-v2-affine_off-demonstration-epochs_2'
    """
    network, asked = _Described(description["network"]), description["recipe"]
    recipe, data = str(asked["name"]), str(description["data"]["name"])
    parts = [
        data,
        str(network.options["name"]),
        *([] if network.width is None else [f"w{network.width}"]),
        _short(network.activation),
        "affine_on" if network.affine else "affine_off",
    ]
    options, changes = asked.get("network", {}), recipe_changes(asked)
    parts += [f"{key}_{_short(str(options[key]))}" for key in sorted(set(options) - PLACED_OPTIONS)]
    if recipe not in ("statistics", data):
        parts.append(recipe)
    parts += [f"{key}_{value}" for key, value in changes.items()]
    return re.sub(r"[^A-Za-z0-9.-]+", "_", "-".join(parts))


@dataclass(frozen=True)
class _Described(NetworkFacts):
    options: Mapping[str, Any]

    def network_options(self) -> Mapping[str, Any]:
        return self.options


#: Options that have a place of their own in a card's name.
PLACED_OPTIONS = {"name", "width", "activation", "affine", "image_size"}


def recipe_changes(asked: Mapping[str, Any]) -> Json:
    """What a run's recipe sets otherwise than the library's of the same name; by key.

    Training values, and ``image_size`` of the network. Of a recipe that is not the library's, the
    name stands for all of it but the image size.
    """
    known = _library_recipe(str(asked["name"])) or {**asked, "network": {}}
    given, plain = (
        {**recipe, "image_size": recipe.get("network", {}).get("image_size")}
        for recipe in (asked, known)
    )
    return {
        key: given[key]
        for key in sorted(set(given) - {"name", "network"})
        if given[key] is not None and given[key] != plain.get(key)
    }


@lru_cache(maxsize=32)
def _library_recipe(name: str) -> Json | None:
    return load_recipe(name).to_dict() if name in recipe_names() else None


def _short(text: str) -> str:
    """An option's value; a kernel's code by its hash."""
    if "code=" not in text:
        return text
    return f"{text.partition(':')[0]}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
