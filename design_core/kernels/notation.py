"""Kernels as people write and paste them: ours, MATLAB's, Python's, NumPy's, and tables of numbers.

Nothing here opens anything; whatever the text, there come numbers or a ValueError.
"""

from __future__ import annotations

import re
from itertools import groupby

__all__ = ["is_numbers", "plain_number", "read_numbers", "read_table"]

Slices = list[list[list[float]]]

_DEEPEST = 3  # slices, rows, entries

# As on a command line, a name that is given to it, and what NumPy and PyTorch print around.
_OPTION = re.compile(r"--kernel[\s=]+")
_ASSIGNED = re.compile(r"\w{1,40}\s*=(?!=)\s*")
_CALLED = re.compile(r"(?:\w{1,20}\.)?(?:array|asarray|tensor|matrix)\((.*)\)", re.DOTALL)
_TYPED = re.compile(r",\s*(?:dtype|device)\s*=[^,\])]{1,40}$")
_BRACKETS = str.maketrans("{}()", "[][]")
_NUMBERS = re.compile(r"[-+.\d\s,;|eE\[\]]+")

_COMMENT = "#"
_COMMENT_LINE = re.compile(r"^[ \t]*[#%].*$", re.MULTILINE)  # further on, % is of a number
_CONTINUED = re.compile(r"\.\.\.[ \t]*\n")
_QUOTED = re.compile(r"([\"'])([^\"']*)\1")
_SEPARATOR_LINE = "sep="  # the first line of some spreadsheets
_DELIMITERS = ";\t,"
_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


def is_numbers(text: str) -> bool:
    """Whether a text is made of what `read_numbers` reads, and of nothing else."""
    plain = _bare(text)
    return bool(_NUMBERS.fullmatch(plain)) and any(letter.isdigit() for letter in plain)


def read_numbers(text: str) -> Slices:
    """The numbers of a text, by slices, rows and columns.

    Parameters
    ----------
    text
        Numbers separated by spaces or commas, rows by ``;`` or new lines, slices by ``|`` or an
        empty line: ``1 1;3 3|7 7;5 5``. Or in brackets of any kind, ``[1 1; 3 3]`` or
        ``[[1, 1], [3, 3]]``; several of the former are slices, and so are the lists of the latter
        one level deeper.

    Raises
    ------
    ValueError
        Something that is no number, or brackets that do not match.

    Examples
    --------
    >>> read_numbers("[1 1; 3 3]") == read_numbers("[[1, 1], [3, 3]]") == [[[1, 1], [3, 3]]]
    True
    """
    plain = _bare(text)
    if "[" in plain or "]" in plain:
        plain = _without_brackets(plain)
    plain = re.sub(r"\s*\n\s*\n\s*", "|", plain.strip())
    plain = re.sub(r"\s*;?\s*\n\s*", ";", plain)
    return [
        [[plain_number(cell) for cell in row.replace(",", " ").split()] for row in rows.split(";")]
        for rows in plain.split("|")
    ]


def plain_number(text: str) -> float:
    """A number with a point, after a minus sign of any typesetting; ValueError for all else."""
    return float(text.replace("−", "-"))


def _bare(text: str) -> str:
    """The text without what programs put around numbers, in square brackets."""
    plain = _COMMENT_LINE.sub("", _CONTINUED.sub(" ", text.replace("−", "-"))).strip()
    if found := _OPTION.match(plain):
        plain = plain[found.end() :].strip()
    if found := _QUOTED.fullmatch(plain):
        plain = found[2]
    if found := _ASSIGNED.match(plain):
        plain = plain[found.end() :]
    plain = plain.strip("; \t\n")
    if found := _CALLED.fullmatch(plain):
        plain = _TYPED.sub("", _TYPED.sub("", found[1]))
    return plain.translate(_BRACKETS)


def _without_brackets(text: str) -> str:
    """Brackets as our own signs between rows and slices."""
    depth = _depth(text)
    # Within nested lists a new line only continues a row.
    text = text.replace("\n", " " if depth > 1 else ";")
    text = re.sub(r"\]\s*\][\s,;|]*\[\s*\[", "|", text)
    holds_rows = re.search(r"\[[^\[\]]*;[^\[\]]*\]", text)
    text = re.sub(r"\][\s,;|]*\[", "|" if holds_rows else ";", text)
    inner = text.strip("[] \t,;")
    if "[" in inner or "]" in inner:
        raise ValueError("its brackets do not lie around rows and slices")
    return inner


def _depth(text: str) -> int:
    """How deep brackets are nested; ValueError if they do not match."""
    depth = deepest = 0
    for letter in text:
        depth += {"[": 1, "]": -1}.get(letter, 0)
        deepest = max(deepest, depth)
        if not 0 <= depth <= _DEEPEST:
            break
    if depth:
        raise ValueError(f"its brackets do not match, or are nested deeper than {_DEEPEST}")
    return deepest


def read_table(data: bytes, *, most_lines: int, most_cells: int) -> Slices:
    """The numbers of a text file: a row a line, slices separated by empty lines.

    Parameters
    ----------
    data
        In UTF-8, or in UTF-16 with its mark. Entries are separated by semicolons, tabs, commas or
        spaces, whichever of these comes first in this order; where it is no comma, or
        within quotes around one of several entries, a comma may stand for the decimal point.
        Separators at the end of a line, empty ones in a row, other quotes, what follows ``#``, and
        lines that begin with ``%`` count for nothing.
    most_lines, most_cells
        Bounds; more are refused before they are looked at.

    Raises
    ------
    ValueError
        More lines or entries than may be, or an entry that is no number; the message shows the
        line.
    """
    try:
        text = data.decode(_MARKS.get(data[:2], "utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ValueError("it is damaged, or no text in UTF-8.") from error
    lines = text.splitlines()
    if len(lines) > most_lines:
        raise ValueError(f"it has {len(lines)} lines, too many for a kernel.")
    rows = [_row_text(line) for line in lines]
    used = "".join(rows)
    delimiter = next((one for one in _DELIMITERS if one in used), None)
    numbered = [
        (number, row)
        for number, (line, row) in enumerate(zip(lines, rows, strict=True), start=1)
        if not _says_nothing(line)
    ]
    return [
        [_row(row, number, delimiter, most_cells) for number, row in group]
        for is_row, group in groupby(numbered, key=lambda one: bool(one[1]))
        if is_row
    ]


def _says_nothing(line: str) -> bool:
    """Whether a line is a comment, or tells a spreadsheet its separator."""
    return bool(_COMMENT_LINE.match(line)) or line.lower().startswith(_SEPARATOR_LINE)


def _row_text(line: str) -> str:
    """A line without comment, quotes and the separators at its end."""
    if _says_nothing(line):
        return ""
    bare = line.partition(_COMMENT)[0].strip()
    if not _QUOTED.fullmatch(bare):
        bare = _QUOTED.sub(lambda found: _with_point(found[2]), bare)
    bare = bare.replace('"', "").replace("'", "")
    stripped = bare.strip(" \xa0").rstrip(f"{_DELIMITERS} \xa0")
    return stripped if stripped.strip(f"{_DELIMITERS} ") else ""


def _row(text: str, number: int, delimiter: str | None, most: int) -> list[float]:
    cells = text.split(delimiter, most)
    if len(cells) > most:
        raise ValueError(f"line {number} has more than {most} entries.")
    if delimiter != ",":
        cells = [_with_point(cell) for cell in cells]
    try:
        return [plain_number(cell) for cell in cells]
    except ValueError as error:
        parted = {";": "semicolons", "\t": "tabs", ",": "commas", None: "spaces"}[delimiter]
        raise ValueError(
            f"line {number} is {text[:40]!r}; expected numbers separated by {parted}."
        ) from error


def _with_point(cell: str) -> str:
    """A decimal comma as a point, where the number has no other point or comma."""
    return cell.replace(",", ".") if cell.count(",") == 1 and "." not in cell else cell
