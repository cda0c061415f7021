"""What the session knows of the reader: place, numbers, picture; and what is asked of the app."""

from __future__ import annotations

from urllib.parse import parse_qsl

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from design_core.paths import ROOT
from design_core.pictures import Picture, PictureError
from design_core.pictures.samples import SAMPLES
from design_core.pictures.squares import square_pixels
from ui.compute import Scene, decoded, maps_of
from ui.learn.address import BLOCK, PART, STAIR
from ui.learn.component import Reader, Subject, Wish
from ui.learn.parts import DIALS, FIRST_STAIR, SIZE
from ui.links.deck import add_slide
from ui.rail.controls import keep_picture
from ui.rail.fields import upload_code
from ui.text import plain

__all__ = ["OPEN", "keep", "reader", "subject", "take_wish", "with_room"]

#: Where the session keeps a link that is to be opened.
OPEN = "learn_open"

_GRAPH_SIDE = 32  # of the pictures that the graph's network takes
_LEAST = 8  # pixels along a side, of the square that the figures mark


def reader() -> Reader:
    """Where the reader is, as the session has it."""
    session = st.session_state
    return Reader(
        part=session.get(PART, "start"),
        values={name: float(session.get(dial.key, dial.start)) for name, dial in DIALS.items()},
        stair=session.get(STAIR, FIRST_STAIR),
        block=session.get(BLOCK, ""),
    )


def keep(read: Reader) -> None:
    """Take over what the browser reported."""
    session = st.session_state
    session[PART], session[STAIR], session[BLOCK] = read.part, read.stair, read.block
    for name, dial in DIALS.items():
        session[dial.key] = read.values[name]


def subject(picture: Picture, code: str) -> Subject:
    """The picture as the article shows it; `code` stands for it in links."""
    return Subject(
        x=with_room(maps_of(Scene(picture, SIZE, "picture", 16, 0)).x[0]),
        pixels=square_pixels(picture, 3, _GRAPH_SIDE),
        code=code,
        alt=SAMPLES[picture.name].alt if picture.name in SAMPLES else picture.name,
    )


def with_room(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """The map with its last row and column repeated, where it has no room for the square."""
    return np.pad(x, [(0, max(0, _LEAST - side)) for side in x.shape], mode="edge")


def take_wish(wish: Wish) -> None:
    """Do what the reader asked, before the page is run again."""
    session = st.session_state
    if wish.kind == "open":
        page, _, query = wish.text.partition("?")
        if (ROOT / "pages" / f"{page}.py").is_file() and page.isidentifier():
            session[OPEN] = f"{page}?{query}" if dict(parse_qsl(query)) else page
    elif wish.kind == "deck":
        st.toast(plain(add_slide(wish.text, wish.about)), icon=":material/playlist_add_check:")
    elif wish.kind == "sample":
        session.update(picture_way="Sample", sample=wish.text, picture_wanted="")
    elif wish.kind == "picture":
        _take_picture(wish)


def _take_picture(wish: Wish) -> None:
    try:
        picture = decoded(wish.picture, wish.text or "picture.png")
    except PictureError as error:
        st.toast(plain(str(error)), icon=":material/broken_image:")
        return
    keep_picture(picture)
    st.session_state.update(
        picture_way="Upload",
        picture_wanted="",
        picture=picture,
        picture_code=upload_code(picture),
    )
