"""Names that others gave, made fit to be shown and written."""

from __future__ import annotations

__all__ = ["csv_cell", "printable"]


# What a formula begins with; spreadsheets of the East take the wide ones too.
_FORMULA = (*"=+-@", *"＝＋－＠")


def printable(text: str) -> str:
    r"""The text with whatever cannot be seen as an escape: controls, halves of letters, marks that
    turn the direction of writing.

    What comes out can be encoded, printed and stored, and looks different where it is different.
    Blanks of all kinds but the plain one are escaped too, so that a name stays on one line.

    Examples
    --------
    >>> printable("cat.png"), printable("a\nb"), printable("caf\udce9.png")
    ('cat.png', 'a\\nb', 'caf\\udce9.png')
    """
    if text.isprintable():
        return text
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in text
    )


def csv_cell(text: str) -> str:
    """The text for a cell of a CSV file, which spreadsheets would else take for a formula.

    Examples
    --------
    >>> csv_cell("=1+1"), csv_cell("coins")
    ("'=1+1", 'coins')
    """
    shown = printable(text)
    return f"'{shown}" if shown.lstrip()[:1] in _FORMULA else shown
