"""What Compare keeps between visits is computed once, and anew when a card has changed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from design_core.paths import CHECKPOINTS
from design_core.zoo import card
from tests.app_pages import APP
from ui import networks
from ui.compare import answers_panel, learning_panel

NAMES = ("digits-tiny-w16-sign-affine_on", "digits-tiny-w16-design_2x2-v2-affine_on")


@pytest.fixture
def zoo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A zoo of two cards, which the app looks at."""
    for name in NAMES:
        shutil.copytree(CHECKPOINTS / name, tmp_path / name)
    for function in (card.load_cards, card.damaged_cards, card.zoo_stamp):
        monkeypatch.setattr(function, "__defaults__", (tmp_path,))
    networks.stamp.clear()
    yield tmp_path
    networks.stamp.clear()


def opened(panel: str) -> AppTest:
    app = AppTest.from_file(APP, default_timeout=120)
    app.query_params["panel"] = panel
    app.switch_page("pages/compare.py").run()
    assert not app.exception
    return app


def visited_again(app: AppTest) -> AppTest:
    networks.stamp.clear()  # as after a second
    app.run()
    assert not app.exception
    return app


def counted(module: Any, name: str, monkeypatch: pytest.MonkeyPatch) -> list[None]:
    """A call more in this list for each call of a function."""
    calls: list[None] = []
    function = getattr(module, name)

    def count(*arguments: Any, **options: Any) -> Any:
        calls.append(None)
        return function(*arguments, **options)

    monkeypatch.setattr(module, name, count)
    return calls


def change_card(zoo: Path, name: str, points: float) -> None:
    path = zoo / name / "card.json"
    plain = json.loads(path.read_text(encoding="utf-8"))
    for result in plain["results"]:
        result["accuracy"] -= points
    path.write_text(json.dumps(plain), encoding="utf-8")


def test_answers(zoo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = counted(answers_panel, "report", monkeypatch)
    app = opened("answers")
    before = [one.value for one in app.markdown]
    assert len(calls) == 1
    assert [one.value for one in visited_again(app).markdown] == before
    assert len(calls) == 1
    change_card(zoo, NAMES[1], 0.25)
    after = [one.value for one in visited_again(app).markdown]
    assert len(calls) == 2
    assert any("DeSign" in one and "loses 2" in one for one in after)
    assert not any("loses 2" in one for one in before)


def test_learning(zoo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = counted(learning_panel, "band_chart", monkeypatch)
    read = counted(learning_panel, "learning_band", monkeypatch)
    app = opened("learning")
    before, first_reads = app.dataframe[0].value, len(read)
    assert len(drawn) == 1
    assert visited_again(app).dataframe[0].value.equals(before)
    assert (len(drawn), len(read)) == (1, first_reads)
    for log in (zoo / NAMES[0] / "logs").glob("*.jsonl"):
        lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
        lines[-1]["loss"] = 123.0
        log.write_text("\n".join(map(json.dumps, lines)) + "\n", encoding="utf-8")
    change_card(zoo, NAMES[0], 0.01)  # its card comes with its logs
    after = visited_again(app).dataframe[0].value
    assert len(drawn) == 2
    assert 123.0 in list(after["Training loss, last epoch"])
    # Another quantity, and another level across, are other charts.
    app.slider(key="learning_target").set_value(50).run()
    app.segmented_control(key="learning_quantity").set_value("Training loss").run()
    assert not app.exception
    assert len(drawn) == 4
