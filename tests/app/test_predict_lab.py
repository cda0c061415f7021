"""The lab panels of the Predict page, on the digits: numbers of the library and the command."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from design_core.__main__ import main
from design_core.engine.report import recorded
from design_core.kernels.published import PUBLISHED
from design_core.lab.diagnosis import diagnose
from design_core.lab.perturbation_response import holding, respond
from design_core.lab.strength import STRENGTHS, accuracy_at, own_kernels, strengthened
from design_core.lab.subset import held_out_subset, sample_subset
from design_core.lab.verdicts import LIMITS
from design_core.pictures.dataset_cards import CIFAR10_CLASSES
from design_core.pictures.perturbations import PERTURBATIONS, pixel_psnr
from design_core.pictures.samples import sample
from design_core.zoo.entry import open_entry
from ui.links.fields import Address
from ui.predict import lab, strength_panel
from ui.predict.lab_address import LAB_FIELDS

APP = str(Path(__file__).parents[2] / "app.py")
SIGN = "digits-tiny-w16-sign-affine_on@0"
DESIGN = "digits-tiny-w16-design_2x2-v2-affine_on@0"
NAMES = {"Sign": SIGN, "DeSign 2D": DESIGN}
CIFAR = "cifar10-vgg_small-w32-design_2x2-v2-affine_off@0"
PICTURE = "digit-3"


def opened(panel: str, *references: str, picture: str = PICTURE) -> AppTest:
    app = AppTest.from_file(APP, default_timeout=120).run()
    app.switch_page("pages/predict.py").run()
    app.segmented_control(key="predict_data").set_value(references[0].split("-")[0]).run()
    app.session_state["predict_networks"] = list(references)
    app.session_state["predict_sample"] = picture
    app.session_state["predict_panel"] = panel
    app.run()
    assert not app.exception
    return app


def html(app: AppTest) -> str:
    # With plain spaces, whether a line may break there or not.
    return unescape("".join(one.proto.body for one in app.get("html"))).replace("\xa0", " ")


def titles(app: AppTest) -> list[str]:
    return re.findall(r'<h2 class="ds-chart-title">(.*?)</h2>', html(app))


def alternatives(app: AppTest) -> list[str]:
    return [chart.proto.alt for chart in app.get("plotly_chart")]


@pytest.fixture(scope="module")
def perturb() -> AppTest:
    return opened("Perturb", SIGN, DESIGN)


@pytest.mark.parametrize("name", PERTURBATIONS)
def test_perturbed_answers_are_the_librarys(name: str, perturb: AppTest) -> None:
    app, perturbation = perturb, PERTURBATIONS[name]
    app.segmented_control(key="perturb_kind").set_value(name).run()
    strength = perturbation.strengths[-2]
    app.select_slider(key=f"perturb_{name}").set_value(strength).run()
    assert not app.exception
    form = open_entry(SIGN).checkpoint.pictures
    pixels = form.pixels(sample(PICTURE))[0].numpy()
    responses = {
        title: respond(open_entry(reference).checkpoint, pixels, perturbation)
        for title, reference in NAMES.items()
    }
    assert holding(responses, true_class="3") in titles(app)
    page, charts = html(app), alternatives(app)
    k = responses["Sign"].index(strength)
    assert f"PSNR {pixel_psnr(pixels, perturbation(pixels, strength)):.1f} dB" in page
    for title, response in responses.items():
        row = re.search(rf'<th scope="row">{title}</th>(.*?)</tr>', page)
        assert row
        assert f"{100 * response.all_flipped[k]:.1f} % of bits" in row[1]
        assert f"{response.clean_tv:.3f} → {response.tv[k]:.3f}" in row[1]
        now = response.classes[int(response.probabilities[k].argmax())]
        assert f"<b>{response.clean_class}</b>" in row[1]
        assert f"<b>{now}</b>" in row[1]
        assert ("first answer" in row[1]) == (not response.keeps[k])
        assert f"{title} {100 * response.confidence[k]:.1f} %" in charts[0]
        assert f"{title} {100 * response.all_flipped[k]:.1f} %" in charts[1]
        assert f"block4 {100 * response.flipped['block4'][k]:.1f} %" in charts[2]


def test_another_draw_of_the_noise(perturb: AppTest) -> None:
    perturb.segmented_control(key="perturb_kind").set_value("noise").run()
    before = alternatives(perturb)
    perturb.number_input(key="perturb_draw").set_value(7).run()
    assert alternatives(perturb) != before
    perturb.number_input(key="perturb_draw").set_value(0).run()
    assert alternatives(perturb) == before


@pytest.mark.parametrize(
    ("way", "arguments"), [("Samples", ()), ("This picture", ("--picture", "sample:digit-3"))]
)
def test_diagnoses_are_the_commands(
    way: str, arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    app = opened("Diagnose", SIGN, DESIGN)
    app.segmented_control(key="diagnose_on").set_value(way).run()
    capsys.readouterr()
    main(["diagnose", DESIGN, *arguments, "--json"])
    report = json.loads(capsys.readouterr().out)
    for block in report["blocks"]:
        app.segmented_control(key="diagnose_block").set_value(block["block"]).run()
        assert not app.exception
        page = html(app)
        for verdict in [*block["verdicts"], report["cost"]]:
            title = LIMITS[verdict["sign"]].title
            assert f"<b>{title}: {verdict['state']}.</b> {verdict['text']}" in page
        for density in block["cell_density"]:
            assert f"<b>{100 * density:.1f} %</b>" in page
        constant = f"{block['dead']} dead, {block['saturated']} saturated"
        assert any(title.endswith(constant) for title in titles(app))
        assert f"mean {100 * block['density']:.1f} %" in alternatives(app)[1]
    assert f"takes {recorded().design_over_sign:.2f} × the time of Sign" in html(app)
    rows = re.findall(r"<tr><th scope=\"row\">(.*?)</tr>", html(app))
    rows = [row for row in rows if row.startswith("block")]
    assert [row.split("<")[0] for row in rows] == ["block1", "block2", "block3", "block4"]
    for row, block in zip(rows, report["blocks"], strict=True):
        states = re.findall(r'<td class="ds-(\w+)"', row)
        assert states == [verdict["state"] for verdict in block["verdicts"]]


def test_the_other_network_and_the_test_set() -> None:
    app = opened("Diagnose", SIGN, DESIGN)
    app.segmented_control(key="diagnose_network").set_value(0).run()
    app.segmented_control(key="diagnose_on").set_value("Test set").run()
    checkpoint = open_entry(SIGN).checkpoint
    subset = held_out_subset(checkpoint.pictures, "digits", count=200)
    assert subset is not None
    assert titles(app)[0] == diagnose(checkpoint, subset).finding("Sign")


def test_one_network_alone_on_every_panel() -> None:
    for panel in ("Perturb", "Diagnose", "Strength"):
        assert titles(opened(panel, DESIGN))


def test_real_activations_have_no_kernel_to_judge() -> None:
    """No such network of digits is in the zoo; the panel must not count on thresholds."""
    from dataclasses import replace

    from design_core.zoo.checkpoint import Checkpoint
    from ui.predict.diagnose_panel import _cells
    from ui.predict.lab_charts import histogram_chart

    checkpoint = open_entry(SIGN).checkpoint
    spec = replace(checkpoint.spec, options={**checkpoint.spec.options, "activation": "hardtanh"})
    real = Checkpoint(spec, spec.build().eval(), checkpoint.pictures)
    subset = held_out_subset(real.pictures, "digits", count=20)
    assert subset is not None
    block = diagnose(real, subset).blocks[0]
    assert "no kernel" in _cells(block)
    assert len(histogram_chart(block, None, "#000000").data) == 2


def test_strength_counts_what_the_library_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened("Strength", SIGN, DESIGN)
    (told,) = alternatives(app)
    checkpoint = open_entry(DESIGN).checkpoint
    subset = held_out_subset(checkpoint.pictures, "digits", count=360)
    assert subset is not None
    for strength in (0.0, 1.0, STRENGTHS[-1]):
        counted = accuracy_at(checkpoint, strengthened((PUBLISHED["2x2-v2"],), strength), subset)
        assert f"{100 * counted.accuracy:.1f} % at {strength:g}" in told.split("DeSign 2D: ")[1]
    # Sign has no thresholds of its own: as right as its card says, whatever the factor.
    accuracy = open_entry(SIGN).card.result(0).accuracy
    assert f"Sign: {100 * accuracy:.1f} % at 0; " in told

    def refused(*_: object, **__: object) -> None:
        raise AssertionError("counted again")

    monkeypatch.setattr(strength_panel, "accuracy_at", refused)
    app.run()
    assert not app.exception
    assert alternatives(app) == [told]


def test_one_kernel_for_all_networks() -> None:
    app = opened("Strength", SIGN, DESIGN)
    app.selectbox(key="strength_kernel").set_value("2x2-v1").run()
    assert not app.exception
    (told,) = alternatives(app)
    sign, design = told.split(". ")[-1].split("; ")
    for curve in (sign, design):
        assert curve.count(" % at ") == len(STRENGTHS)


def test_a_set_that_is_not_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lab, "DATA", tmp_path)
    app = opened("Strength", CIFAR, picture="cifar10-03")
    assert app.info[0].value.startswith("The CIFAR-10 test set is not on this machine")
    assert not any(control.key == "strength_count" for control in app.segmented_control)
    checkpoint = open_entry(CIFAR).checkpoint
    subset = sample_subset(checkpoint.pictures, "cifar10")
    assert subset is not None
    counted = accuracy_at(checkpoint, own_kernels(checkpoint), subset)
    (told,) = alternatives(app)  # the samples that come along are counted unasked
    assert "the 20 embedded samples of CIFAR-10" in told
    assert f"{100 * counted.accuracy:.1f} % at 1" in told
    app.segmented_control(key="predict_panel").set_value("Diagnose").run()
    assert app.segmented_control(key="diagnose_on").options == ["Samples", "This picture"]


def test_counting_on_a_click(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, name in enumerate(CIFAR10_CLASSES):
        folder = tmp_path / "cifar10" / "test" / name
        folder.mkdir(parents=True)
        Image.fromarray(np.full((32, 32, 3), 20 * number, np.uint8)).save(folder / "0.png")
    monkeypatch.setattr(lab, "DATA", tmp_path)
    app = opened("Strength", CIFAR, picture="cifar10-03")
    assert not alternatives(app)
    assert app.button(key="strength_go").label == "Count 13 points on 10 CIFAR-10 test pictures"
    app.button(key="strength_go").click().run()
    assert not app.exception
    assert alternatives(app)[0].count(" % at ") == 14  # 13 points, and the worst in the title
    app.run()
    assert "strength_go" not in {button.key for button in app.button}  # nothing is left to count


@pytest.mark.parametrize(
    ("panel", "state", "parameters"),
    [
        ("Perturb", {}, {}),
        ("Perturb", {"perturb_kind": "noise", "perturb_noise": 32.0, "perturb_draw": 5},
         {"perturb": "noise_32", "draw": "5"}),
        ("Perturb", {"perturb_kind": "shift-right", "perturb_shift-right": -2.0},
         {"perturb": "shift-right_-2"}),
        ("Diagnose", {"diagnose_network": 0, "diagnose_on": "This picture",
                      "diagnose_block": "block3"},
         {"diagnose": "0", "on": "this-picture", "block": "block3"}),
        ("Strength", {"strength_kernel": "2x2-v1", "strength_count": 100},
         {"scaled": "2x2-v1", "count": "100"}),
        ("Walk through", {"perturb_kind": "noise", "diagnose_network": 0}, {}),
    ],
)  # fmt: skip
def test_addresses_hold_what_differs(
    panel: str, state: dict[str, object], parameters: dict[str, str]
) -> None:
    fields = Address("predict", (), LAB_FIELDS)
    found, missing = fields.parameters({"predict_panel": panel, **state})
    assert (found, missing) == (parameters, ())
    reading = fields.reading(parameters)
    assert not reading.ignored
    if parameters:
        assert {key: reading.entries[key] for key in state} == state


@pytest.mark.parametrize(
    ("name", "code"),
    [("perturb", "rain"), ("perturb", "noise_3.5"), ("block", "<b>"), ("draw", "1000"),
     ("diagnose", "4"), ("count", "7"), ("scaled", "nothing")],
)  # fmt: skip
def test_what_a_stranger_writes_is_refused(name: str, code: str) -> None:
    reading = Address("predict", (), LAB_FIELDS).reading({name: code})
    assert [phrase.split(" ")[0] for phrase in reading.ignored] == [name]
    assert reading.entries["perturb_kind"] == "blur"
