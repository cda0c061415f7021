"""Texts of others as text: Streamlit renders Markdown nearly everywhere, plotly a kind of HTML.

A name with ``![](http://…)`` in a label, a message or a tooltip would fetch a picture, and one with
``**`` would lose letters. Whatever the app has not written itself goes through here.
"""

from __future__ import annotations

import re
from html import escape

from design_core.text import printable

__all__ = ["chart_text", "plain", "sentence_html"]

# What has a meaning anywhere in a line, and what has one at its beginning only.
_MARKS = re.compile(r"([\\`*_\[\]<&$~])")
_FIRST = re.compile(r"^(\d*)(?=[-+>#=|.)])")
# Streamlit finds addresses, symbols, icons and arrows in text that is parsed already, where a
# backslash is no help. A mark that joins words, and is not seen, takes them apart.
_JOINER = "\u2060"
_FOUND_LATER = re.compile(
    r":(?=//|[\w+-]+[:/\[])|@|www(?=\.)|<(?=-)|-(?=[->])|[<>~](?==)", re.IGNORECASE
)


def plain(text: str) -> str:
    r"""Markdown that shows the text letter by letter, on one line.

    Examples
    --------
    >>> plain("cats & dogs"), plain("![m](x)"), plain("1. one")
    ('cats \\& dogs', '!\\[m\\](x)', '1\\. one')
    """
    line = " ".join(printable(text).split())
    parted = _FOUND_LATER.sub(lambda found: found[0] + _JOINER, line)
    return _FIRST.sub(r"\1\\", _MARKS.sub(r"\\\1", parted))


def chart_text(text: str) -> str:
    """The text in a chart's label, where tags would be taken for tags.

    Examples
    --------
    >>> chart_text("<b>cat</b>")
    '&lt;b&gt;cat&lt;/b&gt;'
    """
    return escape(printable(text), quote=False)


def sentence_html(text: str) -> str:
    """Text as HTML in which no line breaks between a number and its %."""
    return escape(text).replace(" %", "&nbsp;%")
