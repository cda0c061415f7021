"""The Learn page without a browser: what the article gets, what comes back, where links land."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from design_core import load_cards
from design_core.engine.report import recorded
from design_core.study.evidence import answers, verdict
from design_core.study.picture_cuts import picture_sentences
from tests.app_pages import APP, heading
from ui.compare.address import COMPARE
from ui.design.address import DESIGN
from ui.explore.address import EXPLORE
from ui.learn.address import LEARN, PART
from ui.learn.component import Reader, Wish, _read, _wish
from ui.learn.contents import contents
from ui.learn.parts import DIALS, PARTS
from ui.learn.reading import reader, with_room
from ui.live.address import LIVE
from ui.predict.address import PREDICT
from ui.speed.address import SPEED

ARTICLE = Path(__file__).parents[2] / "ui" / "learn" / "article.html"
ADDRESSES = {one.page: one for one in (EXPLORE, DESIGN, PREDICT, LIVE, COMPARE, SPEED)}
FIRST = Reader("start", {name: dial.start for name, dial in DIALS.items()}, "bayer-4", "")


@pytest.fixture(scope="module")
def markup() -> str:
    return ARTICLE.read_text(encoding="utf-8")


def started(**query: str) -> AppTest:
    fresh = AppTest.from_file(APP, default_timeout=120)
    for name, value in query.items():
        fresh.query_params[name] = value
    fresh.switch_page("pages/learn.py").run()
    assert not fresh.exception
    return fresh


def test_every_part_dial_and_figure_of_the_markup_is_known(markup: str) -> None:
    assert re.findall(r'<section id="([^"]+)"', markup) == list(PARTS)
    listed = re.findall(r'data-part="([^"]+)">([^<]+)', markup)
    assert dict(listed) == dict(PARTS)
    assert set(re.findall(r'data-dial="([^"]+)"', markup)) == set(DIALS)
    assert set(re.findall(r'data-range="([^"]+)"', markup)) == set(DIALS)
    assert set(re.findall(r'data-list="([^"]+)"', markup)) <= set(contents()["lists"])


def test_every_figure_opens_where_its_page_understands_all_of_the_link(markup: str) -> None:
    links = set(re.findall(r'data-(?:open|deck)="([^"]+)"', markup))
    assert {link.partition("?")[0] for link in links} >= {"explore", "predict", "compare", "live"}
    filled = {
        **{f"{{{name}}}": str(dial.high) for name, dial in DIALS.items()},
        **{f"{{{name}}}": code for name, code in contents()["codes"].items()},
        "{picture}": "coins",
        "{stair}": "bayer-4",
    }
    for link in links:
        page, _, query = link.partition("?")
        given = {name: filled.get(value, value) for name, value in parse_qsl(query)}
        assert "{" not in "".join(given.values()), link
        assert ADDRESSES[page].reading(given).ignored == (), link


def test_numbers_and_sentences_are_the_librarys() -> None:
    cards, told = load_cards(), contents()
    assert told["said"]["verdict"] == verdict(answers(cards))
    assert told["lists"]["evidence"] == [answer.sentence() for answer in answers(cards)]
    for (_, sentence), written in zip(
        picture_sentences(cards), told["lists"]["pictures"], strict=True
    ):
        assert written.endswith(sentence)
    assert told["said"]["ties"] == "272"
    assert told["said"]["all-kernels"] == "1,296"
    assert told["said"]["excess"].startswith("2.6 to 6.2")
    assert told["said"]["processor"] == recorded().cpu["name"]
    energy = told["costs"][2]
    network = next(n for n in recorded().networks_at(1, 1) if n.name.endswith("design:2x2-v2"))
    assert energy["real"] / energy["bit"] == pytest.approx(network.fp32_bytes / network.ram_bytes)
    json.dumps(told)  # plain data only


@pytest.mark.parametrize(
    ("query", "part", "dial", "value"),
    [
        ({"step": "kernel", "strength": "0.5"}, "kernel", "strength", 0.5),
        ({"step": "batch-norm", "beta": "-0.63"}, "batch-norm", "beta", -0.63),
        ({"step": "detail", "push": "2"}, "detail", "push", 2.0),
        ({"step": "scaling", "scale": "0.5"}, "scaling", "scale", 0.5),
        ({"step": "variation", "flips": "1.25"}, "variation", "flips", 1.25),
        ({"step": "trained", "block": "block3"}, "trained", "map", 0.0),
        ({"step": "evidence"}, "evidence", "cut", 0.0),
    ],
)
def test_links_of_the_stepped_story_land_at_their_part(
    query: dict[str, str], part: str, dial: str, value: float
) -> None:
    entries = LEARN.reading(query).entries
    assert LEARN.reading(query).ignored == ()
    assert entries[PART] == part
    assert entries[DIALS[dial].key] == value
    assert LEARN.parameters(entries)[0] == query


def test_the_page_opens_with_what_a_link_says() -> None:
    app = started(step="staircase", kernel="uniform-1", picture="coins", ramp="-1.5")
    assert heading(app) == "One bit, and where to cut it"
    assert app.session_state["picture_code"] == "coins"
    assert app.session_state[DIALS["ramp"].key] == -1.5
    assert app.session_state[PART] == "staircase"


@pytest.mark.parametrize(
    "query",
    [
        {"step": "nowhere"},
        {"step": "batch-norm", "beta": "nan"},
        {"step": "scaling", "scale": "9e99"},
        {"step": "\x00", "cut": "x" * 9000, "more": "<script>"},
    ],
)
def test_hostile_links_open_the_page(query: dict[str, str]) -> None:
    app = started(**query)
    assert heading(app)
    assert "<script>" not in "".join(one.proto.body for one in app.get("html"))


def test_a_report_counts_as_far_as_it_makes_sense() -> None:
    report = {
        "revision": 3, "part": "pays", "stair": "2x2-v2", "block": "block2",
        "values": {"cut": 0.25, "beta": 7, "push": float("nan"), "scale": "1", "more": 1},
    }  # fmt: skip
    read = _read(report, 3, FIRST)
    assert (read.part, read.stair, read.block) == ("pays", "2x2-v2", "block2")
    assert read.values == {**FIRST.values, "cut": 0.25}
    assert _read(report, 4, FIRST) == FIRST
    strange: list[Any] = [None, [], {"revision": 3, "part": [], "values": "x", "block": "y" * 99}]
    for one in strange:
        assert _read(one, 3, FIRST) == FIRST


@pytest.mark.parametrize(
    ("given", "wish"),
    [
        ({"kind": "open", "text": "speed"}, Wish("open", "speed")),
        ({"kind": "sample", "text": "coins"}, Wish("sample", "coins")),
        ({"kind": "sample", "text": "../etc"}, None),
        ({"kind": "picture", "text": "a.png", "png": "!"}, None),
        ({"kind": "picture", "text": "a", "png": "AAAA"}, Wish("picture", "a", picture=bytes(3))),
        ({"kind": "delete"}, None),
        ({"kind": "open", "text": 7}, None),
        ("open", None),
    ],
)
def test_wishes_are_read_with_care(given: Mapping[str, Any], wish: Wish | None) -> None:
    assert _wish(given) == wish


def test_a_tiny_picture_has_room_for_the_square() -> None:
    x = np.array([[0, 1, 2]], np.float32)
    assert np.array_equal(with_room(x), np.tile([0, 1, 2, 2, 2, 2, 2, 2], (8, 1)))
    large = np.zeros((9, 12), np.float32)
    assert with_room(large).shape == large.shape


def test_a_reader_starts_at_the_start() -> None:
    assert reader() == FIRST
