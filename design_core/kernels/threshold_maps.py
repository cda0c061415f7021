"""ImageMagick's threshold maps: ``<threshold map="…"><levels width="…" height="…" divisor="…">``.

The file that ImageMagick comes with declares its elements in a document type and holds nineteen
maps. Such a declaration is read over; whatever in it could make more text than the file has is
refused: entities, defaults of attributes, other files.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from xml.etree import ElementTree
from xml.parsers import expat

__all__ = ["map_names", "read_map", "threshold_maps"]

_DEPTH = 8

Maps = dict[str, ElementTree.Element]


def threshold_maps(data: bytes) -> Maps:
    """The maps of a file by name, unread; ValueError if it is no XML, or of a kind that can grow.

    A map's alias is a second name of it, and left out here; see `read_map`.
    """
    found: Maps = {}
    for number, element in enumerate(_parsed(data).iter("threshold"), start=1):
        name = element.get("map") or f"map {number}"
        if name in found:
            raise ValueError(f"it has two threshold maps {name[:40]!r}.")
        found[name] = element
    return found


def map_names(maps: Maps) -> dict[str, str]:
    """What each map may be called, its alias too, and its name."""
    aliases = {element.get("alias", ""): name for name, element in maps.items()}
    return {**{alias: name for alias, name in aliases.items() if alias}, **{n: n for n in maps}}


def read_map(element: ElementTree.Element) -> list[list[int]]:
    """The levels of a map by rows; ValueError if they are not as many as it declares."""
    levels = element.find("levels")
    if levels is None:
        raise ValueError("its threshold map has no <levels>.")
    try:
        width, height = int(levels.get("width", "")), int(levels.get("height", ""))
        numbers = [int(number) for number in (levels.text or "").split()]
    except ValueError as error:
        raise ValueError("<levels> needs a width, a height and integers.") from error
    if min(width, height) < 1 or len(numbers) != width * height:
        raise ValueError(f"<levels> is {width}×{height} but holds {len(numbers)} integers.")
    return [numbers[at : at + width] for at in range(0, len(numbers), width)]


def _parsed(data: bytes) -> ElementTree.Element:
    builder = ElementTree.TreeBuilder()
    depth = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEPTH:
            raise ValueError(f"its elements are nested deeper than {_DEPTH}.")
        builder.start(tag, attributes)

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(tag)

    def doctype(_name: str, system: str | None, public: str | None, _internal: bool) -> None:
        if system or public:
            raise ValueError("its document type is in another file; take out <!DOCTYPE …>.")

    def entity(*_: object) -> None:
        raise ValueError("it declares entities; take out the lines with <!ENTITY …>.")

    def attribute(_element: str, name: str, _type: str, default: str | None, _: bool) -> None:
        if default is not None:
            raise ValueError(
                f"it declares a default of the attribute {name[:40]!r}; take out its <!ATTLIST …>."
            )

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = doctype
    parser.EntityDeclHandler = entity
    parser.AttlistDeclHandler = attribute
    with _as_value_error():
        parser.Parse(data, True)
    return builder.close()


@contextmanager
def _as_value_error() -> Iterator[None]:
    """Around a parser that is not ours: of hostile bytes it raises many things."""
    try:
        yield
    except ValueError:
        raise
    except Exception as error:
        raise ValueError(f"it is damaged, or no XML ({error}).") from error
