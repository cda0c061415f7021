"""Tables that others may add to: entries by name, each name taken once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Generic, TypeVar

__all__ = ["Registry"]

T = TypeVar("T")


class Registry(Mapping[str, T], Generic[T]):
    """Entries by name, in the order in which they came.

    Parameters
    ----------
    kind
        What the entries are, for messages.
    entries
        Those to begin with.

    Examples
    --------
    >>> colours = Registry("colour", {"red": 0xFF0000})
    >>> colours.add("blue", 0x0000FF)
    255
    >>> list(colours)
    ['red', 'blue']
    >>> colours.find("green")
    Traceback (most recent call last):
    ValueError: Unknown colour 'green'; choose one of red, blue.
    """

    def __init__(self, kind: str, entries: Mapping[str, T]) -> None:
        self._kind = kind
        self._entries = dict(entries)

    def add(self, name: str, entry: T) -> T:
        """Take an entry in and return it; ValueError for a name that is taken."""
        if name in self._entries:
            kind = self._kind.capitalize()
            raise ValueError(f"{kind} {name!r} exists already; give yours another name.")
        self._entries[name] = entry
        return entry

    def find(self, name: str) -> T:
        """The entry of that name; ValueError, which lists all names, if there is none."""
        if name not in self._entries:
            raise ValueError(f"Unknown {self._kind} {name!r}; choose one of {', '.join(self)}.")
        return self._entries[name]

    def __getitem__(self, name: str) -> T:
        return self._entries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)
