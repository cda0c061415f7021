"""The link of a scene for an audience: as text, and as a QR code that is made here, offline."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit, urlunsplit

import segno

__all__ = ["audience_link", "length_note", "qr_svg", "reach_note"]

_QUIET = 4  # modules of margin that the standard asks for


def audience_link(here: str, link: str) -> str:
    """The full address of a scene.

    Parameters
    ----------
    here
        The address of the page ``present`` as this user reaches it.
    link
        ``page?parameters`` of the scene.

    Examples
    --------
    >>> audience_link("https://design.example/lab/present?scene=relief", "explore?picture=coins")
    'https://design.example/lab/explore?picture=coins'
    >>> audience_link("https://design.example/present", "learn?step=scaling")
    'https://design.example/learn?step=scaling'
    """
    scheme, host, path, _, _ = urlsplit(here)
    page, _, query = link.partition("?")
    root = path.rpartition("/")[0] + "/"
    return urlunsplit((scheme, host, root + page, query, ""))


def length_note(link: str) -> str:
    """Says so if the link is too long for a QR code; else nothing.

    Examples
    --------
    >>> length_note("https://design.example/")
    ''
    """
    if qr_svg(link):
        return ""
    return f"The link has {len(link):,} characters, too many for a QR code. Copy it instead."


def reach_note(link: str) -> str:
    """Says so if nobody but this machine can open the link; else nothing.

    Examples
    --------
    >>> reach_note("https://design.example/")
    ''
    """
    host = urlsplit(link).hostname or ""
    try:
        is_own = ip_address(host).is_loopback or ip_address(host).is_unspecified
    except ValueError:
        is_own = host == "localhost" or host.endswith(".localhost")
    if not is_own:
        return ""
    return (
        f"Only this machine can open {host}. For others, open the app under an address that they "
        "can reach, and present from there."
    )


def qr_svg(text: str) -> str:
    """A QR code as SVG, one unit per module, with its margin; dark on white in both themes.

    Empty for a text that no QR code holds.

    Whole units, drawn without smoothing, so that every module is as large as every other at any
    size. Error correction M: a scanner may miss 15 % of the code.
    """
    try:
        code = segno.make_qr(text, error="m")
    except segno.DataOverflowError:
        return ""
    svg: str = code.svg_inline(
        border=_QUIET, dark="#14161A", light="#FFFFFF", omitsize=True, svgclass=None, lineclass=None
    )
    return svg.replace("<svg ", '<svg shape-rendering="crispEdges" aria-hidden="true" ', 1)
