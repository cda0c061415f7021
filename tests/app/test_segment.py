"""The page Segment, driven as a user would; on tiny scenes and networks made here."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from PIL import Image
from streamlit.testing.v1 import AppTest

from design_core.training.data import load_data
from design_core.training.recipe import load_recipe
from design_core.training.run import train_run
from design_core.zoo.card import load_cards
from design_core.zoo.collect import collect_run
from design_core.zoo.entry import open_entry
from tests.app_pages import APP, bodies, heading
from tests.made_scenes import write_scenes

pytestmark = pytest.mark.usefixtures("here")

CHANGES = ("width=4", "epochs=2", "batch_size=2", "crop_padding=2", "compile=false")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``data`` and ``zoo``: Sign and DeSign of two seeds, Hardtanh of one."""
    folder = tmp_path_factory.mktemp("segment")
    write_scenes(folder / "data")
    data = load_data("camvid", root=folder / "data")
    for activation, seeds in (("sign", 2), ("design:2x2-v2", 2), ("hardtanh", 1)):
        recipe = load_recipe("camvid").with_changes([*CHANGES, f"activation={activation}"])
        for seed in range(seeds):
            run = folder / f"{activation[:4]}-{seed}"
            train_run(recipe, data, run, seed=seed)
            collect_run(run, data, root=folder / "zoo")
    return folder


@pytest.fixture
def here(made: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The app, with these networks and scenes."""
    monkeypatch.setattr("ui.segment.networks.load_cards", partial(load_cards, made / "zoo"))
    monkeypatch.setattr(
        "ui.segment.networks.open_entry",
        lambda name, task: open_entry(name, made / "zoo", task=task),
    )
    monkeypatch.setattr("ui.segment.picture.DATA", made / "data")
    st.cache_resource.clear()
    yield made
    st.cache_resource.clear()


def opened(**link: str) -> AppTest:
    app = AppTest.from_file(APP, default_timeout=120)
    for name, value in link.items():
        app.query_params[name] = value
    app.switch_page("pages/segment.py").run()
    assert not app.exception
    return app


def figures(app: AppTest) -> list[str]:
    return re.findall(r'<figcaption class="ds-title">(.*?)</figcaption>', "".join(bodies(app)))


def test_picture_truth_both_maps_and_their_difference() -> None:
    app = opened()
    assert re.fullmatch(
        r"Sign and DeSign 2D give [\d.]+ % of the pixels the same class", heading(app)
    )
    assert figures(app) == ["Picture", "Truth", "Sign", "DeSign 2D", "Where they differ"]
    told = "".join(bodies(app))
    assert "CamVid&#x27;s test picture 0. Sign: " in told
    assert "orange where Sign alone is right" in told
    assert len(re.findall(r"<li><span style=", told)) == 12
    assert all(alt.strip() for alt in re.findall(r'<img [^>]*alt="(.*?)"', told))
    assert "Sign has a mean IoU of" in told
    assert "data:image/png" in told
    assert "data:image/jp" not in told


def test_a_sample_has_no_truth_and_other_networks_can_be_chosen() -> None:
    app = opened(picture="coffee", beside="hardtanh")
    assert figures(app) == ["Picture", "Sign", "Hard tanh", "Where they differ"]
    assert "in blue" in "".join(bodies(app))
    app.selectbox(key="segment_beside").set_value("design2d").run()
    assert not app.exception
    assert figures(app)[2] == "DeSign 2D"


def test_an_upload_is_cropped_to_the_size_of_the_networks() -> None:
    app = opened()
    app.segmented_control(key="segment_way").set_value("Upload").run()
    buffer = io.BytesIO()
    pixels = np.random.default_rng(0).integers(0, 256, (40, 90, 3)).astype(np.uint8)
    Image.fromarray(pixels).save(buffer, "PNG")
    app.file_uploader(key="upload").set_value(
        ("<b>me</b>.png", buffer.getvalue(), "image/png")
    ).run()
    assert not app.exception
    told = "".join(bodies(app))
    assert 'width="24" height="16"' in told
    assert "&lt;b&gt;me&lt;/b&gt;.png" in told
    assert "<b>me" not in told


def test_a_link_restores_the_view() -> None:
    link = {"picture": "scene-2", "beside": "design2d", "seed": "1"}
    app = opened(**link)
    assert app.number_input(key="segment_scene").value == 2
    assert app.session_state["address_here"][1] == {"picture": "scene-2", "seed": "1"}
    assert not [one for one in bodies(app) if "Ignored in the link" in one]


@pytest.mark.parametrize("picture", ["scene-99999999", "scene-77777", "nowhere", "digit-3"])
def test_pictures_that_are_not_there_are_told(picture: str) -> None:
    app = opened(picture=picture)
    assert [one for one in bodies(app) if "Ignored in the link: picture" in one]
    assert figures(app)[1] == "Truth"


def test_a_number_beyond_the_last_is_the_last() -> None:
    app = opened(picture="scene-500")
    assert app.number_input(key="segment_scene").value == 3


def test_without_networks_a_sentence_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("ui.segment.networks.load_cards", partial(load_cards, tmp_path))
    monkeypatch.setattr("ui.segment.picture.DATA", tmp_path)
    st.cache_resource.clear()
    app = opened()
    assert heading(app) == "No network gives each pixel a class here yet"
    assert "design zoo train" in "".join(bodies(app))
