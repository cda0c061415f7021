"""The page Train without a browser: what it offers, refuses, and makes of a training."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from design_core.zoo.arms import PICTURE_ARMS
from tests.app_pages import APP, heading
from tests.training.test_class_zip import packed, two_classes
from ui.train.address import ACTIVATION, CUT, DESK, TRAIN, UPLOAD


def opened(query: dict[str, str] | None = None) -> AppTest:
    app = AppTest.from_file(APP, default_timeout=120).run()
    for name, value in (query or {}).items():
        app.query_params[name] = value
    return app.switch_page("pages/train.py").run()


def test_it_opens_on_digits_and_refuses_a_network_against_itself() -> None:
    app = opened()
    assert not app.exception
    assert "side by side" in heading(app)
    app.selectbox(key=f"train_{ACTIVATION}_1").set_value("sign").run()
    app.button(key="train_start").click().run()
    assert not app.exception
    assert "Both networks are the same" in app.error[0].value


def test_a_link_comes_back() -> None:
    state = {
        "train_source": "Grass or gravel",
        "train_network": "vgg_small 8",
        "train_differs": "Cut of the picture",
        f"train_{ACTIVATION}_1": DESK,
        f"train_{CUT}_0": DESK,
        f"train_{CUT}_1": PICTURE_ARMS["diffused"].activation,
        "train_length": "Long",
        "train_seed": 7,
    }
    parameters, missing = TRAIN.parameters(state)
    assert not missing
    back = TRAIN.reading(parameters).entries
    assert {key: back[key] for key in state} == state


def test_zip_files_are_checked_and_what_is_wrong_is_told() -> None:
    app = opened({"pictures": "your-zip-file"})
    assert app.selectbox(key="train_source").value == UPLOAD
    assert app.button(key="train_start").disabled
    one = {name: data for name, data in two_classes().items() if name.startswith("dark")}
    app.file_uploader(key="train_zip").set_value(("pets.zip", packed(one), "application/zip")).run()
    assert "has only the class dark" in app.error[0].value
    app.file_uploader(key="train_zip").set_value(
        ("pets.zip", packed(two_classes()), "application/zip")
    ).run()
    assert not app.exception
    assert not app.error
    assert not app.button(key="train_start").disabled


def test_a_training_that_is_stopped_leaves_its_networks_to_the_session() -> None:
    app = opened()
    app.segmented_control(key="train_length").set_value("Long").run()
    app.button(key="train_start").click().run()
    assert not app.exception
    running = app.session_state["train_contest"]
    end = time.monotonic() + 120
    while running.job.look is None or running.job.look.done < 5:
        assert time.monotonic() < end, running.job.reason
        time.sleep(0.1)
    app.run()
    assert "of 360 test pictures right" in heading(app)
    app.button(key="train_stop").click().run()
    while not running.job.over:
        assert time.monotonic() < end
        time.sleep(0.1)
    app.run()
    assert not app.exception
    names = [entry.card.name for entry in running.kept]
    assert len(names) == 2
    assert list(app.session_state["own_networks"]) == names
    for entry in running.kept:
        assert entry.card.dataset == "digits"
        assert entry.card.accuracies[0] == pytest.approx(entry.card.results[0].right / 360)
        assert entry.packed is not None
    app.switch_page("pages/predict.py").run()
    app.segmented_control(key="predict_data").set_value("digits").run()
    app.multiselect(key="predict_networks").set_value([f"{name}@0" for name in names]).run()
    assert not app.exception
    assert not app.error


@pytest.mark.parametrize("page", ["train", "live"])
def test_without_pytorch_there_is_a_sentence(page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.pytorch.find_spec", lambda _name: None)
    monkeypatch.setattr("ui.pytorch.sys", SimpleNamespace(modules={}))
    app = AppTest.from_file(APP, default_timeout=120).run()
    app.switch_page(f"pages/{page}.py").run()
    assert not app.exception
    assert "PyTorch" in app.info[0].value
    assert heading(app)
