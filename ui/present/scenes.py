"""What is shown on the stage: curated scenes, or the view that the user brought, with the pins.

A scene is a view of Explore, which stands still, or of Live, whose networks run in the page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from ui.explore.address import EXPLORE
from ui.links.pins import Pin
from ui.live.address import LIVE
from ui.pytorch import has_pytorch
from ui.scenes import SCENES

__all__ = [
    "StageScene",
    "curated_scenes",
    "is_live",
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
        ``explore?parameters`` or ``live?parameters``.
    """

    title: str
    sentence: str
    link: str


# What the networks say, they say themselves; no sentence here has numbers.
_LIVE_SCENES = {
    "live": StageScene(
        "Two networks, live",
        "One bit per colour and pixel is all that these two networks see; both run in this page.",
        "live",
    ),
    "live-draw": StageScene(
        "Draw a digit",
        "Draw a digit: both networks answer with every stroke.",
        "live?networks=digits&view=source-pad",
    ),
    "live-camera": StageScene(
        "Before the camera",
        "What two binary networks make of this room; the camera's pixels stay in this page.",
        "live?view=source-camera",
    ),
}


def curated_scenes() -> dict[str, StageScene]:
    """The curated scenes, by name and in their order: those of Explore, then live ones.

    Live ones are left out where PyTorch, which unpacks the networks, is not installed.
    """
    still = {
        name: StageScene(scene.title, scene.sentence, scene.link)
        for name, scene in SCENES.items()
        if _is_explore(scene.link)
    }
    return {**still, **_LIVE_SCENES} if has_pytorch() else still


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
        if _is_explore(pin.link) or is_live(pin.link):
            found[f"pin-{name}"] = StageScene(f"Pinned view {name}", "", pin.link)
    return found


def is_live(link: str) -> bool:
    """Whether the scene behind a link is of Live."""
    return link.partition("?")[0] == LIVE.page


def _is_explore(link: str) -> bool:
    return link.partition("?")[0] == EXPLORE.page


def view_name(link: str) -> str:
    """The viewer's view that a link to Explore asks for."""
    entries = EXPLORE.reading(dict(parse_qsl(link.partition("?")[2]))).entries
    return str(entries["viewer_view"])
