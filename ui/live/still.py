"""What Live shows before its networks are there: the first picture, as each of them will see it.

Made from the files alone, by NumPy; PyTorch and the 1-bit engine may still be on their way.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Sequence
from html import escape

from design_core.lab.first_sight import first_sight
from design_core.output.drawing import pixels_png
from design_core.zoo.naming import distinct_names
from ui.live.choice import film_of
from ui.networks import card_of, entry

__all__ = ["still_html"]

_FRAME = re.compile(r"(?:^|_)frame-(\d{1,4})(?:_|$)")
_SIDES = 2


def still_html(references: Sequence[str], dataset: str, state: str) -> str:
    """The frame that a state asks for, and what up to two networks see of it.

    Raises
    ------
    ValueError
        A network whose file cannot be read.
    """
    shown = list(references)[:_SIDES]
    film = film_of(dataset, entry(shown[0]).pictures)
    asked = _FRAME.search(state)
    place = int(asked[1]) % len(film.pixels) if asked else 0
    square = film.pixels[place]
    names = distinct_names([card_of(reference) for reference in shown])
    pictures = [(film.titles[place], square)]
    for reference, name in zip(shown, names, strict=True):
        pictures.append((name, first_sight(entry(reference), square)))
    figures = "".join(
        f'<figure><figcaption>{escape(title)}</figcaption><img alt="" src="data:image/png;base64,'
        f'{b64encode(pixels_png(pixels)).decode()}"></figure>'
        for title, pixels in pictures
    )
    return f'<div class="ds-live-still">{figures}</div><p class="ds-note">{_WAIT}</p>'


_WAIT = "What the networks see. Their answers begin as soon as they have come into this page."
