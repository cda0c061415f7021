"""``python -m design_core bench``: its report, on networks small enough for a test."""

from __future__ import annotations

import json
import signal
from argparse import Namespace
from pathlib import Path

import pytest
import torch

from design_core.__main__ import main
from design_core.commands.bench import run
from design_core.engine import measure
from design_core.engine.cpu import cpu_facts
from design_core.engine.measure import frozen
from design_core.engine.report import Report, Turns, read_report, recorded
from design_core.engine.turns import race
from design_core.networks import build_network


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    small = {"narrow": ("vgg_small", {"width": 4, "padding": "zero"})}
    monkeypatch.setattr(
        measure.measure,
        "__kwdefaults__",
        {
            **measure.measure.__kwdefaults__,
            "shapes": ((70, 20, 5),),
            "networks": small,
            "widths": (4,),
        },
    )
    turns = Turns.of([1.0, 1.5, 2.0])
    monkeypatch.setattr(measure, "_activations", lambda _: {"sign": turns, "design": turns})


OPTIONS = ["--eager", "--batch", "1", "--batch", "3", "--threads", "1", "--seconds", "0.01"]


def test_a_compiler_that_cannot_work_is_told_in_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class InductorError(RuntimeError):
        __module__ = "torch._inductor.exc"

    def fail(*_: object, **__: object) -> None:
        raise InductorError("OSError: [Errno 28] No space left on device\n\nSet TORCH_LOGS")

    monkeypatch.setattr("design_core.engine.measure.measure", fail)
    assert main(["bench"]) == 1
    line = capsys.readouterr().err.strip()
    assert line == (
        "design bench: PyTorch cannot compile here (OSError: [Errno 28] No space left on device). "
        "--eager leaves torch.compile out."
    )


def test_json_has_the_promised_keys(capsys: pytest.CaptureFixture[str]) -> None:
    threads = torch.get_num_threads()
    assert main(["bench", "--json", *OPTIONS]) == 0
    assert torch.get_num_threads() == threads
    report = json.loads(capsys.readouterr().out)
    assert [one["batch"] for one in report["layers"]] == [1, 3]
    for layer in report["layers"]:
        assert layer["shape"] == [70, 20, 5, 5]
        assert layer["threads"] == 1
        assert layer["ratio"] == pytest.approx(layer["fp32_ms"] / layer["packed_ms"])
    for network in report["networks"]:
        assert network["name"] == "narrow"
        assert 0 < network["bytes"] < network["fp32_bytes"]
        assert network["ratio"] == pytest.approx(network["fp32_ms"] / network["packed_ms"])
    assert report["cpu"] == cpu_facts()
    assert {(one["width"], one["batch"]) for one in report["rivals"]} == {(4, 1), (4, 3)}
    assert {"float32", "1 bit"} <= {one["kind"] for one in report["rivals"]}


def test_the_file_is_what_json_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "report.json"
    assert main(["bench", "--json", "--out", str(path), *OPTIONS]) == 0
    written = json.loads(path.read_text())
    assert written == json.loads(capsys.readouterr().out)
    report = Report.from_dict(written)
    assert json.loads(json.dumps(report.to_dict())) == written
    assert report.combinations == [(1, 1), (3, 1)]
    assert report.design_over_sign == 1


def test_in_pieces(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    for part in ("layers", "rivals", "networks"):
        assert main(["bench", "--only", part, "--keep", "--out", str(path), *OPTIONS]) == 0
    report = read_report(path)
    assert [len(one) for one in (report.layers, report.networks)] == [2, 2]
    assert report.rival_sizes == [(4, 1), (4, 3)]


def test_pieces_need_a_file() -> None:
    with pytest.raises(ValueError, match="name it by --out FILE"):
        run(Namespace(keep=True, out=None))


def test_what_is_recorded_is_told_and_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.md"
    page.write_text("<!-- bench table: begin -->\n<!-- bench table: end -->\n", encoding="utf-8")
    assert main(["bench", "--recorded", "--write", str(page)]) == 0
    told = capsys.readouterr().out
    assert f"{recorded().cpu['name']}, " in told
    assert told.count("vgg_small, sign") == 4
    assert "| `vgg_small, sign` |" in page.read_text("utf-8")
    assert main(["bench", "--recorded", "--json"]) == 0
    assert Report.from_dict(json.loads(capsys.readouterr().out)) == recorded()


def test_the_table_has_a_line_per_result(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", *OPTIONS]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert sum(line.startswith("70→20 at 5×5") for line in lines) == 2
    assert sum(line.startswith("narrow") for line in lines) == 2
    assert sum(line.startswith("1 bit: this engine, width 4") for line in lines) == 2
    assert (
        sum(line.startswith("Width 4, batch 3, the fastest of each kind: ") for line in lines) == 1
    )


def test_no_threads_no_bench(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "--threads", "0"]) == 1
    assert "--threads is 1 or more; got 0." in capsys.readouterr().err


@pytest.mark.parametrize("padding", ["one", "replicate", "zero"])
def test_the_opponent_computes_the_same(padding: str) -> None:
    model = build_network("vgg_small", width=4, last="binary", padding=padding).eval()
    x = torch.randn(3, 3, 32, 32)
    with torch.inference_mode():
        torch.testing.assert_close(frozen(model)(x), model(x))


def test_contenders_take_turns() -> None:
    turns: list[str] = []
    times = race({name: lambda name=name: turns.append(name) for name in "ab"}, 0)
    assert "".join(turns) == "ab" + "aabb" * 5  # once to warm up; of two runs one counts
    assert set(times) == {"a", "b"}


def test_ctrl_c_is_heard_after_openvino(capsys: pytest.CaptureFixture[str]) -> None:
    """It leaves a stack for signals behind on which Python's handlers crash."""
    assert main(["bench", "--json", *OPTIONS]) == 0
    assert json.loads(capsys.readouterr().out)["rivals"]
    heard = []
    before = signal.signal(signal.SIGINT, lambda *_: heard.append(True))
    try:
        signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)
    assert heard == [True]
