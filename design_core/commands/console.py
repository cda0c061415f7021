"""Consoles without some characters, outputs that end: words stay readable, nothing stops."""

from __future__ import annotations

import codecs
import io
import os
import sys

__all__ = ["finish_output", "speak_plainly"]

_HANDLER = "design-console"

# What our texts hold beyond the code pages of Western consoles.
_PLAIN = {
    **{"→": "->", "←": "<-", "−": "-", "–": "-", "—": "-", "≥": ">=", "≤": "<=", "≠": "!="},
    **{"×": "x", "·": "*", "…": "...", "±": "+-", "≈": "~", "√": "sqrt", "∞": "inf", "½": "1/2"},
    **{"“": '"', "”": '"', "’": "'", "°": " degrees", "γ": "gamma", "β": "beta", "Ω": "Omega"},
    **{"Δ": "delta", "σ": "sigma", "μ": "mu", "Φ": "Phi", "₀": "0", "₁": "1", "₂": "2", "²": "2"},
    **{"─": "-", "│": "|", "█": "#", "▏": "|", "é": "e", "ä": "ae", "ö": "oe", "ü": "ue"},
}


def _plain(error: UnicodeError) -> tuple[str, int]:
    """Stand-ins for what an encoding lacks; bytes of file names that are no text as numbers."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    missing = error.object[error.start : error.end]
    return "".join(_PLAIN.get(letter) or _escaped(letter) for letter in missing), error.end


def _escaped(letter: str) -> str:
    code = ord(letter)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return "?" if letter.isprintable() else f"\\u{code:04x}"


def finish_output() -> None:
    """Write what is left of standard output, or drop it where nothing takes it.

    Python would else try once more as it ends, and fail in its own words.
    """
    try:
        sys.stdout.flush()
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def speak_plainly() -> None:
    """Let standard output and error show stand-ins where their encoding lacks a character."""
    codecs.register_error(_HANDLER, _plain)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_HANDLER)
