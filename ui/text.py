"""Sentences as HTML."""

from __future__ import annotations

from html import escape

__all__ = ["sentence_html"]


def sentence_html(text: str) -> str:
    """Text as HTML in which no line breaks between a number and its %."""
    return escape(text).replace(" %", "&nbsp;%")
