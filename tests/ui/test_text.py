"""What others wrote goes through `plain` wherever Streamlit renders Markdown."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui.text import chart_text, plain

ROOT = Path(__file__).parents[2]
FILES = sorted([*ROOT.glob("pages/*.py"), *ROOT.glob("ui/**/*.py")])

#: Calls that show messages, and which of their arguments says what.
MESSAGES = {"error": 0, "warning": 0, "info": 0, "success": 0, "toast": 0, "spinner": 0}
MESSAGES |= {"progress": 1}


@given(st.text())
def test_plain_is_one_line_in_which_every_mark_is_escaped(text: str) -> None:
    shown = plain(text)
    assert shown.replace("\u2060", "").isprintable()
    for place, letter in enumerate(shown):
        if letter in "*_`[]<&$~":
            before = shown[:place]
            assert (len(before) - len(before.rstrip("\\"))) % 2 == 1, (text, shown)


@pytest.mark.parametrize("text", ["# a", "- a", "+ a", "> a", "1. a", "22) a", "---", "=== a"])
def test_what_would_begin_a_block_does_not(text: str) -> None:
    assert "\\" in plain(text)[: text.index(text.lstrip("0123456789")[0]) + 1]


def test_a_chart_shows_tags_as_text() -> None:
    assert chart_text('<a href="http://evil.example">x</a>&') == (
        '&lt;a href="http://evil.example"&gt;x&lt;/a&gt;&amp;'
    )


def _messages() -> Iterator[tuple[str, ast.expr]]:
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                place = MESSAGES.get(node.func.attr)
                if place is not None and len(node.args) > place:
                    where = f"{path.relative_to(ROOT)}:{node.lineno}"
                    yield where, node.args[place]


def _unguarded(part: ast.expr) -> Iterator[ast.expr]:
    """What in a message is neither our own words, nor a number in a format, nor escaped."""
    if isinstance(part, ast.JoinedStr):
        for one in part.values:
            if isinstance(one, ast.FormattedValue) and not one.format_spec:
                yield from _unguarded(one.value)
    elif isinstance(part, ast.IfExp):
        yield from _unguarded(part.body)
        yield from _unguarded(part.orelse)
    elif not isinstance(part, ast.Constant) and ast.unparse(part).partition("(")[0] != "plain":
        yield part


#: Numbers, and words that the app has put together itself, looked at one by one.
LOOKED_AT = {
    "missing_extra(ModuleNotFoundError(name='torch'))",  # of no word from outside
    *("len(items)", "done", "total", "number", "count", "MAX_PICTURES"),
    *("reason", "message", "DATA.name", "FIRST_TEXT", "spoken(live.latest)", "here", "later"),
}


def test_every_message_is_our_own_or_escaped() -> None:
    found = list(_messages())
    assert len(found) > 40
    strange = [
        f"{where} {ast.unparse(one)}"
        for where, part in found
        for one in _unguarded(part)
        if ast.unparse(one) not in LOOKED_AT
    ]
    assert strange == []
