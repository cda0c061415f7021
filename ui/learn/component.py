"""The article as a Streamlit component: text, figures and picture go out once, settings come back.

As with the viewer two components work together, here under one key: `_article` carries the code and
the bytes, `_settings` what may change with a run. While a number is dragged nothing is sent at all.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from safetensors.numpy import save

from design_core import browser
from design_core.engine.wasm import wasm_bytes
from design_core.pictures.samples import SAMPLES
from ui.learn.parts import DIALS, PARTS, STAIRS

__all__ = ["Reader", "Subject", "Wish", "article", "article_script"]

_HERE = Path(__file__).parent
_SHARED = (
    *("sha256", "safetensors", "packed", "math", "limits", "paint", "kernel_drawing"),
    *("engine", "network", "mosaic", "probe", "lessons", "reports", "channel"),
)
_OWN = ("dial", "plate", "chart", "table", "graph", "figures", "article")
_MAX_SENT = 2**21  # characters of a picture that is sent
_WISHES = ("open", "deck", "sample", "picture")


def article_script() -> str:
    """The modules of the article, joined."""
    return browser.joined(*_SHARED) + browser.joined(*_OWN, folder=_HERE / "js")


_article = st.components.v2.component(
    "design_article",
    html=(_HERE / "article.html").read_text(encoding="utf-8"),
    css=browser.text("instrument.css") + (_HERE / "article.css").read_text(encoding="utf-8"),
    js=article_script(),
)
_settings = st.components.v2.component(
    "design_article_settings", js=browser.joined("channel", "settings")
)


@dataclass(frozen=True, eq=False)
class Subject:
    """The reader's picture.

    Parameters
    ----------
    x
        Its standardized luminance, float32 (H, W).
    pixels
        As the graph's network takes it, uint8 (32, 32, 3).
    code
        What stands for it in links.
    alt
        What is to be seen, for those who do not see it.
    """

    x: NDArray[np.float32]
    pixels: NDArray[np.uint8]
    code: str
    alt: str


@dataclass(frozen=True)
class Reader:
    """Where the reader is, and what the numbers are set to.

    Parameters
    ----------
    part
        A key of `PARTS`.
    values
        By dial.
    stair
        A key of `STAIRS`.
    block
        The layer that the graph looks into; "" for the first.
    """

    part: str
    values: Mapping[str, float]
    stair: str
    block: str


@dataclass(frozen=True)
class Wish:
    """What the reader asks of the app.

    Parameters
    ----------
    kind
        ``open`` a link, put it on the ``deck``, take a ``sample`` or a ``picture`` as the subject.
    text
        The link, or the sample's name.
    about
        A sentence that belongs to the link.
    picture
        A PNG.
    """

    kind: str
    text: str = ""
    about: str = ""
    picture: bytes = b""


def article(
    contents: Mapping[str, Any],
    subject: Subject,
    network: bytes,
    *,
    key: str,
    start: Reader,
    revision: int,
    on_wish: Callable[[Wish], None],
    only: bool = False,
) -> Reader:
    """Show the article.

    Parameters
    ----------
    contents
        Numbers, lists and charts of our own, see `ui.learn.contents`.
    network
        File of `design_core.browser.network.live_network` for the graph; empty where there is none.
    start
        What to open with, where a link or an earlier visit left it.
    revision
        Raise it to open with `start` again.
    on_wish
        Called before the next run.
    only
        Show the figure of the reader's part alone, before an audience.
    """

    def wished() -> None:
        if wish := _wish(_reported(key).get("wish")):
            on_wish(wish)

    data, digest = _packed(contents, subject, network, key)
    with st.container(gap=None):
        _settings(
            key=f"{key}-settings",
            data={
                "key": key,
                "hash": digest,
                "revision": revision,
                "only": only,
                "start": vars(start) | {"values": dict(start.values)},
            },
        )
        _article(key=key, data=data, on_state_change=_no_call, on_wish_change=wished)
    return _read(_reported(key).get("state"), revision, start)


def _no_call() -> None:
    """Streamlit lists only states that have a callback; this one needs none."""


def _packed(
    contents: Mapping[str, Any], subject: Subject, network: bytes, key: str
) -> tuple[bytes, str]:
    arrays: dict[str, NDArray[Any]] = {
        "x": np.ascontiguousarray(subject.x, np.float32),
        "pixels": np.ascontiguousarray(subject.pixels),
        "engine": np.frombuffer(wasm_bytes(), np.uint8),
        "network": np.frombuffer(network, np.uint8),
    }
    about = {"picture": subject.code, "alt": subject.alt, **contents}
    text = json.dumps(about)
    digest = hashlib.sha256(text.encode())
    for name in sorted(arrays):
        digest.update(arrays[name].tobytes())
    short = digest.hexdigest()[:32]
    return save(arrays, {"about": text, "key": key, "hash": short}), short


def _reported(key: str) -> Mapping[str, Any]:
    found = st.session_state.get(key)
    return found if isinstance(found, Mapping) else {}


def _read(report: Any, revision: int, start: Reader) -> Reader:
    """The report, as far as it answers this revision; it comes from a browser."""
    if not isinstance(report, Mapping) or report.get("revision") != revision:
        return start
    given = report.get("values")
    given = given if isinstance(given, Mapping) else {}
    texts = (report.get(name) for name in ("part", "stair", "block"))
    part, stair, block = (text if isinstance(text, str) else None for text in texts)
    return Reader(
        part=part if part in PARTS else start.part,
        values={name: _value(name, given.get(name), start.values[name]) for name in DIALS},
        stair=stair if stair in STAIRS else start.stair,
        block=block if block is not None and len(block) <= 40 else start.block,
    )


def _value(name: str, given: Any, otherwise: float) -> float:
    dial = DIALS[name]
    is_number = isinstance(given, (int, float)) and math.isfinite(given)
    return float(given) if is_number and dial.low <= given <= dial.high else otherwise


def _wish(given: Any) -> Wish | None:
    if not isinstance(given, Mapping) or given.get("kind") not in _WISHES:
        return None
    kind, text, about = (given.get(name, "") for name in ("kind", "text", "about"))
    if not all(isinstance(one, str) and len(one) < 8000 for one in (text, about)):
        return None
    if kind == "sample":
        return Wish(kind, text) if text in SAMPLES else None
    if kind == "picture":
        sent = given.get("png")
        if not isinstance(sent, str) or len(sent) > _MAX_SENT:
            return None
        try:
            return Wish(kind, text, picture=base64.b64decode(sent, validate=True))
        except binascii.Error:
            return None
    return Wish(kind, text, about)
