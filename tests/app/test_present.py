"""The Present page, driven without a browser: which scenes, with which words."""

from __future__ import annotations

from urllib.parse import urlencode

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from design_core.pictures import Picture
from design_core.scores.comparison import compare_activations, finding
from tests.app_pages import APP, heading
from ui.links.pins import Pin
from ui.present.address import SCENE
from ui.present.scenes import curated_scenes, own_scenes, view_name
from ui.rail.fields import upload_code
from ui.scenes import SCENES, view_of


def started(**query: str) -> AppTest:
    fresh = AppTest.from_file(APP, default_timeout=120)
    for name, value in query.items():
        fresh.query_params[name] = value
    fresh.switch_page("pages/present.py").run()
    assert not fresh.exception
    return fresh


def expected(link: str) -> str:
    scores = view_of(link).scores()
    return finding(scores["sign"], scores["design"])


def test_it_begins_with_the_first_curated_scene_and_shows_each() -> None:
    app = started()
    scenes = curated_scenes()
    assert len(scenes) >= 8
    for name, scene in scenes.items():
        app.session_state[SCENE] = name
        app.run()
        assert not app.exception, name
        assert heading(app) == scene.sentence
        assert scene.sentence
        assert name not in SCENES or scene.sentence == SCENES[name].sentence


def test_a_link_opens_its_scene() -> None:
    assert heading(started(scene="relief")) == SCENES["relief"].sentence
    assert heading(started(scene="none such")) == next(iter(curated_scenes().values())).sentence


def test_a_view_of_ones_own_is_shown_with_its_finding() -> None:
    query = urlencode({"picture": "coins", "source": "picture", "strength": "0.5", "size": "96"})
    assert heading(started(view=query)) == expected(f"explore?{query}")


def test_pins_follow_the_own_view() -> None:
    pins = {
        "A": Pin("explore?picture=coins&source=picture", ""),
        "B": Pin("predict?panel=walk", ""),
        "C": Pin("live?view=source-pad", ""),
    }
    scenes = own_scenes("picture=camera", pins)
    assert [scene.link for scene in scenes.values()] == [
        "explore?picture=camera",
        "explore?picture=coins&source=picture",
        "live?view=source-pad",
    ]
    app = started(view="picture=camera&source=picture")
    app.session_state["pins"] = pins
    app.session_state[SCENE] = "pin-A"
    app.run()
    assert not app.exception
    assert heading(app) == expected("explore?picture=coins&source=picture")


@pytest.mark.parametrize(
    "view",
    [
        "picture=nobody",
        "kernel=%00",
        "<script>=1",
        "picture=upload~0123456789abcdef~mine.png",
        "x" * 7000,
    ],
)
def test_what_cannot_be_shown_gives_the_curated_scenes(view: str) -> None:
    app = started(view=view)
    assert heading(app) == next(iter(curated_scenes().values())).sentence


def test_an_upload_is_presented_in_its_own_session() -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (40, 50), dtype=np.uint8)
    picture = Picture.from_pixels(pixels, name="mine.png")
    code = upload_code(picture)
    query = urlencode({"picture": code, "source": "picture"})
    app = AppTest.from_file(APP, default_timeout=120)
    app.session_state["picture"], app.session_state["picture_code"] = picture, code
    app.query_params["view"] = query
    app.switch_page("pages/present.py").run()
    assert not app.exception
    view = view_of(f"explore?{query}", at_hand=(code, picture))
    scores = compare_activations(view.x[None], view.kernel)
    assert heading(app) == finding(scores["sign"], scores["design"])
    with pytest.raises(ValueError, match="picture of this view is not here"):
        view_of(f"explore?{query}")


def test_scenes_keep_their_view() -> None:
    assert view_name("explore?view=wipe") == "wipe"
    assert view_name("explore") == "auto"
