"""Networks by name: builder functions, registered by decorator, and specs that rebuild them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from torch import nn

from design_core.networks.activation import activation_kernels, portable_activation

__all__ = [
    "NetworkSpec",
    "build_network",
    "network_names",
    "network_options",
    "portable_options",
    "register_network",
]

Option = str | int | bool
Builder = TypeVar("Builder", bound=Callable[..., nn.Module])

_BUILDERS: dict[str, Callable[..., nn.Module]] = {}


def register_network(builder: Builder) -> Builder:
    """Make a builder function known under its own name.

    It takes keyword-only options, among them ``activation`` and ``picture``, see
    `build_activation` and `build_picture_cut`. Each has a default, of its type.
    """
    _BUILDERS[builder.__name__] = builder
    return builder


def network_names() -> list[str]:
    """Names of all networks, in alphabetical order."""
    return sorted(_BUILDERS)


def network_options(name: str) -> dict[str, Option]:
    """Options of a network and their defaults."""
    parameters = inspect.signature(_builder(name)).parameters
    return {key: parameter.default for key, parameter in parameters.items()}


def build_network(name: str, **options: Option) -> nn.Module:
    """A network by name, its weights drawn from torch's global random state.

    Kernels may be files of this machine, see `portable_options`.

    Raises
    ------
    ValueError
        Unknown network or option, or an option of the wrong type.
    """
    return NetworkSpec(name, portable_options(options)).build()


def portable_options(options: Mapping[str, Option]) -> dict[str, Option]:
    """The same options, kernels' files read now and put in as codes.

    Give it only what the owner of this machine wrote; see `portable_activation`.
    """
    return {
        key: portable_activation(value) if isinstance(value, str) else value
        for key, value in options.items()
    }


@dataclass(frozen=True)
class NetworkSpec:
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
        if options["picture"] != "real" and "first" in options:
            options["first"] = "binary"  # so that a spec says what is built
        object.__setattr__(self, "options", options)

    def __hash__(self) -> int:
        return hash((self.name, *sorted(self.options.items())))

    def build(self) -> nn.Module:
        """The network, its weights drawn from torch's global random state."""
        return _builder(self.name)(**self.options)

    def to_dict(self) -> dict[str, Any]:
        """A JSON-able description, the inverse of `from_dict`."""
        return {"name": self.name, **self.options}

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


def _builder(name: str) -> Callable[..., nn.Module]:
    if name not in _BUILDERS:
        raise ValueError(f"Unknown network {name!r}; choose one of {', '.join(network_names())}.")
    return _BUILDERS[name]
