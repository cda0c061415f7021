"""The Explore page, driven as a user would, without a browser."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hostile import hostile_pictures, odd_pictures
from streamlit.testing.v1 import AppTest

from design_core.kernels.patterns import PATTERNS
from design_core.kernels.published import PUBLISHED
from design_core.lab.feature_maps import extract_maps
from design_core.networks.picture import build_picture_cut
from design_core.pictures import decode, fit
from design_core.pictures.samples import SAMPLES, sample
from design_core.scores.comparison import compare_activations, finding
from design_core.zoo.arms import PICTURE_ARMS
from tests.app_pages import APP, heading

SIZE = 208
SCALINGS = ("published", "lloyd-max", "quantile", "matlab", "data")


@pytest.fixture
def fresh() -> AppTest:
    """The app as it opens."""
    started = AppTest.from_file(APP, default_timeout=60).switch_page("pages/explore.py").run()
    assert not started.exception
    return started


@pytest.fixture
def app(fresh: AppTest) -> AppTest:
    """The luminance of Chelsea the cat: one map, so that runs are quick."""
    fresh.selectbox(key="sample").set_value("chelsea")
    return fresh.selectbox(key="source").set_value("picture").run()


def expected_finding(name: str, source: str, kernel_name: str) -> str:
    maps = extract_maps(fit(sample(name), SIZE), source)
    compared = compare_activations(maps.x, PUBLISHED[kernel_name])
    return finding(compared["sign"][0], compared["design"][0])


def test_first_paint_is_the_finding_and_the_viewer(fresh: AppTest) -> None:
    assert heading(fresh) == expected_finding("astronaut", "random-conv", "2x2-v2")


def test_everything_on_screen_can_be_taken_along(fresh: AppTest) -> None:
    labels = [one.proto.label for one in fresh.get("download_button")]
    taken = [label.split(", ")[-1] for label in labels if not label.startswith("Save all pages")]
    assert taken == ["NPZ", "PDF", "SVG", "GIF"]
    caption = fresh.code[0].value
    assert "2x2-v2, levels [1 1;3 3], published scaling" in caption
    assert "total variation 0.340" in caption


def test_numbers_on_the_page_are_the_librarys(app: AppTest) -> None:
    app.selectbox(key="sample").set_value("camera")
    app.selectbox(key="published").set_value("3x3-symmetric-v1").run()
    assert heading(app) == expected_finding("camera", "picture", "3x3-symmetric-v1")
    maps = extract_maps(fit(sample("camera"), SIZE), "picture")
    compared = compare_activations(maps.x, PUBLISHED["3x3-symmetric-v1"])
    table = app.dataframe[0].value
    assert table.loc["Edges per pixel (total variation)", "DeSign"] == compared["design"].tv[0]
    assert table.loc["Edges per pixel, isotropic", "Sign"] == compared["sign"].tv_isotropic[0]
    psnr, _ = compared["design"].fidelity(maps.x)
    assert table.loc["PSNR of the local average, dB", "DeSign"] == psnr[0]


def test_every_sample_and_every_published_kernel_in_every_scaling(app: AppTest) -> None:
    """What the page makes of them; all pairs of sample and kernel are the library's test."""
    app.select_slider(key="longest").set_value(32)
    shown = list(itertools.product(SCALINGS, PUBLISHED))
    assert len(shown) >= len(SAMPLES)
    for name, (scaling, kernel) in zip(itertools.cycle(SAMPLES), shown, strict=False):
        app.selectbox(key="scaling").set_value(scaling)
        app.selectbox(key="sample").set_value(name)
        app.selectbox(key="published").set_value(kernel).run()
        assert not app.exception, (name, kernel, scaling)
        assert heading(app), (name, kernel, scaling)


def test_every_pattern_at_every_size(app: AppTest) -> None:
    """Scalings take turns; all of them with all kernels are the library's test."""
    app.segmented_control(key="kernel_way").set_value("Pattern").run()
    scalings = itertools.cycle(SCALINGS)
    for name, pattern in PATTERNS.items():
        app.selectbox(key="pattern").set_value(name).run()
        for size, scaling in zip(pattern.sizes, scalings, strict=False):
            app.selectbox(key="scaling").set_value(scaling)
            app.selectbox(key=f"size-{name}").set_value(size).run()
            assert not app.exception, (name, size, scaling)


@pytest.mark.parametrize(("source", "count"), [("picture", 1), ("rgb", 3), ("random-conv", 5)])
def test_every_source_shows_its_maps(
    app: AppTest, source: str, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[tuple[int, ...]] = []
    monkeypatch.setattr("ui.viewer.viewer", _recorder(shown))
    app.selectbox(key="source").set_value(source).run()
    if source == "random-conv":
        app.number_input(key="maps").set_value(count).run()
    assert not app.exception
    assert shown[-1] == (count, 138, SIZE)


def _recorder(shown: list[tuple[int, ...]]) -> Any:
    """The viewer, with the shapes of the maps that it was given written down."""
    from ui.viewer import viewer

    def recording(maps: Any, *args: Any, **options: Any) -> Any:
        shown.append(maps.shape)
        return viewer(maps, *args, **options)

    return recording


def test_a_scaling_without_values_says_so_and_goes_on(app: AppTest) -> None:
    app.selectbox(key="scaling").set_value("matlab")
    app.selectbox(key="published").set_value("baseline-2x2x4").run()
    assert "Shown with lloyd-max" in app.warning[0].value
    assert not app.exception


def test_settings_outlive_a_change_of_way(app: AppTest) -> None:
    app.selectbox(key="published").set_value("hprof").run()
    app.segmented_control(key="kernel_way").set_value("Pattern").run()
    app.segmented_control(key="kernel_way").set_value("Published").run()
    assert app.selectbox(key="published").value == "hprof"


def upload(app: AppTest, name: str, data: bytes) -> None:
    app.segmented_control(key="picture_way").set_value("Upload").run()
    app.file_uploader(key="upload").set_value((name, data, "image/png")).run()


@pytest.mark.parametrize("name", hostile_pictures())
def test_hostile_uploads_get_a_message_and_the_page_goes_on(app: AppTest, name: str) -> None:
    before = heading(app)
    upload(app, f"{name}.png", hostile_pictures()[name])
    assert not app.exception
    assert len(app.error) == 1
    assert len(app.error[0].value) > 20
    assert heading(app) == before


@pytest.mark.parametrize("name", odd_pictures())
def test_odd_but_valid_uploads_are_shown(app: AppTest, name: str) -> None:
    data = odd_pictures()[name]
    upload(app, f"{name}.png", data)
    assert not app.exception
    assert not app.error
    x = extract_maps(fit(decode(data, name=name), SIZE), "picture").x
    compared = compare_activations(x, PUBLISHED["2x2-v2"])
    assert heading(app) == finding(compared["sign"], compared["design"])


def test_a_missing_data_set_is_offered_but_never_fetched(
    app: AppTest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("ui.rail.data_sets.DATA", tmp_path)
    app.segmented_control(key="picture_way").set_value("Data set").run()
    assert not app.exception
    assert "CIFAR-10 is not on this machine" in app.sidebar.caption[0].value
    assert list(tmp_path.iterdir()) == []


def test_items_of_a_class_folder_are_shown(
    app: AppTest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for label, value in (("dark", 40), ("light", 200)):
        folder = tmp_path / "mine" / label
        folder.mkdir(parents=True)
        from PIL import Image

        for index in range(2):
            Image.new("L", (12, 10), value + index).save(folder / f"{index}.png")
    monkeypatch.setattr("ui.rail.data_sets.DATA", tmp_path)
    app.segmented_control(key="picture_way").set_value("Data set").run()
    app.selectbox(key="data_set").set_value("mine").run()
    assert not app.exception
    app.selectbox(key="class-mine").set_value(1).run()
    assert any("1.png" in one.proto.body or "0.png" in one.proto.body for one in app.get("html"))


def test_class_folders_that_training_finds_show_their_test_pictures(
    app: AppTest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from PIL import Image

    for split in ("train", "test"):
        for label, value in (("dark", 40), ("light", 200)):
            folder = tmp_path / "mine" / split / label
            folder.mkdir(parents=True)
            Image.new("L", (12, 10), value).save(folder / f"{split}-{label}.png")
    monkeypatch.setattr("ui.rail.data_sets.DATA", tmp_path)
    app.segmented_control(key="picture_way").set_value("Data set").run()
    app.selectbox(key="data_set").set_value("mine").run()
    assert not app.exception
    labels = app.selectbox(key="class-mine-test").options
    assert labels == ["all classes", "dark", "light"]
    app.selectbox(key="class-mine-test").set_value(1).run()
    assert any("test-light.png" in one.proto.body for one in app.get("html"))
    code = app.session_state["address_here"][1]["picture"]
    assert code == "set~mine-test~1"


def test_as_a_one_bit_network_sees_it(app: AppTest) -> None:
    """Three colours at the networks' size, a phase for each, and a way to those networks."""
    app.button(key="as_network").click().run()
    assert not app.exception
    assert app.selectbox(key="source").value == "rgb"
    assert app.select_slider(key="longest").value == 32
    kernel = app.session_state["own_kernel"]
    cut = build_picture_cut(PICTURE_ARMS["phases2"].activation, 3)
    assert cut is not None
    np.testing.assert_allclose(kernel.thresholds, cut.act.thresholds.numpy(), atol=1e-6)
