"""Recipes: everything that decides a training run, except the data and the seed.

A recipe is a TOML file of two tables::

    [network]               # a registered network and its options
    name = "vgg_small"
    width = 32

    [training]              # the fields of `Recipe`
    epochs = 10
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from design_core.networks import portable_options

if TYPE_CHECKING:
    from design_core.networks import NetworkSpec

__all__ = ["OPTIMIZERS", "Recipe", "load_recipe", "recipe_names"]

OPTIMIZERS = ("adamw", "sgd")
_PRECISIONS = ("bfloat16", "float32")
_FOLDER = Path(str(files("design_core.training"))) / "recipes"


@dataclass(frozen=True)
class Recipe:
    """How a network is trained. Units in the comments."""

    network: Mapping[str, str | int | bool]  # name, and options that differ from the defaults
    epochs: int = 10  # passes over the training set
    batch_size: int = 128  # pictures per step, over all processes together
    optimizer: str = "adamw"  # one of OPTIMIZERS
    learning_rate: float = 1e-2  # at its peak
    warmup_epochs: float = 2.5  # epochs of linear rise to the peak; then half a cosine to 0
    weight_decay: float = 1e-2  # decoupled for adamw, times the learning rate
    momentum: float = 0.9  # of sgd; adamw uses (0.9, 0.999)
    label_smoothing: float = 0.1  # share of the target spread over all classes
    crop_padding: int = 4  # pixels added on each side before the random crop; 0 for none
    flip: bool = True  # mirror every second picture, on average
    precision: str = "bfloat16"  # number type of the ±1 products while training
    compile: bool = True  # torch.compile, where a C++ compiler is there
    name: str = field(default="", compare=False)  # where it came from, for people

    def __post_init__(self) -> None:
        object.__setattr__(self, "network", dict(self.network))
        if not isinstance(self.network.get("name"), str):
            raise ValueError("A recipe's [network] table needs a 'name'.")
        for entry in fields(self):
            _check_type(entry.name, getattr(self, entry.name))
        for key in ("epochs", "batch_size", "learning_rate"):
            if getattr(self, key) <= 0:
                raise ValueError(f"{key} must be above 0; got {getattr(self, key)}.")
        for key in ("warmup_epochs", "weight_decay", "momentum", "crop_padding"):
            if getattr(self, key) < 0:
                raise ValueError(f"{key} must not be negative; got {getattr(self, key)}.")
        if not 0 <= self.label_smoothing < 1:
            raise ValueError(f"label_smoothing is from 0 to below 1; got {self.label_smoothing}.")
        for key, choices in (("optimizer", OPTIMIZERS), ("precision", _PRECISIONS)):
            if getattr(self, key) not in choices:
                raise ValueError(
                    f"{key} is one of {', '.join(choices)}; got {getattr(self, key)!r}."
                )

    def with_changes(self, changes: Sequence[str]) -> Recipe:
        """The recipe with some values replaced, each written ``KEY=VALUE``.

        KEY is a field of the recipe or an option of the network; VALUE as in TOML, where strings
        need no quotes. The changes are the owner's, so that kernels may be files of this machine,
        which are read now; in a recipe, which may be a stranger's, they may not.

        Examples
        --------
        >>> recipe = Recipe({"name": "vgg_small"}).with_changes(["epochs=30", "activation=relu"])
        >>> recipe.epochs, dict(recipe.network)
        (30, {'name': 'vgg_small', 'activation': 'relu'})
        """
        own = {entry.name for entry in fields(self)} - {"network", "name"}
        training: dict[str, Any] = {}
        network: dict[str, Any] = {}
        for change in changes:
            key, equals, text = change.partition("=")
            if not equals:
                raise ValueError(f"A change to a recipe is written KEY=VALUE; got {change!r}.")
            (training if key in own else network)[key] = _value(text)
        return replace(self, network={**self.network, **portable_options(network)}, **training)

    def network_spec(self, **data: int) -> NetworkSpec:
        """The network for data of the given in_channels, image_size and num_classes.

        What the network has no option for (ResNets take any image_size) is left out.

        Raises
        ------
        ValueError
            The recipe asks for pictures of another size.
        """
        from design_core.networks import NetworkSpec, network_options

        asked = self.network.get("image_size", data.get("image_size"))
        if asked != data.get("image_size"):
            raise ValueError(
                f"The recipe asks for pictures of {asked} pixels a side; "
                f"the data have {data['image_size']}."
            )
        known = network_options(str(self.network["name"]))
        fitting = {key: value for key, value in data.items() if key in known}
        return NetworkSpec.from_dict({**self.network, **fitting})

    def to_dict(self) -> dict[str, Any]:
        """A JSON-able description, the inverse of `from_dict`."""
        return asdict(self)

    def to_toml(self) -> str:
        """The recipe as a file of two tables, which `load_recipe` reads."""
        plain = self.to_dict()
        training = {key: plain[key] for key in plain if key not in ("network", "name")}
        lines = [f"[network]\n{_toml(plain['network'])}", f"[training]\n{_toml(training)}"]
        return "\n".join(lines)

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Recipe:
        """Build from the mapping that `to_dict` returns; ValueError for unknown entries."""
        unknown = sorted(set(plain) - {entry.name for entry in fields(cls)})
        if unknown:
            raise ValueError(f"A recipe has no entry {unknown[0]!r}.")
        return cls(**plain)


def recipe_names() -> list[str]:
    """Names of the recipes that come with the library."""
    return list(_recipe_names())


@cache
def _recipe_names() -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.toml")))


def load_recipe(name: str | Path) -> Recipe:
    """A recipe by name, or from a TOML file.

    Raises
    ------
    ValueError
        No such recipe, or one that is not valid.
    """
    path = Path(name)
    if path.suffix != ".toml":
        path = _FOLDER / f"{name}.toml"
    if not path.is_file():
        raise ValueError(
            f"No recipe {str(name)!r}; give a TOML file or one of {', '.join(recipe_names())}."
        )
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not a TOML file: {error}.") from error
    strangers = sorted(set(tables) - {"network", "training"})
    if strangers or not isinstance(tables.get("network"), dict):
        raise ValueError(
            f"{path} must have the tables [network] and [training]; "
            f"got {', '.join(sorted(tables)) or 'nothing'}."
        )
    training = tables.get("training", {})
    return Recipe.from_dict({**training, "network": tables["network"], "name": path.stem})


def _value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _toml(values: Mapping[str, Any]) -> str:
    """Lines of a table; JSON writes texts, numbers and switches as TOML does."""
    return "".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items())


def _check_type(key: str, value: Any) -> None:
    """Numbers where numbers belong; a whole number will do for a real one."""
    default = Recipe.__dataclass_fields__[key].default
    if isinstance(default, float) and type(value) in (int, float):
        return
    if key != "network" and type(value) is not type(default):
        raise ValueError(f"{key} in a recipe is of type {type(default).__name__}; got {value!r}.")
