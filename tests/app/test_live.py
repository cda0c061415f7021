"""The page Live without a browser: what it offers, and what it makes of what browsers report."""

from __future__ import annotations

import base64

import pytest
from streamlit.testing.v1 import AppTest

from design_core.browser.bundle import Film, bundle, bundle_hash
from design_core.networks.activation import is_real
from tests.app_pages import APP
from ui.live.choice import first_live, runnable
from ui.live.component import MAX_STATE, _sent, _state
from ui.networks import card_of
from ui.predict.choice import data_sets


@pytest.mark.parametrize("dataset", data_sets())
def test_only_networks_of_bits_are_offered(dataset: str) -> None:
    references = runnable(dataset)
    assert references
    assert set(first_live(dataset)) <= set(references)
    for reference in references:
        card = card_of(reference)[0]
        assert not is_real(card.activation)
        assert card.picture != "floyd-steinberg"


def test_the_page_opens_and_asks_for_a_network_where_there_is_none() -> None:
    app = AppTest.from_file(APP, default_timeout=120).run().switch_page("pages/live.py").run()
    assert not app.exception
    assert not app.info
    app.multiselect(key="live_networks").set_value([]).run()
    assert not app.exception
    assert "Choose a network" in app.info[0].value


@pytest.mark.parametrize(
    "reported",
    [
        {},
        {"state": None},
        {"state": {"revision": 2, "text": "view-walk"}},
        {"state": {"revision": 1, "text": 7}},
        {"state": {"revision": 1, "text": "x" * (MAX_STATE + 1)}},
        {"state": {"revision": 1, "text": "a\nb"}},
    ],
)
def test_reports_that_mean_nothing_leave_the_state(reported: dict[str, object]) -> None:
    assert _state(reported, 1, "start") == "start"


def test_a_report_and_a_frame_are_taken() -> None:
    assert _state({"state": {"revision": 1, "text": "view-walk"}}, 1, "start") == "view-walk"
    sent = {"sent": {"to": "predict", "png": base64.b64encode(b"png").decode()}}
    assert _sent(sent) == ("predict", b"png")
    for wrong in (None, {"to": 1, "png": ""}, {"to": "predict", "png": "*"}, {"to": "predict"}):
        assert _sent({"sent": wrong}) is None


def test_bundles_are_known_by_their_contents() -> None:
    import numpy as np

    film = Film(np.zeros((2, 8, 8, 1), np.uint8), ["a", "b"], ["", "1"])
    one, other = (bundle([data], film, key="k") for data in (b"network", b"another"))
    assert bundle_hash(one) == bundle_hash(bundle([b"network"], film, key="k"))
    assert bundle_hash(one) != bundle_hash(other)
    with pytest.raises(ValueError, match="as many titles and labels as pictures"):
        Film(film.pixels, ["a"], ["", "1"])
