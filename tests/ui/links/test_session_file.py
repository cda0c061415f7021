"""Session files come back, and files of another shape are refused in words."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui.links.session_file import (
    MAX_BYTES,
    SessionFile,
    SessionFileError,
    read_session,
    write_session,
)

PAGES = ("explore", "design")
texts = st.text(max_size=20).filter(str.isprintable)
parameters = st.dictionaries(texts, texts, max_size=4)
SESSION = SessionFile(
    "explore",
    {"picture": "coins"},
    {"explore": {"view": "wipe"}, "design": {}},
    {"A": {"link": "design?kernel=hprof", "about": "It ranks 3rd."}},
)


@given(
    page=st.sampled_from(PAGES),
    rail=parameters,
    pages=st.dictionaries(st.sampled_from(PAGES), parameters),
    about=texts,
)
def test_a_session_comes_back(
    page: str, rail: dict[str, str], pages: dict[str, dict[str, str]], about: str
) -> None:
    session = SessionFile(page, rail, pages, {"B": {"link": f"{page}?a=b", "about": about}})
    assert read_session(write_session(session), known=PAGES) == session


def changed(**entries: Any) -> bytes:
    return json.dumps(json.loads(write_session(SESSION)) | entries).encode()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"{" * 100_000, "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "no session"),
        (b"null", "no session"),
        (b'{"levels": [[1, 1], [3, 3]]}', "no session"),
        (b" " * (MAX_BYTES + 1), "bytes"),
        (changed(version=2), "this one has 2."),
        (changed(version=None), "this one has null."),
        (b'{"format": "design-session"}', "this one has none."),
        (changed(more=1), "no entry 'more'"),
        (changed(page="../app"), "no page '../app'"),
        (changed(page=None), "names the page to open"),
        (changed(page={"a": 1}), "names the page to open"),
        (changed(pages={"nowhere": {}}), "no page 'nowhere'"),
        (changed(pins={"A": {"link": "nowhere?a=b", "about": ""}}), "no page 'nowhere'"),
        (changed(pins={"A": {"link": "explore"}}), "'link' and 'about'"),
        (changed(pins=[]), "'pins'"),
        (changed(rail={"picture": 3}), "'rail'"),
        (changed(rail={"picture": "half a \ud83d pair"}), "'rail'"),
        (changed(rail={"picture": "x" * 10_000}), "'rail'"),
        (changed(rail={str(number): "" for number in range(500)}), "'rail'"),
        (changed(pages={"explore": "view=wipe"}), "'pages'"),
    ],
)
def test_other_files_are_refused_in_words(data: bytes, message: str) -> None:
    with pytest.raises(SessionFileError) as refused:
        read_session(data, known=PAGES)
    assert message in str(refused.value)
    assert len(str(refused.value)) < 200


@given(data=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_nothing_but_a_refusal_escapes(data: bytes) -> None:
    with pytest.raises(SessionFileError):
        read_session(data, known=PAGES)
