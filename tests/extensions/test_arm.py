"""An arm that others add is planned, named, ordered, drawn and told of like ours."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from made_cards import made_card

from design_core.__main__ import main
from design_core.study.markdown_tables import results_markdown
from design_core.study.overview import overview
from design_core.study.plan import _job
from design_core.study.report import report
from design_core.zoo.arms import ARMS, Arm, arm_of
from design_core.zoo.naming import card_arm, distinct_names
from ui.charts import activation_colour

MINE = Arm("mine", "design:5 7;7 5", "mine, at last", "Mine", "#123456")
SIGN = made_card("sign", True, {0: 0.75, 1: 0.77, 2: 0.76})
CARD = made_card(MINE.activation, True, {0: 0.77, 1: 0.791, 2: 0.779})


@pytest.fixture(autouse=True)
def with_mine() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ARMS, "_entries", dict(ARMS))
        ARMS.add(MINE.key, MINE)
        yield


def test_it_has_its_names() -> None:
    assert arm_of(MINE.activation) is card_arm(CARD) is MINE
    assert distinct_names([(SIGN, 0), (CARD, 0)]) == ["Sign", "Mine"]
    assert [row["activation"] for row in overview([CARD])] == ["mine, at last"]


def test_it_is_told_of() -> None:
    told = [sentence for section in report([SIGN, CARD]) for _, sentence in section.answers]
    assert any(sentence.startswith("Mine gains") for sentence in told)
    table = results_markdown([CARD, SIGN])
    assert "| mine, at last minus Sign, γ, β learned |" in table
    assert table.index("| Sign |") < table.index("| mine, at last |")


def test_it_has_its_colour() -> None:
    assert activation_colour(MINE.activation) == "#123456"


def test_its_runs_are_planned_by_its_key() -> None:
    job = _job("stat", "mine", False, 0, data="cifar10", recipe="statistics")
    assert (job.name, job.changes[0]) == ("stat-mine-off-s0", "activation=design:5 7;7 5")


def test_a_key_is_taken_once() -> None:
    with pytest.raises(ValueError, match="Arm 'mine' exists already"):
        ARMS.add("mine", MINE)


def test_commands_call_it_by_its_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for card in (SIGN, CARD):
        folder = tmp_path / card.name.replace(":", "_")
        folder.mkdir()
        (folder / "card.json").write_text(card.text(), encoding="utf-8")
    assert main(["models", "--zoo", str(tmp_path)]) == 0
    assert MINE.activation in capsys.readouterr().out
