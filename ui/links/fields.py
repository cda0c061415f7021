"""Fields of an address: how the state of a page becomes the parameters of a link, and back.

Nothing here knows Streamlit. A state is a mapping of keys to values, in the app
``st.session_state``; the parameters are short texts by name. What is as the page opens takes no
parameter, so a link holds only what differs. Whatever a stranger writes into a link is refused
field by field; the rest of it still holds.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias, TypeVar

__all__ = [
    "MAX_PARAMETER",
    "Address",
    "Field",
    "Reading",
    "choice",
    "number",
    "several",
    "slug",
    "switch",
    "text",
    "whole",
]

#: No parameter is longer.
MAX_PARAMETER = 8000

State: TypeAlias = Mapping[Any, Any]
T = TypeVar("T")
Options: TypeAlias = Sequence[T] | Callable[[], Sequence[T]]

_PART = "."  # between the items of a list; unlike the comma it stands in a link as it is
_TOLD = 40  # characters of a refused value that are repeated


@dataclass(frozen=True)
class Field:
    """One parameter of a link.

    Parameters
    ----------
    name
        The parameter's name.
    read
        The code of what a state holds; "" for what the page opens with. ValueError, in words, for
        what no link can hold.
    write
        The entries of the state that a code stands for; "" gives those that the page opens with.
        ValueError, in words, for a code of nothing.
    """

    name: str
    read: Callable[[State], str]
    write: Callable[[str], dict[str, Any]]

    def only(self, counts: Callable[[State], bool]) -> Field:
        """The same field, left out of the link of a state in which it does not count."""
        return replace(self, read=lambda state: self.read(state) if counts(state) else "")


@dataclass(frozen=True)
class Reading:
    """What was read from parameters.

    Attributes
    ----------
    entries
        For the state.
    ignored
        One phrase for each parameter that was refused or is unknown.
    """

    entries: dict[str, Any]
    ignored: tuple[str, ...]


@dataclass(frozen=True)
class Address:
    """The fields of a page.

    Parameters
    ----------
    page
        Name of the page's file, ``explore`` for pages/explore.py.
    rail
        Fields that the page shares with others.
    own
        The page's own.
    """

    page: str
    rail: tuple[Field, ...]
    own: tuple[Field, ...] = ()

    def __post_init__(self) -> None:
        names = [field.name for field in self.fields]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"Page {self.page} has the parameter {twice[0]!r} twice.")

    @property
    def fields(self) -> tuple[Field, ...]:
        """All of them, in the order of the link."""
        return (*self.rail, *self.own)

    def parameters(self, state: State) -> tuple[dict[str, str], tuple[str, ...]]:
        """The parameters of a state, and why some of it cannot be held by a link."""
        found, missing = {}, []
        for field in self.fields:
            try:
                code = field.read(state)
            except ValueError as error:
                missing.append(str(error))
            else:
                if code:
                    found[field.name] = code
        return found, tuple(missing)

    def reading(self, parameters: Mapping[str, str], *, own_only: bool = False) -> Reading:
        """What parameters, of whatever origin, mean for the state.

        Parameters
        ----------
        parameters
            Code by name.
        own_only
            Leave the rail as it is. What else is not named goes back to how the page opens.
        """
        fields = self.own if own_only else self.fields
        entries: dict[str, Any] = {}
        unknown = set(parameters) - {field.name for field in fields}
        ignored = [f"{name[:_TOLD]} (unknown)" for name in sorted(unknown)]
        for field in fields:
            code = parameters.get(field.name, "")
            try:
                if len(code) > MAX_PARAMETER:
                    raise ValueError(f"{len(code)} characters are too many")
                entries.update(field.write(code))
            except ValueError as error:
                ignored.append(f"{field.name} ({error})")
                entries.update(field.write(""))
        return Reading(entries, tuple(ignored))


def choice(
    key: str,
    options: Options[T],
    default: T,
    *,
    name: str = "",
    code: Callable[[T], str] = lambda option: slug(str(option)),
) -> Field:
    """A field for one of several options.

    Parameters
    ----------
    key
        In the state; also the parameter's name where `name` is not given.
    options
        What the widget offers, or a function that tells it.
    default
        What the widget opens with.
    code
        A short text for each option; by default its own words with hyphens.

    Examples
    --------
    >>> field = choice("view", ["Side by side", "Wipe"], "Wipe")
    >>> field.read({"view": "Side by side"}), field.read({"view": "Wipe"})
    ('side-by-side', '')
    >>> field.write("side-by-side")
    {'view': 'Side by side'}
    """

    def read(state: State) -> str:
        value = state.get(key, default)
        return "" if value == default else code(value)

    def write(given: str) -> dict[str, Any]:
        return {key: _option(given, options, code) if given else default}

    return Field(name or key, read, write)


def several(
    key: str,
    options: Options[T],
    default: Sequence[T],
    *,
    name: str = "",
    code: Callable[[T], str] = lambda option: slug(str(option)),
    most: int = 64,
) -> Field:
    """A field for a list of options; codes may hold letters, digits, hyphens and underscores.

    Examples
    --------
    >>> field = several("nets", ["a", "b", "c"], ["a"])
    >>> field.write("c.a"), field.read({"nets": []})
    ({'nets': ['c', 'a']}, '.')
    """

    def read(state: State) -> str:
        values = state.get(key, default)
        return "" if list(values) == list(default) else _PART.join(map(code, values)) or _PART

    def write(given: str) -> dict[str, Any]:
        if not given:
            return {key: list(default)}
        parts = dict.fromkeys(part for part in given.split(_PART) if part)
        if len(parts) > most:
            raise ValueError(f"{len(parts)} are more than {most}")
        return {key: [_option(part, options, code) for part in parts]}

    return Field(name or key, read, write)


def whole(key: str, low: int, high: int, default: int, *, name: str = "") -> Field:
    """A field for a whole number from `low` to `high`."""

    def read(state: State) -> str:
        value = state.get(key, default)
        return "" if value == default else str(int(value))

    def write(given: str) -> dict[str, Any]:
        if not given:
            return {key: default}
        if not re.fullmatch(r"-?[0-9]{1,12}", given) or not low <= int(given) <= high:
            raise ValueError(f"a whole number from {low} to {high} is expected, not {_told(given)}")
        return {key: int(given)}

    return Field(name or key, read, write)


def number(key: str, low: float, high: float, default: float, *, name: str = "") -> Field:
    """A field for a real number from `low` to `high`; every digit comes back.

    Examples
    --------
    >>> number("strength", -2, 2, 1.0).read({"strength": 0.25})
    '0.25'
    """

    def read(state: State) -> str:
        value = float(state.get(key, default))
        return "" if value == default else repr(value).removesuffix(".0")

    def write(given: str) -> dict[str, Any]:
        if not given:
            return {key: default}
        try:
            value = float(given)
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            raise ValueError(f"a number from {low:g} to {high:g} is expected, not {_told(given)}")
        return {key: value}

    return Field(name or key, read, write)


def switch(key: str, default: bool, *, name: str = "") -> Field:
    """A field for yes or no."""
    return choice(key, (True, False), default, name=name, code=lambda on: "on" if on else "off")


def text(key: str, longest: int, *, name: str = "") -> Field:
    """A field for a line of text, which is empty as the page opens."""

    def write(given: str) -> dict[str, Any]:
        if len(given) > longest or not given.isprintable():
            raise ValueError(f"a line of at most {longest} characters is expected")
        return {key: given}

    return Field(name or key, lambda state: str(state.get(key) or ""), write)


def slug(words: str) -> str:
    """Words in lower case with hyphens, as a link holds them.

    Examples
    --------
    >>> slug("Find the best")
    'find-the-best'
    """
    return re.sub(r"[^0-9a-z_]+", "-", words.lower()).strip("-")


def _option(given: str, options: Options[T], code: Callable[[T], str]) -> T:
    offered = options() if callable(options) else options
    for option in offered:
        if code(option) == given:
            return option
    codes = ", ".join(code(option) for option in offered[:6])
    raise ValueError(f"{_told(given)} is none of {codes}{', …' if len(offered) > 6 else ''}")


def _told(given: str) -> str:
    return repr(given if len(given) <= _TOLD else given[:_TOLD] + "…")
