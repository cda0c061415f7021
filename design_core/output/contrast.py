"""Contrast between colours, as the Web Content Accessibility Guidelines measure it."""

from __future__ import annotations

__all__ = ["LEAST", "contrast", "legible"]

#: Of small type, WCAG 2.2, 1.4.3.
LEAST = 4.5
_STEPS = 20


def contrast(first: str, second: str) -> float:
    """The ratio of two colours ``#RRGGBB``, from 1 to 21.

    Examples
    --------
    >>> contrast("#000000", "#FFFFFF")
    21.0
    """
    low, high = sorted(_luminance(_channels(one)) for one in (first, second))
    return (high + 0.05) / (low + 0.05)


def legible(colour: str, text: str, ground: str) -> str:
    """The colour, moved towards that of text as far as small type in it needs on a ground.

    Parameters
    ----------
    colour, text, ground
        ``#RRGGBB``; text has a contrast of `LEAST` on the ground.

    Examples
    --------
    >>> legible("#14161A", "#14161A", "#FFFFFF")
    '#14161A'
    """
    own, goal = _channels(colour), _channels(text)
    for step in range(_STEPS + 1):
        mixed = [round(a + (b - a) * step / _STEPS) for a, b in zip(own, goal, strict=True)]
        found = "#" + "".join(f"{channel:02X}" for channel in mixed)
        if contrast(found, ground) >= LEAST:
            return found
    return text


def _channels(colour: str) -> tuple[int, int, int]:
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return red, green, blue


def _luminance(channels: tuple[int, int, int]) -> float:
    """Relative luminance of sRGB."""
    linear = [
        share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4
        for share in (channel / 255 for channel in channels)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
