"""Live as one HTML file: viewer, networks, samples and words, and no request to anywhere.

The modules, the markup and the bundle are those of the app's page; `html_page` puts them into one
file, and its policy (CSP) forbids the file to load or send anything.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

from design_core import browser
from design_core.browser.bundle import (
    SCRIPTS,
    bundle,
    live_markup,
    live_style,
    samples_film,
)
from design_core.browser.network import live_network
from design_core.pictures.samples import sample_group
from design_core.zoo.naming import data_set_name, data_sets, describe_network, distinct_names

if TYPE_CHECKING:
    from design_core.zoo.entry import Entry

__all__ = ["LARGEST", "MOST_NETWORKS", "html_page", "live_page", "size_words"]

#: In one file.
MOST_NETWORKS = 4

#: Bytes of a file that still goes by mail and opens on a phone at once.
LARGEST = 3_000_000

# Nothing may be loaded or sent: scripts and styles stand in the file; the engine may be compiled.
_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' 'wasm-unsafe-eval'; "
    "style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action 'none'"
)
_KEY = "live"


def html_page(
    *, title: str, style: str, body: str, data: Mapping[str, bytes], modules: Sequence[str]
) -> str:
    """One HTML file that needs nothing beside it.

    Parameters
    ----------
    title
        Plain text.
    style, body
        CSS, and markup that holds no text of strangers unescaped.
    data
        Bytes by name; `embedded(name)` of embedded.js gives them to the modules.
    modules
        JavaScript; each is a module of its own, and they run in this order.
    """
    embedded = "".join(
        f'<script type="text/plain" id="data-{escape(name)}">{base64.b64encode(one).decode()}'
        "</script>\n"
        for name, one in data.items()
    )
    scripts = "".join(f'<script type="module">\n{one}\n</script>\n' for one in modules)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<link rel="icon" href="data:,">
<style>
{browser.text("page.css")}{style}</style>
</head>
<body>
{body}
{embedded}{scripts}</body>
</html>
"""


def size_words(size: int) -> str:
    """What to say of a file's size where it is more than `LARGEST`, else nothing."""
    if size <= LARGEST:
        return ""
    return (
        f"That is {size / 1e6:.1f} MB, more than the {LARGEST / 1e6:.0f} MB that phones open "
        "at once. Leave a network out, or take a narrower one."
    )


def live_page(
    entries: Sequence[Entry],
    *,
    title: str = "Two binary networks, live in this page",
    start: str = "",
) -> bytes:
    """Live as a file that opens from a memory stick.

    Parameters
    ----------
    entries
        One to four networks of one data set; its film are embedded samples, which may be handed on.
    title
        The heading.
    start
        What to open with, as live_state.js writes it.

    Returns
    -------
    bytes
        HTML, UTF-8. Two networks of width 32 take 0.7 MB.

    Raises
    ------
    ValueError
        No network, too many, networks of several data sets, or one that does not run on bits alone.
    """
    if not 1 <= len(entries) <= MOST_NETWORKS:
        raise ValueError(f"The file holds 1 to {MOST_NETWORKS} networks; got {len(entries)}.")
    networks = [(entry.card, entry.seed) for entry in entries]
    if len(found := data_sets(card for card, _ in networks)) > 1:
        sets = " and ".join(map(data_set_name, found))
        raise ValueError(f"These networks were trained on {sets}. Choose networks of one data set.")
    names = distinct_names(networks)
    lines = [describe_network(*network) for network in networks]
    files = [
        live_network(entry.checkpoint, name=name, about=line)
        for entry, name, line in zip(entries, names, lines, strict=True)
    ]
    form = entries[0].pictures
    film = samples_film(form, sample_group(found[0], form.shape[0]))
    body = browser.filled(
        browser.text("page.html"),
        {
            "title": escape(title),
            "start": escape(start),
            "networks": "".join(
                f"<li><b>{escape(name)}</b>: {escape(line)}</li>"
                for name, line in zip(names, lines, strict=True)
            ),
            "credits": "".join(
                f"<p>Pictures of the film: {escape(one)}</p>" for one in film.credits
            ),
            "live": live_markup(),
        },
    )
    return html_page(
        title=f"{title} · DeSign",
        style=live_style(),
        body=body,
        data={"live": bundle(files, film, key=_KEY)},
        modules=[browser.joined("embedded", *SCRIPTS, "live_page")],
    ).encode()
