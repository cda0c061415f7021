"""The Learn page, driven as a user would, without a browser."""

from __future__ import annotations

import json
import re
from urllib.parse import parse_qsl

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from design_core import extract_maps, load_cards, published_kernel, sample, total_variation
from design_core.kernels.kernel import binarize
from design_core.pictures import fit
from design_core.scores.lessons import absorb, kept_differences
from design_core.study.evidence import answers, main_cards, verdict
from design_core.zoo.arms import arm_of
from tests.app_pages import APP, heading
from ui.compare.address import COMPARE
from ui.explore.address import EXPLORE
from ui.learn.address import LEARN
from ui.learn.step import Dial
from ui.learn.story import CURRENT, STEPS, moved
from ui.predict.address import PREDICT
from ui.scenes import view_of


def started(**query: str) -> AppTest:
    fresh = AppTest.from_file(APP, default_timeout=120)
    for name, value in query.items():
        fresh.query_params[name] = value
    fresh.switch_page("pages/learn.py").run()
    assert not fresh.exception
    return fresh


@pytest.fixture(scope="module")
def app() -> AppTest:
    return started()


def go(app: AppTest, key: str) -> AppTest:
    app.radio(key=CURRENT).set_value(key).run()
    assert not app.exception, key
    return app


def bodies(app: AppTest) -> str:
    return "".join(one.proto.body for one in app.get("html"))


def words(app: AppTest) -> str:
    return str(app.markdown[0].value).replace("\u00a0", " ")


def x() -> np.ndarray:
    maps: np.ndarray = extract_maps(fit(sample("astronaut"), 208), "picture").x[0]
    return maps


def test_the_story_is_stepped_through_and_back(app: AppTest) -> None:
    go(app, "cut")
    assert app.button(key="back").disabled
    seen = [heading(app)]
    for _ in list(STEPS)[1:]:
        app.button(key="next").click().run()
        assert not app.exception
        seen.append(heading(app))
    assert len(set(seen)) == len(STEPS)
    assert app.button(key="next").disabled
    app.button(key="back").click().run()
    assert heading(app) == seen[-2]
    assert moved("cut", -1) == "cut"
    assert moved("evidence", 1) == "evidence"


@pytest.mark.parametrize("key", STEPS)
def test_every_step_has_a_picture_with_words_and_a_way_to_explore(app: AppTest, key: str) -> None:
    go(app, key)
    alts = re.findall(r'<img [^>]*alt="([^"]*)"', bodies(app))
    charts = [chart.proto.alt for chart in app.get("plotly_chart")]
    assert len(alts) + len(charts) >= 1
    for alt in (*alts, *charts):
        assert len(alt) > 20, alt
    sentences = re.split(r"(?<=[.!?])\s", words(app).strip())
    assert 2 <= len(sentences) <= 6
    (link,) = app.get("page_link")
    address = {"explore": EXPLORE, "predict": PREDICT, "compare": COMPARE}[link.proto.page]
    parameters = dict(parse_qsl(link.proto.query_string.lstrip("?")))
    assert address.reading(parameters).ignored == ()
    assert parameters or key == "evidence"


@pytest.mark.parametrize(
    "dial", [step.dial for step in STEPS.values() if step.dial], ids=lambda dial: dial.name
)
def test_every_slider_moves_its_picture(app: AppTest, dial: Dial) -> None:
    go(app, next(step.key for step in STEPS.values() if step.dial == dial))
    before = bodies(app)
    for value in (dial.low, dial.high):
        app.slider(key=dial.key).set_value(value).run()
        assert not app.exception
        assert (bodies(app) == before) == (value == dial.start)
    app.slider(key=dial.key).set_value(dial.start).run()
    assert bodies(app) == before


def test_numbers_are_the_librarys(app: AppTest) -> None:
    go(app, "cut")
    assert f"**{100 * kept_differences(x(), x() >= 0):.1f} %**" in words(app)
    go(app, "variation")
    bits = binarize(x(), published_kernel("2x2-v2"))
    assert f"DeSign **{total_variation(bits):.3f}**" in words(app)
    go(app, "batch-norm")
    assert f"**{100 * absorb(x(), published_kernel('2x2-v2')).left:.1f} %**" in words(app)
    go(app, "detail")
    assert "272 of all 1,296 kernels" in words(app)
    assert "plain Sign among them" in words(app)
    go(app, "scaling")
    assert "2.6 % to 6.2 %" in words(app)
    assert "**21.5 %**" in words(app)


def test_the_last_word_is_that_of_the_cards(app: AppTest) -> None:
    go(app, "evidence")
    found = answers(load_cards())
    assert heading(app) == verdict(found)
    said = "".join(one.value for one in app.markdown)
    for answer in found:
        assert answer.sentence() in said
    layout = json.loads(app.get("plotly_chart")[0].proto.spec)["layout"]
    rows = layout["yaxis"]["categoryarray"]
    assert set(rows) == {arm_of(card.activation).short for card in main_cards(load_cards())}
    low, high = layout["yaxis"]["range"]
    assert low < 0 < len(rows) - 1 < high  # no row is left out


def test_explore_opens_what_the_step_shows(app: AppTest) -> None:
    go(app, "kernel")
    app.slider(key="learn_strength").set_value(0.5).run()
    (link,) = app.get("page_link")
    view = view_of("explore?" + link.proto.query_string.lstrip("?"))
    assert np.array_equal(view.x, x())
    assert view.kernel == published_kernel("2x2-v2").scaled(strength=0.5)
    app.slider(key="learn_strength").set_value(1.0).run()


def test_a_link_opens_its_step_as_it_was() -> None:
    app = started(step="batch-norm", beta="-0.63")
    assert app.radio(key=CURRENT).value == "batch-norm"
    assert app.slider(key="learn_beta").value == -0.63
    app = started(step="staircase", kernel="uniform-1")
    assert "1 different threshold**" in words(app)


@pytest.mark.parametrize(
    "query",
    [
        {"step": "nowhere"},
        {"step": "batch-norm", "beta": "nan"},
        {"step": "scaling", "scale": "9e99"},
        {"step": "trained", "block": "../../etc"},
        {"step": "\x00", "cut": "x" * 9000, "more": "<script>"},
    ],
)
def test_hostile_links_open_the_page(query: dict[str, str]) -> None:
    app = started(**query)
    assert heading(app)
    assert "<script>" not in bodies(app)


def test_the_address_holds_only_what_the_step_needs() -> None:
    state = {CURRENT: "scaling", "learn_scale": 0.5, "learn_beta": -1.0}
    assert LEARN.parameters(state)[0] == {"step": "scaling", "scale": "0.5"}
    assert LEARN.parameters({})[0] == {}
