"""The HTML files that are taken along: what others wrote is text in them."""

from __future__ import annotations

import base64
import json
import re
from collections import Counter
from html.parser import HTMLParser

import pytest

from design_core.browser.page import live_page
from design_core.zoo.entry import open_entry
from ui.live.choice import first_live
from ui.present.talk import Figure, Still, talk_page
from ui.scenes import view_of

HOSTILE = (
    "</script><img src=x onerror=alert(1)>",
    '"><script>alert(1)</script>',
    "{live} {networks} {credits} {bar} {viewer} {theme}",
    "<!-- <script> ]]> \\u003c &lt; \u2028",
)


class Elements(HTMLParser):
    """What a browser finds in a file: elements by name, their attributes, and the title."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.names: Counter[str] = Counter()
        self.starts: list[str | None] = []
        self.title = ""
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names[tag] += 1
        found = dict(attrs)
        assert not [name for name in found if name.startswith("on")]
        if "data-start" in found:
            self.starts.append(found["data-start"])

    def handle_data(self, data: str) -> None:
        if self.lasttag == "title":
            self.title += data


@pytest.mark.parametrize("words", HOSTILE)
def test_title_and_state_of_live_are_text(words: str) -> None:
    entries = [open_entry(first_live("digits")[0])]
    plain = Elements(live_page(entries))
    found = Elements(live_page(entries, title=words, start=words))
    assert found.names == plain.names
    assert found.starts == [words]
    assert found.title.strip().startswith(words)


@pytest.mark.parametrize("words", HOSTILE)
def test_the_words_of_a_talk_are_text(words: str) -> None:
    view = view_of("explore?picture=coins&size=32&source=picture")

    def talk(said: str) -> bytes:
        return talk_page(
            [Still(said, said, view, "wipe", said), Figure(said, said, "<p>ours</p>", said)]
        )

    plain, page = Elements(talk("A scene")), talk(words)
    found = Elements(page)
    assert found.names == plain.names
    assert found.title.startswith(words)
    told = re.search(rb'id="data-talk">([^<]*)</script>', page)
    assert told is not None
    scenes = json.loads(base64.b64decode(told[1]))["scenes"]
    assert [(one["title"], one["sentence"], one["notes"]) for one in scenes] == [(words,) * 3] * 2
