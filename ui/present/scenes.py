"""What is shown on the stage: curated scenes, or the view that the user brought, with the pins.

A scene is a view of Explore, which stands still, or of Live, whose networks run in the page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from urllib.parse import parse_qsl, urlencode

from design_core.study.picture_cuts import picture_sentences
from ui.explore import keys as explore_keys
from ui.explore.address import EXPLORE
from ui.learn.contents import picture_pair
from ui.links.deck import Slide
from ui.links.pins import Pin
from ui.live.address import LIVE
from ui.networks import zoo_cards
from ui.pytorch import has_pytorch
from ui.scenes import SCENES

__all__ = [
    "StageScene",
    "curated_scenes",
    "deck_scenes",
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
        ``page?parameters`` of Explore, Live, or a page whose views are figures.
    notes
        For the presenter alone.
    build
        A key of `ui.links.deck.BUILDS`.
    """

    title: str
    sentence: str
    link: str
    notes: str = ""
    build: str = ""

    @property
    def page(self) -> str:
        """The page it is from."""
        return self.link.partition("?")[0]


# What the networks say, they say themselves; no sentence here has numbers.
_LIVE_SCENES = {
    "live": StageScene(
        "Two networks, live",
        "One bit per colour and pixel is all that these two networks see; both run in this page.",
        "live",
    ),
    "live-walk": StageScene(
        "A network taken apart",
        "Every number of a binary network can be read: point at a bit, flip a weight.",
        "live?networks=digits&view=view-walk_frame-3",
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
    return {**still, **_picture_scenes(), **(_LIVE_SCENES if has_pytorch() else {})}


@cache
def _picture_scenes() -> dict[str, StageScene]:
    """One-bit pictures in three scenes: what the sensor keeps, who answers, what it comes to.

    What the networks say, and how much it counts, the figures say themselves.
    """
    pair = picture_pair(zoo_cards())
    if not pair:
        return {}
    bits = f"explore?{urlencode({'source': 'picture', 'kernel': 'bayer-2', 'scale': 'quantile'})}"
    asked = urlencode({"picture": "cifar10-01", "networks": pair})
    return {
        "sensor": StageScene(
            "What a one-bit sensor keeps",
            "One threshold keeps an outline; four, side by side, keep greys.",
            bits,
            build="reveal",
        ),
        "sensor-answers": StageScene(
            "Two networks of one-bit pictures",
            "Both networks see one bit per pixel and colour; a pattern cut it for one of them.",
            f"predict?{asked}",
        ),
        "sensor-finding": StageScene(
            "What the pattern is worth",
            next((told for _, told in picture_sentences(zoo_cards())), "No answer yet."),
            "compare?panel=one-bit-pictures",
        ),
    }


def deck_scenes(slides: Sequence[Slide]) -> dict[str, StageScene]:
    """The scenes of a deck, by their place in it."""
    return {
        f"slide-{number}": StageScene(
            slide.sentence or f"A view of {slide.page.capitalize()}",
            slide.sentence,
            slide.link,
            slide.notes,
            slide.build,
        )
        for number, slide in enumerate(slides, 1)
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
    return str(entries[explore_keys.VIEWER_VIEW])
