"""A talk as one HTML file: its scenes, still and live, with the keys of the stage.

Viewer, Live and the presenter's bar are the same modules as in the app; talk.js steps between them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import numpy as np

from design_core import browser
from design_core.browser.bundle import (
    SCRIPTS,
    bundle,
    bundle_hash,
    live_markup,
    live_style,
    samples_film,
)
from design_core.browser.network import live_network
from design_core.browser.page import html_page
from design_core.pictures.samples import SAMPLES, sample_group
from design_core.zoo.entry import Entry
from design_core.zoo.naming import describe_network, distinct_names
from ui.present.bar import bar_markup, bar_style
from ui.present.qr import qr_svg
from ui.scenes import View
from ui.viewer.component import viewer_markup, viewer_script, viewer_settings, viewer_style

__all__ = ["Figure", "Moving", "Still", "talk_page"]

_HERE = Path(__file__).parent
_THEME = _HERE.parent / "theme.css"  # which knows how answers and charts look
_TALL = 4000  # the stage decides how tall pictures are, by the window


@dataclass(frozen=True, eq=False)
class Still:
    """A scene of Explore: title, sentence, what it shows, in which view, notes, and its build."""

    title: str
    sentence: str
    view: View
    shown_as: str
    notes: str = ""
    build: str = ""


@dataclass(frozen=True)
class Figure:
    """A finished figure of another page: title, sentence, and HTML of this app's making."""

    title: str
    sentence: str
    html: str
    notes: str = ""


@dataclass(frozen=True, eq=False)
class Moving:
    """A scene of Live: title, sentence, networks of one data set, and what is on screen."""

    title: str
    sentence: str
    entries: Sequence[Entry]
    start: str
    notes: str = ""


def talk_page(scenes: Sequence[Still | Moving | Figure], *, address: str = "") -> bytes:
    """The talk.

    Parameters
    ----------
    scenes
        In their order, one at least.
    address
        Where the file will be found, for a QR code; "" leaves the code out.

    Returns
    -------
    bytes
        HTML, UTF-8.
    """
    if not scenes:
        raise ValueError("A talk needs one scene at least.")
    data: dict[str, bytes] = {}
    plain = []
    for scene in scenes:
        told = {"title": scene.title, "sentence": scene.sentence, "notes": scene.notes}
        plain.append({**_put(scene, data), **told})
    about = {"scenes": plain, "address": address, "qr": qr_svg(address) if address else ""}
    data["talk"] = json.dumps(about).encode()
    body = browser.filled(
        (_HERE / "talk.html").read_text(encoding="utf-8"),
        {
            "credits": "".join(f"<p>{escape(one)}</p>" for one in _credits(scenes)),
            "theme": _THEME.read_text(encoding="utf-8"),
            "viewer_style": viewer_style(),
            "viewer": viewer_markup(),
            "live_style": live_style(),
            "live": live_markup(),
            "bar_style": bar_style(),
            "bar": bar_markup(),
        },
    )
    return html_page(
        title=f"{scenes[0].title} · DeSign",
        style=(_HERE / "talk.css").read_text(encoding="utf-8"),
        body=body,
        data=data,
        modules=[
            viewer_script() + browser.joined("still_scene", folder=_HERE),
            browser.joined(*SCRIPTS, "live_mounted") + browser.joined("moving_scene", folder=_HERE),
            browser.joined("figure_scene", folder=_HERE),
            browser.joined("embedded") + browser.joined("slides", "bar", "talk", folder=_HERE),
        ],
    ).encode()


def _put(scene: Still | Moving | Figure, data: dict[str, bytes]) -> dict[str, object]:
    if isinstance(scene, Still):
        return _put_still(scene, data)
    return _put_moving(scene, data) if isinstance(scene, Moving) else _put_figure(scene, data)


def _put_figure(scene: Figure, data: dict[str, bytes]) -> dict[str, object]:
    content = scene.html.encode()
    place = f"figure-{hashlib.sha256(content).hexdigest()[:32]}"
    data[place] = content
    return {"kind": "figure", "data": place, "settings": {}}


def _put_still(scene: Still, data: dict[str, bytes]) -> dict[str, object]:
    """Maps go into `data`, once for all scenes that show them; the rest is returned."""
    view = scene.view
    name = view.scene.picture.name
    maps = np.ascontiguousarray(view.x[None], "<f4")
    kernel = view.kernel.for_channel(view.channel)
    settings = viewer_settings(
        maps,
        kernel.scaled(strength=0.0) if scene.build else kernel,
        names=[scene.title],
        picture_alt=SAMPLES[name].alt if name in SAMPLES else name,
        view=scene.shown_as,
        height=_TALL,
        presenter=True,
    )
    place = f"maps-{settings['maps']}"
    data[place] = maps.tobytes()
    built = {"build": scene.build, "strength": kernel.scale.strength}
    return {"kind": "still", "data": place, "settings": settings, **built}


def _put_moving(scene: Moving, data: dict[str, bytes]) -> dict[str, object]:
    """Networks and film go into `data`, once for all scenes that show them; as `_put_still`."""
    networks = [(entry.card, entry.seed) for entry in scene.entries]
    names = distinct_names(networks)
    files = [
        live_network(entry.checkpoint, name=name, about=describe_network(*network))
        for entry, name, network in zip(scene.entries, names, networks, strict=True)
    ]
    form = scene.entries[0].pictures
    film = samples_film(form, sample_group(networks[0][0].dataset, form.shape[0]))
    made = bundle(files, film, key="talk")
    place = f"live-{bundle_hash(made)}"
    data[place] = made
    settings = {"bundle": bundle_hash(made), "start": scene.start, "presenter": True}
    return {"kind": "moving", "data": place, "settings": settings}


def _credits(scenes: Sequence[Still | Moving | Figure]) -> list[str]:
    """Who made the pictures, each once."""
    found: dict[str, None] = {}
    for scene in scenes:
        if isinstance(scene, Still):
            name = scene.view.scene.picture.name
            if name in SAMPLES:
                found[f"{SAMPLES[name].title}: {SAMPLES[name].attribution}"] = None
        elif isinstance(scene, Moving):
            form = scene.entries[0].pictures
            group = sample_group(scene.entries[0].card.dataset, form.shape[0])
            found.update(dict.fromkeys(samples_film(form, group).credits))
    return list(found)
