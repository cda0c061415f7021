"""Networks by name: builder functions, registered by decorator, and specs that rebuild them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from importlib import import_module
from typing import Any, TypeVar

from torch import nn

from design_core.networks.activation import activation_kernels, portable_options
from design_core.networks.facts import PIXEL_NETWORKS, PLANE_OPTIONS, NetworkFacts
from design_core.networks.shared import SharedOptions
from design_core.registry import Registry

__all__ = [
    "NetworkSpec",
    "build_network",
    "network_names",
    "network_options",
    "register_network",
]

Option = str | int | bool
Builder = TypeVar("Builder", bound=Callable[..., nn.Module])

_SHARED = "shared"


@dataclass(frozen=True)
class _Network:
    """A builder, and its options with their defaults."""

    builder: Callable[..., nn.Module]
    options: Mapping[str, Option]

    def build(self, options: Mapping[str, Option]) -> nn.Module:
        own = dict(options)
        if _SHARED not in inspect.signature(self.builder).parameters:
            return self.builder(**own)
        shared = {entry.name: own.pop(entry.name) for entry in fields(SharedOptions)}
        return self.builder(SharedOptions(**shared), **own)  # type: ignore[arg-type]


_NETWORKS: Registry[_Network] = Registry("network", {})


def _networks() -> Registry[_Network]:
    """All of them; those of this project register when their modules are imported."""
    for module in ("resnet", "vgg", "encoder_decoder"):
        import_module(f"design_core.networks.{module}")
    return _NETWORKS


def register_network(builder: Builder) -> Builder:
    """Make a builder function known under its own name.

    Parameters
    ----------
    builder
        Returns a module whose ``forward(x, taps=None)`` calls its activations by `activate`. Its
        options are its keyword-only parameters, among them ``activation``; each has a default, a
        text, a whole number or a switch. With a first parameter ``shared``, a `SharedOptions`, it
        has the options of that too.

    Raises
    ------
    ValueError
        The name is taken, or the parameters are not as said.
    """
    name = builder.__name__
    _NETWORKS.add(name, _Network(builder, _options(name, builder)))
    return builder


def _options(name: str, builder: Callable[..., nn.Module]) -> dict[str, Option]:
    options: dict[str, Option] = {}
    for key, parameter in inspect.signature(builder).parameters.items():
        default = parameter.default
        if key == _SHARED and isinstance(default, SharedOptions):
            options.update(asdict(default))
        elif parameter.kind is not parameter.KEYWORD_ONLY or not isinstance(default, Option):
            raise ValueError(
                f"Option {key!r} of network {name!r} must be keyword-only with a default that is a "
                "str, an int or a bool."
            )
        else:
            options[key] = default
    if not isinstance(options.get("activation"), str) or "name" in options:
        raise ValueError(
            f"Network {name!r} needs an option 'activation', a text such as 'sign', and can have "
            "none that is called 'name'."
        )
    return options


def network_names() -> list[str]:
    """Names of all networks, in alphabetical order."""
    return sorted(_networks())


def network_options(name: str) -> dict[str, Option]:
    """Options of a network and their defaults."""
    return dict(_networks().find(name).options)


def build_network(name: str, **options: Option) -> nn.Module:
    """A network by name, its weights drawn from torch's global random state.

    Kernels may be files of this machine, see `portable_options`.

    Raises
    ------
    ValueError
        Unknown network or option, or an option of the wrong type.
    """
    return NetworkSpec(name, portable_options(options)).build()


@dataclass(frozen=True)
class NetworkSpec(NetworkFacts):
    """A full description of a network without its weights.

    Options that are left out get the builder's defaults now, so that a spec on file goes on to
    mean the same network if a default ever changes. It names no kernel's file and opens none, for
    it may be a stranger's; see `portable_options`.

    Examples
    --------
    >>> spec = NetworkSpec("vgg_small", {"width": 32, "activation": "design:2x2-v2"})
    >>> spec.options["stages"]
    3
    >>> NetworkSpec.from_dict(spec.to_dict()) == spec
    True
    """

    name: str
    options: Mapping[str, Option] = field(default_factory=dict)

    def __post_init__(self) -> None:
        complete = network_options(self.name)
        unknown = sorted(set(self.options) - set(complete))
        if unknown:
            raise ValueError(
                f"{self.name} has no option {unknown[0]!r}; it has {', '.join(complete)}."
            )
        for key, value in self.options.items():
            kind = type(complete[key])
            if type(value) is not kind:
                raise ValueError(
                    f"Option {key!r} of {self.name} is of type {kind.__name__}; got {value!r}."
                )
            if kind is int and int(value) < 1:
                raise ValueError(f"Option {key!r} of {self.name} is 1 at least; got {value}.")
        options = {**complete, **self.options}
        activation_kernels(str(options["activation"]))  # which no builder would take if it raises
        if options.get("picture", "real") != "real" and "first" in options:
            options["first"] = "binary"  # so that a spec says what is built
        object.__setattr__(self, "options", options)

    def __hash__(self) -> int:
        return hash((self.name, *sorted(self.options.items())))

    def network_options(self) -> Mapping[str, Option]:
        """All of them."""
        return self.options

    @property
    def per_pixel(self) -> bool:
        """Whether it gives a class to every pixel instead of one to the picture."""
        return self.name in PIXEL_NETWORKS

    def build(self) -> nn.Module:
        """The network, its weights drawn from torch's global random state.

        Raises
        ------
        ValueError
            Options that do not fit each other; a builder of something else than a network.
        """
        model = _networks().find(self.name).build(self.options)
        if not isinstance(model, nn.Module) or not _takes_taps(model):
            raise ValueError(
                f"{self.name} must build a module whose forward takes (x, taps=None) and hands "
                f"`taps` to its activations; it built {type(model).__name__}."
            )
        return model

    def to_dict(self) -> dict[str, Any]:
        """A JSON-able description, the inverse of `from_dict`.

        It names every option, but for those of more than one bit where there is one: so files are
        the same as before there were such options.
        """
        defaults = network_options(self.name)
        untold = {key for key in PLANE_OPTIONS if self.options.get(key) == defaults.get(key) == 1}
        told = {key: value for key, value in self.options.items() if key not in untold}
        return {"name": self.name, **told}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> NetworkSpec:
        """Build from the mapping that `to_dict` returns.

        Raises
        ------
        ValueError
            No name, or anything the constructor refuses.
        """
        options = dict(plain)
        name = options.pop("name", None)
        if not isinstance(name, str):
            raise ValueError(f"A network is described by 'name' and options; got {dict(plain)!r}.")
        return cls(name, options)


def _takes_taps(model: nn.Module) -> bool:
    return "taps" in inspect.signature(model.forward).parameters
