"""Reports of the engine's speed, and what packed networks consist of."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from design_core.engine import pack, save_packed
from design_core.engine.anatomy import file_parts, layer_facts
from design_core.engine.cpu import Waiting, generation_of
from design_core.engine.report import (
    ENGINE,
    NetworkTime,
    Report,
    Rival,
    Turns,
    finding,
    joined,
)
from design_core.engine.speed_tables import speed_markdown
from tests.engine.randomized import randomized_network

NETWORK = NetworkTime("vgg_small, sign", 1, 1, 10.0, 9.0, 2.0, 100, 120, 2000)
REPORT = Report(
    layers=(),
    networks=(NETWORK,),
    activations={"sign": Turns(1, 2, 3, 4), "design": Turns(1.5, 2, 3, 4)},
    waited=0.02,
    torch="2",
    compiled=False,
    cpu={"name": "a processor", "cores": 1, "flags": [], "target": None},
    date="2026-01-01T00:00:00+00:00",
)


def test_the_finding_names_machine_speed_and_size() -> None:
    said = "On a processor, a binary vgg_small runs 5.0 × as fast as in float32, from a file 20 × "
    assert finding(REPORT, NETWORK).startswith(said)
    slow = replace(NETWORK, packed_ms=25.0)
    assert "2.5 × as slow as in float32" in finding(REPORT, slow)


def test_a_report_comes_back_from_json() -> None:
    assert Report.from_dict(REPORT.to_dict()) == REPORT
    rival = Rival("int8", "OpenVINO", 32, 64, Turns(1, 2, 3, 4))
    with_rivals = replace(REPORT, rivals=(rival,), missing=("ONNX",))
    assert Report.from_dict(with_rivals.to_dict()) == with_rivals
    assert with_rivals.rivals_at(32, 64) == [rival]
    assert with_rivals.rivals_at(32, 1) == []
    assert REPORT.to_dict()["networks"][0]["ratio"] == 5
    assert REPORT.design_over_sign == 1.5
    before = {key: v for key, v in REPORT.to_dict().items() if key not in ("rivals", "missing")}
    assert Report.from_dict(before) == REPORT
    for wrong in ({}, {"layers": [1]}, REPORT.to_dict() | {"activations": None}):
        with pytest.raises(ValueError, match="Not a report of the engine's speed"):
            Report.from_dict(wrong)


def test_a_report_measured_in_pieces() -> None:
    faster = replace(NETWORK, packed_ms=1.0)
    batch = replace(NETWORK, batch=64)
    rival = Rival("1 bit", ENGINE, 32, 1, Turns(1, 1, 1, 1))
    kept = replace(REPORT, networks=(NETWORK, batch), waited=0.05, compiled=True)
    new = replace(REPORT, networks=(faster,), rivals=(rival,), date="2026-01-02T00:00:00+00:00")
    whole = joined(kept, new)
    assert whole.networks == (faster, batch)
    assert whole.rivals == (rival,)
    assert whole.date == new.date
    assert whole.waited == 0.05
    assert not whole.compiled
    for other in ({"cpu": {**REPORT.cpu, "name": "another"}}, {"torch": "3"}):
        with pytest.raises(ValueError, match="of one machine"):
            joined(kept, replace(new, **other))


def test_tables_say_who_is_fastest() -> None:
    rivals = tuple(
        Rival(kind, name, 32, 1, Turns(ms, ms, ms, ms))
        for kind, name, ms in (
            ("float32", "PyTorch, eager", 9.0),
            ("int8", "OpenVINO", 4.0),
            ("1 bit", ENGINE, 2.0),
            ("1 bit", "OpenVINO, exported here", 1.0),
        )
    )
    report = replace(REPORT, rivals=rivals)
    text = speed_markdown(report, [replace(REPORT, cpu={**REPORT.cpu, "name": "an older one"})])
    assert "| | a processor, batch 1 | an older one, batch 1 |" in text
    assert "| `vgg_small, sign` | 5.0 × (10 → 2 ms) | 5.0 × (10 → 2 ms) |" in text
    assert "| int8: OpenVINO | **4** |" in text
    assert f"| 1 bit: {ENGINE} | 2 |" in text
    assert "this engine is **not** the fastest. Of its time the others take: 1 bit 0.5 ×" in text
    ahead = speed_markdown(replace(report, rivals=rivals[:3]))
    assert "this engine is the fastest. Of its time the others take: int8 2.0 ×" in ahead


def test_other_programs_are_noticed() -> None:
    assert not REPORT.disturbed
    assert replace(REPORT, waited=0.4).disturbed
    assert not replace(REPORT, waited=None).disturbed
    assert "waited 40% of its time" in finding(replace(REPORT, waited=0.4), NETWORK)
    share = Waiting().share()
    assert share is None or 0 <= share <= 1


def test_turns_are_quartiles() -> None:
    assert Turns.of([4.0, 1.0, 2.0, 3.0, 5.0]) == Turns(1, 2, 3, 4)


@pytest.mark.parametrize("last", ["real", "binary"])
@pytest.mark.parametrize("first", ["real", "binary", "cut"])
def test_the_parts_are_the_whole(first: str, last: str, tmp_path: Path) -> None:
    options = {"picture": "sign"} if first == "cut" else {"first": first}
    model = randomized_network("vgg_small", width=16, last=last, **options)
    packed = pack(model)
    save_packed(packed, tmp_path / "packed")
    size = (tmp_path / "packed").stat().st_size
    floats = 4 * sum(tensor.numel() for tensor in model.state_dict().values())
    parts = {part.name: part for part in file_parts(packed, file_bytes=size, float_bytes=floats)}
    assert sum(part.file_bytes for part in parts.values()) == size
    assert sum(part.float_bytes for part in parts.values()) == floats
    assert parts["binary weights"].float_bytes == 32 * parts["binary weights"].file_bytes
    assert ("first layer, real" in parts) == (first != "cut")
    assert ("last layer, real" in parts) == (last == "real")
    if last == "real":
        head = 4 * 4 * 64 * 10 * 4  # 4×4 pixels of 64 channels, 10 classes, 4 bytes
        assert parts["last layer, real"].file_bytes == head


def test_a_binary_network_is_binary() -> None:
    packed = pack(randomized_network("vgg_small", width=16, activation="design:2x2-v2"))
    x = np.random.default_rng(0).standard_normal((1, 3, 32, 32)).astype(np.float32)
    first, *middle, last = layer_facts(packed, x)
    assert (first.binary, first.distinct_inputs) == (False, 3 * 32 * 32)
    assert first.distinct_weights > 2
    assert [one.name for one in middle] == ["2", "3", "4", "5", "6"]
    for one in middle:
        assert (one.binary, one.distinct_weights, one.distinct_inputs) == (True, 2, 2)
    assert middle[0].weights == 9 * 16 * 16
    assert middle[0].memory_bytes == 9 * 16 * 4  # 16 channels in a word of 32 bits
    assert (last.binary, last.distinct_inputs) == (False, 2)


def test_a_network_of_bits_throughout_multiplies_nothing_before_its_head() -> None:
    packed = pack(randomized_network("vgg_small", width=16, picture="thermometer:2"))
    x = np.random.default_rng(0).standard_normal((1, 3, 32, 32)).astype(np.float32)
    first, *_, last = layer_facts(packed, x)
    assert (first.binary, first.distinct_weights, first.distinct_inputs) == (True, 2, 2)
    assert first.weights == 9 * 2 * 3 * 16
    assert not last.binary


def test_residual_networks_cut_real_sums_before_they_multiply() -> None:
    packed = pack(randomized_network("resnet20", width=8), (3, 16, 16))
    x = np.random.default_rng(0).standard_normal((1, 3, 16, 16)).astype(np.float32)
    facts = layer_facts(packed, x)
    assert len(facts) == 20
    assert all(one.distinct_inputs <= 2 for one in facts if one.binary)
    assert sum(one.binary for one in facts) == 18


def test_generations_have_names() -> None:
    assert generation_of("znver4") == "Zen 4"
    assert generation_of("znver5") == "Zen 5"
    assert generation_of("sapphirerapids") is None
    assert generation_of(None) is None
