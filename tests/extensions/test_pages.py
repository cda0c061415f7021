"""What others add is on the pages: a network on every panel, an arm in every chart."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from made_cards import made_files
from streamlit.testing.v1 import AppTest

from design_core.zoo.arms import ARMS, Arm
from design_core.zoo.card import Card
from ui.compare.address import PANELS as COMPARE_PANELS
from ui.predict.address import PANELS as PREDICT_PANELS
from ui.train.address import ACTIVATION
from ui.train.keys import of_side

MINE = Arm("mine", "design:5 7;7 5", "mine, at last", "Mine", "#123456")


def text(app: AppTest) -> str:
    """All words on the page, those of charts among them."""
    words = [one.proto.body for one in (*app.get("html"), *app.get("markdown"))]
    charts = [f"{one.proto.alt} {one.proto.spec}" for one in app.get("plotly_chart")]
    tables = [str(one.value) for one in app.dataframe]
    return " ".join([*words, *charts, *tables])


def test_an_unknown_network_on_every_panel_of_predict(
    plain: Path, on_page: Callable[[str, Path], AppTest]
) -> None:
    app = on_page("predict", plain)
    assert "DeSign 2D" in text(app)
    for panel in PREDICT_PANELS:
        app.session_state["predict_panel"] = panel
        app.run()
        assert not app.exception, panel
        assert not app.error, panel
    app.session_state["predict_panel"] = "Diagnose"
    app.run()
    assert app.segmented_control(key="diagnose_block").options == ["early", "late"]


def test_an_unknown_network_on_every_panel_of_compare(
    plain: Path, on_page: Callable[[str, Path], AppTest]
) -> None:
    app = on_page("compare", plain)
    for panel in COMPARE_PANELS:
        app.segmented_control(key="compare_panel").set_value(panel).run()
        assert not app.exception, panel
        assert not app.error, panel


@pytest.fixture
def with_mine() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ARMS, "_entries", dict(ARMS))
        ARMS.add(MINE.key, MINE)
        yield


@pytest.mark.usefixtures("with_mine")
def test_an_unknown_arm_on_every_panel_of_compare(
    tmp_path: Path, on_page: Callable[[str, Path], AppTest]
) -> None:
    made: list[Card] = [
        made_files(tmp_path, activation, affine, (0, 1, 2))
        for activation in ("sign", MINE.activation)
        for affine in (False, True)
    ]
    app = on_page("compare", tmp_path)
    unnamed = []
    for panel in COMPARE_PANELS:
        app.segmented_control(key="compare_panel").set_value(panel).run()
        assert not app.exception, panel
        if MINE.short not in text(app) and MINE.title not in text(app):
            unnamed.append(panel)
        if panel == "Learning":
            assert MINE.colour in text(app)
    assert unnamed == []
    assert len(made) == 4


@pytest.mark.usefixtures("with_mine")
def test_train_takes_an_unknown_arm(
    on_page: Callable[[str, Path], AppTest], tmp_path: Path
) -> None:
    app = on_page("train", tmp_path)
    choice = app.selectbox(key=of_side(ACTIVATION, 1))
    assert MINE.short in choice.options
    choice.set_value(MINE.activation).run()
    app.button(key="train_start").click().run()
    assert not app.exception
    running = app.session_state["train_contest"]
    running.job.kill("The test has seen enough.")
    assert running.names == ("Sign", MINE.short)
    assert running.colours[1] == MINE.colour
    assert running.recipes[1].network["activation"] == MINE.activation
