"""The Speed page, driven as a user would, with measurements too small to take time."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from design_core.engine.report import Report, Rival, Turns, finding, recorded
from design_core.paths import RESOURCES
from ui.speed import measuring
from ui.speed.address import BESIDE, BINARY, ONNX, QUESTIONS, SIZE
from ui.speed.answers import main_network
from ui.speed.charts import milliseconds, spoken
from ui.speed.measuring import Measurement

APP = str(Path(__file__).parents[2] / "app.py")

#: Prints a heading and two results, and writes the report that it is given.
FAKE = """
import sys, time
report, out = sys.argv[1], sys.argv[sys.argv.index("--out") + 1]
print("a heading"); print("narrow layer                          1"); print("narrow network  1", flush=True)
if report == "wait":
    time.sleep(60)
if report == "fail":
    sys.exit("There is no such thing.")
open(out, "w").write(report)
"""  # noqa: E501


def own_report() -> Report:
    """As recorded, but Sign takes twice the time of DeSign; from another day."""
    turns = {"sign": Turns(2, 2, 2, 2), "design": Turns(1, 1, 1, 1)}
    return replace(recorded(), activations=turns, date="2030-02-01T10:00:00+00:00", waited=0.0)


def fake(report: str) -> Measurement:
    return Measurement([sys.executable, "-c", FAKE, report])


@pytest.fixture
def live(monkeypatch: pytest.MonkeyPatch) -> Iterator[Measurement]:
    """The server's measurement, of the test's own."""
    one = fake(json.dumps(own_report().to_dict()))
    monkeypatch.setattr(measuring, "_command", lambda: list(one.command))
    measuring.measurement.clear()
    yield measuring.measurement()
    measuring.measurement().stop()
    measuring.measurement().wait()
    measuring.measurement.clear()


@pytest.fixture
def app(live: Measurement) -> AppTest:  # noqa: ARG001
    fresh = AppTest.from_file(APP, default_timeout=120)
    fresh.switch_page("pages/speed.py").run()
    assert not fresh.exception
    return fresh


def text(app: AppTest) -> str:
    """All HTML and Markdown of the page."""
    html = [one.proto.body for one in app.get("html")]
    return "\n".join([*html, *(one.value for one in app.markdown)])


def test_it_opens_on_the_recorded_figures(app: AppTest) -> None:
    report = recorded()
    assert finding(report, main_network(report, 1, 1)) in text(app)
    assert "Recorded on" in text(app)
    alt = (
        app.get("plotly_chart")[0].proto.alt
        if hasattr(app.get("plotly_chart")[0].proto, "alt")
        else ""
    )
    assert len(app.get("plotly_chart")) == 3
    assert not alt or "128→128 at 32×32" in alt


@pytest.mark.parametrize("batch", [1, 64])
@pytest.mark.parametrize("threads", [1, 2])
def test_every_batch_and_thread_count_has_its_figures(
    app: AppTest, batch: int, threads: int
) -> None:
    app.segmented_control(key="speed_batch").set_value(batch)
    app.segmented_control(key="speed_threads").set_value(threads).run()
    assert not app.exception
    report = recorded()
    assert finding(report, main_network(report, batch, threads)) in text(app)
    assert f"batch {batch}, {threads} thread" in text(app)


def test_a_measurement_replaces_the_record_for_everybody(app: AppTest, live: Measurement) -> None:
    app.button(key="speed_measure").click().run()
    live.wait()
    app.run()
    assert not app.exception
    assert live.lines[0] == "a heading"
    assert "Measured on this machine on 1 February 2030" in text(app)
    assert "DeSign takes 0.50 × the time of Sign" in text(app)
    other = AppTest.from_file(APP, default_timeout=120)
    other.switch_page("pages/speed.py").run()
    assert "Measured on this machine" in text(other)


def test_two_cannot_measure_at_once_and_one_can_stop() -> None:
    one = fake("wait")
    one.start()
    process = one._process
    one.start()
    assert one._process is process
    assert one.running
    one.stop()
    one.wait()
    assert not one.running
    assert (one.report, one.error) == (None, "")


def test_while_one_runs_the_page_offers_to_stop_it(app: AppTest, live: Measurement) -> None:
    live.command = fake("wait").command
    app.button(key="speed_measure").click().run()
    assert not app.exception
    assert not [one for one in app.button if one.key == "speed_measure"]
    app.button(key="speed_stop").click().run()
    live.wait()
    app.run()
    assert app.button(key="speed_measure")
    assert "Recorded on" in text(app)


def test_a_failure_is_told(app: AppTest, live: Measurement) -> None:
    live.command = fake("fail").command
    app.button(key="speed_measure").click().run()
    live.wait()
    app.run()
    assert not app.exception
    assert "The measurement failed: There is no such thing." in app.warning[0].value


def test_progress_counts_results() -> None:
    one = Measurement(["nothing"])
    assert (one.progress(4), one.latest) == (0, "getting ready")
    one.lines = ["heading", "vgg_small, sign" + " " * 25 + "1  1"]
    assert (one.progress(4), one.latest) == (0.25, "vgg_small, sign")


def test_questions_have_answers_with_evidence(app: AppTest) -> None:
    network = main_network(recorded(), 1, 1)
    answers = {
        SIZE: f"<td>{network.bytes / 1000:,.1f}</td>",
        BINARY: "2 different weights and are given 2 different values",
        ONNX: "no 1-bit convolution",
        BESIDE: "The price is accuracy",
    }
    for question in QUESTIONS:
        app.segmented_control(key="speed_question").set_value(question).run()
        assert not app.exception
        assert answers.get(question, "XOR, count, add") in text(app)


def test_other_ways_to_deploy_stand_beside_and_the_fastest_is_marked(
    live: Measurement, app: AppTest
) -> None:
    def rival(kind: str, name: str, ms: float, width: int = 32) -> Rival:
        return Rival(kind, name, width, 1, Turns(ms, ms, ms, ms))

    among = (
        *(rival("float32", "PyTorch, eager", 2), rival("float32", "OpenVINO", 1)),
        *(rival("int8", "ONNX Runtime", 0.5), rival("1 bit", "this engine", 0.25)),
        *(rival("float32", "OpenVINO", 8, 128), rival("1 bit", "this engine", 0.5, 128)),
    )
    live.report = replace(own_report(), rivals=among, missing=("ONNX",))
    app.segmented_control(key="speed_question").set_value(BESIDE).run()
    assert not app.exception
    said = text(app)
    assert "At width 32, one bit is 4.0 × as fast as float32 and 2.0 × as fast as int8" in said
    assert "At width 128, one bit is 16.0 × as fast as float32, of each the fastest" in said
    assert "<th scope=row>float32: PyTorch, eager</th><td>2.00</td><td>–</td>" in said
    assert "<th scope=row>float32: OpenVINO</th><td><strong>1.00&nbsp;★</strong></td>" in said
    assert "Not installed, so not measured: ONNX." in said
    right = json.loads((RESOURCES / "measured" / "int8_accuracy.json").read_text("utf-8"))["right"]
    assert f"gets {right['int8, ONNX Runtime'] / 100:.1f}% of CIFAR-10 right in int8" in said


def test_words_of_the_charts() -> None:
    assert [milliseconds(ms) for ms in (0.0791, 1.234, 56.7, 364.3)] == [
        *("0.079 ms", "1.23 ms", "56.7 ms", "364 ms")
    ]
    assert spoken("vgg_small, sign") == "vgg_small, Sign"
    assert spoken("vgg_small all binary, design:2x2-v2") == "vgg_small all binary, DeSign"
