"""What is shown on the stage: curated scenes, or the view that the user brought, with the pins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from ui.explore.address import EXPLORE
from ui.links.pins import Pin
from ui.scenes import SCENES

__all__ = [
    "StageScene",
    "curated_scenes",
    "own_scenes",
    "view_name",
]


@dataclass(frozen=True)
class StageScene:
    """A scene on the stage.

    Parameters
    ----------
    title
        For the bar and for screen readers.
    sentence
        What it shows, in words held to its numbers; "" where nobody wrote any.
    link
        ``explore?parameters``.
    """

    title: str
    sentence: str
    link: str


def curated_scenes() -> dict[str, StageScene]:
    """The curated scenes of Explore, by name and in their order."""
    return {
        name: StageScene(scene.title, scene.sentence, scene.link)
        for name, scene in SCENES.items()
        if _is_explore(scene.link)
    }


def own_scenes(view: str, pins: Mapping[str, Pin]) -> dict[str, StageScene]:
    """The user's own list: the view that was brought, then the pinned ones.

    Parameters
    ----------
    view
        Parameters of Explore as they stand in its address.
    pins
        The pinned views by name.
    """
    found = {"view": StageScene("Your view", "", f"{EXPLORE.page}?{view}")}
    for name, pin in pins.items():
        if _is_explore(pin.link):
            found[f"pin-{name}"] = StageScene(f"Pinned view {name}", "", pin.link)
    return found


def _is_explore(link: str) -> bool:
    return link.partition("?")[0] == EXPLORE.page


def view_name(link: str) -> str:
    """The viewer's view that a link to Explore asks for."""
    entries = EXPLORE.reading(dict(parse_qsl(link.partition("?")[2]))).entries
    return str(entries["viewer_view"])
