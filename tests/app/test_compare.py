"""The Compare page, driven as a user would, without a browser."""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import random
import re
from pathlib import Path

import numpy as np
import pytest
from hostile_checkpoints import HOSTILE, latent_file
from made_cards import made_files
from PIL import Image
from streamlit.testing.v1 import AppTest

from design_core.__main__ import main
from design_core.kernels.spec import decode_kernel, parse_kernel
from design_core.lab.predicted_pictures import predict_set, sets_of_classes
from design_core.lab.subset import sample_subset
from design_core.pictures.dataset_cards import CIFAR10_CLASSES
from design_core.pictures.datasets import open_split
from design_core.pictures.picture_set import PictureSet
from design_core.study.ablation import ablation_cells, main_effects
from design_core.study.corruptions import corruption_sentences, recorded_corruptions
from design_core.study.disagreement import card_disagreement, spread
from design_core.study.report import for_people, headline, report
from design_core.zoo.card import Card, find_card, load_cards
from tests.app_pages import APP, bodies, heading
from tests.study.test_ablation import cards as ablation_cards
from ui.compare.address import offered_panels
from ui.compare.filters import AFFINE, options
from ui.compare.learning_panel import LEARNING
from ui.compare.names import card_names
from ui.compare.wrong_panel import SIDES
from ui.networks import entry
from ui.text import sentence_html

CARDS = load_cards()
SIGN, DESIGN = "digits-tiny-w16-sign-affine_on", "digits-tiny-w16-design_2x2-v2-affine_on"
BLUE, GREY = "#3B5BDB", "#7C818A"  # of DeSign and Sign in light
WITHOUT_LOGS = ("Overview", "Who got it wrong", "Confusion", "Classes", "Density")


@pytest.fixture(scope="module")
def started() -> AppTest:
    """The page as it opens; tests share it and set what they need."""
    fresh = AppTest.from_file(APP, default_timeout=120).run()
    fresh.switch_page("pages/compare.py").run()
    assert not fresh.exception
    return fresh


@pytest.fixture
def app(started: AppTest) -> AppTest:
    """As it opens again."""
    for key in ("zoo_activation", "zoo_recipe", "zoo_width"):
        if key in started.session_state:
            started.session_state[key] = []
    show(started, panel="Overview", data="all", affine="Both")
    return started


def show(app: AppTest, *, panel: str, data: str = "", affine: str = "") -> None:
    if data:
        app.selectbox(key="zoo_data").set_value(data)
    if affine:
        app.segmented_control(key="zoo_affine").set_value(affine)
    app.segmented_control(key="compare_panel").set_value(panel).run()
    assert not app.exception, (panel, data, affine)
    assert not app.error, (panel, data, affine)


def html(app: AppTest, part: str) -> str:
    (found,) = [one.proto.body for one in app.get("html") if part in one.proto.body]
    return str(found)


def linked(**query: str) -> AppTest:
    fresh = AppTest.from_file(APP, default_timeout=120)
    for name, value in query.items():
        fresh.query_params[name] = value
    fresh.switch_page("pages/compare.py").run()
    assert not fresh.exception, query
    return fresh


def test_the_finding_is_the_librarys(app: AppTest) -> None:
    for data in dict.fromkeys(card.dataset for card in CARDS):
        show(app, panel="Overview", data=data)
        sentence, _ = headline([card for card in CARDS if card.dataset == data])
        sentence, figures = for_people(sentence)
        assert any(sentence_html(figures.partition(",")[0]) in body for body in bodies(app))
        assert heading(app) == sentence.replace("&", "&amp;").replace("<", "&lt;")


def test_the_table_is_what_the_command_prints(
    app: AppTest, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    listed = {card["name"]: card for card in told if card.get("task") is None}
    table = app.dataframe[0].value.set_index("name")
    assert set(table.index) == set(listed)
    for name, card in listed.items():
        row = table.loc[name]
        assert row["accuracy"] == 100 * card["accuracy"]["mean"]
        interval = card["accuracy"]["ci95"]
        if interval is None:
            assert math.isnan(row["half"])
        else:
            assert row["half"] == pytest.approx(50 * (interval[1] - interval[0]))
        assert row["seeds"] == len(card["seeds"])
        assert row["packed"] == card["bytes"]["packed"] / 1000
        assert row["macs"] == card["macs"]["binary"] / 1e6
        assert row["parameters"] == sum(card["parameters"].values())
    assert list(table["accuracy"]) == sorted(table["accuracy"], reverse=True)


@pytest.mark.parametrize("panel", offered_panels())
def test_every_panel_under_every_filter(app: AppTest, panel: str) -> None:
    datasets = [*dict.fromkeys(card.dataset for card in CARDS), "all"]
    for data, affine in itertools.product(datasets, AFFINE):
        show(app, panel=panel, data=data, affine=affine)


@pytest.mark.parametrize("quantity", ["activation", "recipe", "width"])
def test_every_value_of_a_filter(app: AppTest, quantity: str) -> None:
    for value in options(CARDS, quantity):
        app.multiselect(key=f"zoo_{quantity}").set_value([value]).run()
        assert not app.exception, value
        shown = [card for card in CARDS if value in options([card], quantity)]
        assert set(app.dataframe[0].value["name"]) == {card.name for card in shown}


def test_no_network_left_is_said(app: AppTest) -> None:
    app.multiselect(key="zoo_activation").select("hardtanh")
    app.multiselect(key="zoo_width").select("16")
    app.selectbox(key="zoo_data").set_value("cifar10").run()
    assert not app.exception
    assert "No network is left" in app.info[0].value
    assert heading(app).startswith("Choose networks")


@pytest.mark.parametrize("quantity", LEARNING)
def test_every_learning_curve(app: AppTest, quantity: str) -> None:
    show(app, panel="Learning", data="digits")
    app.segmented_control(key="learning_quantity").set_value(quantity).run()
    assert not app.exception
    app.slider(key="learning_target").set_value(95).run()
    assert not app.exception
    assert "by seed" in " ".join(app.dataframe[0].value.columns)


def pairs() -> list[tuple[Card, Card]]:
    """Some of each data set."""
    found = [
        (one, other)
        for one, other in itertools.permutations(CARDS, 2)
        if one.class_names == other.class_names
    ]
    return random.Random(0).sample(found, min(12, len(found)))


def test_pairs_with_their_numbers(app: AppTest) -> None:
    show(app, panel="Who got it wrong")
    for first, second in pairs():
        app.selectbox(key="compare_first").set_value(first.name).run()
        app.selectbox(key="compare_second").set_value(second.name).run()
        assert not app.exception, (first.name, second.name)
        seeds = [app.segmented_control(key=f"compare_{k}_seed").value for k in ("first", "second")]
        found = card_disagreement(first, int(seeds[0]), second, int(seeds[1]))
        cells = re.findall(r"<td[^>]*>([\d,]+)</td>", html(app, 'class="ds-fourfold"'))
        assert [int(cell.replace(",", "")) for cell in cells] == [
            *found.counts[0],
            *found.counts[1],
        ]


@pytest.mark.parametrize("panel", ["Confusion", "Classes"])
def test_other_panels_take_the_same_pair(app: AppTest, panel: str) -> None:
    show(app, panel=panel, data="digits")
    app.selectbox(key="compare_first").set_value(DESIGN).run()
    assert not app.exception
    assert app.selectbox(key="compare_second").value == SIGN
    show(app, panel="Who got it wrong", data="digits")
    assert app.selectbox(key="compare_first").value == DESIGN


def test_the_gallery_shows_what_either_says(app: AppTest) -> None:
    show(app, panel="Who got it wrong", data="digits")
    app.selectbox(key="compare_first").set_value(SIGN)
    app.run()
    app.segmented_control(key="compare_second_seed").set_value(3).run()
    first, _ = find_card(SIGN)
    second, _ = find_card(DESIGN)
    seed = int(app.segmented_control(key="compare_first_seed").value)
    found = card_disagreement(first, seed, second, 3)
    for side, places in zip(
        SIDES, (found.only_first, found.only_second, found.neither), strict=True
    ):
        app.segmented_control(key="wrong_side").set_value(side).run()
        assert not app.exception
        body = html(app, 'class="ds-gallery"')
        told = re.findall(
            r'alt="Test picture (\d+), (\d): Sign says (\d), DeSign 2D says (\d)"', body
        )
        assert [int(place) for place, *_ in told] == spread(places, found.true)[:24].tolist()
        for place, true, one, other in told:
            numbers = found.true[int(place)], found.first[int(place)], found.second[int(place)]
            assert (int(true), int(one), int(other)) == numbers
    chosen = int(found.true[found.neither[0]])
    app.selectbox(key="wrong_class_10").set_value(chosen).run()
    assert (
        html(app, 'class="ds-gallery"').count("<figure>")
        == (found.true[found.neither] == chosen).sum()
    )
    app.selectbox(key="wrong_class_10").set_value(-1).run()


def test_without_the_test_set_both_are_asked_about_the_samples(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ui.compare.wrong_panel._test_set", lambda _: None)
    fresh = linked(data="cifar10", panel="who-got-it-wrong")
    assert not fresh.exception
    first, second = (fresh.selectbox(key=f"compare_{k}").value for k in ("first", "second"))
    body = html(fresh, 'class="ds-gallery"')
    told = re.findall(r'alt="Test picture (\d+), (\w+): .*? says (\w+), .*? says (\w+)"', body)
    assert sorted(int(place) for place, *_ in told) == list(range(20))
    for name, said in ((first, 2), (second, 3)):
        network = entry(f"{name}@0")
        samples = sample_subset(network.checkpoint.pictures, "cifar10")
        assert samples is not None
        answers = network.scores(samples.pixels.numpy()).argmax(1)
        assert sum(one[said].lower() == one[1].lower() for one in told) == int(
            (answers == samples.labels.numpy()).sum()
        )


def test_sign_is_grey_and_design_blue_where_only_one_is_right(app: AppTest) -> None:
    show(app, panel="Who got it wrong", data="digits")
    app.selectbox(key="compare_first").set_value(DESIGN).run()
    table = html(app, 'class="ds-fourfold"')
    colours = re.search("--first:(#[0-9A-F]+);--second:(#[0-9A-F]+)", table)
    assert colours is not None
    assert colours.groups() == (BLUE, GREY)
    bars = json.loads(app.get("plotly_chart")[0].proto.spec)["data"]
    assert [bar["marker"]["color"] for bar in bars] == [BLUE, GREY]


def test_a_set_in_another_order_is_classified_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    digits = open_split("digits")
    assert digits is not None
    last = len(digits) - 1
    backwards = PictureSet(
        "backwards", "Digits backwards", digits.class_names, digits.labels[::-1].copy(),
        lambda index: digits.picture(last - index),
    )  # fmt: skip
    monkeypatch.setattr("ui.compare.wrong_panel._found_test_set", lambda _: backwards)
    fresh = linked(data="digits", panel="who-got-it-wrong")
    before = html(fresh, 'class="ds-fourfold"')
    assert not [one for one in fresh.get("html") if 'class="ds-gallery"' in one.proto.body]
    fresh.button(key="classify").click().run()
    assert not fresh.exception
    assert html(fresh, 'class="ds-fourfold"') == before
    alts = re.findall(r'alt="Test picture (\d+), (\d):', html(fresh, 'class="ds-gallery"'))
    assert alts
    assert all(backwards.labels[int(place)] == int(label) for place, label in alts)


def test_the_answers_are_the_commands(app: AppTest) -> None:
    show(app, panel="Answers", data="digits")
    shown = "\n".join(one.value for one in app.markdown)
    for section in report([card for card in CARDS if card.dataset == "digits"]):
        assert html(app, section.question)
        assert all(sentence in shown for _, sentence in section.answers)


def test_a_link_restores_the_view() -> None:
    fresh = linked(
        data="digits", panel="who-got-it-wrong", first=DESIGN, second=SIGN, second_seed="2"
    )
    assert fresh.segmented_control(key="compare_panel").value == "Who got it wrong"
    assert fresh.selectbox(key="compare_first").value == DESIGN
    assert fresh.segmented_control(key="compare_second_seed").value == 2
    assert not fresh.warning


@pytest.mark.parametrize(
    "query",
    [
        {"data": "moon"},
        {"panel": "nowhere", "batchnorm": "maybe"},
        {"panel": "confusion", "first": "own:mine", "second": "x" * 3000},
        {"panel": "who-got-it-wrong", "first_seed": "-1", "second_seed": "99999"},
        {"panel": "learning", "target": "1000", "quantity": "<script>"},
        {"activation": "a.b.c", "width": "0", "recipe": "."},
    ],
)
def test_bad_links_fall_back(query: dict[str, str]) -> None:
    assert heading(linked(**query))


@pytest.fixture(scope="module")
def sound() -> bytes:
    card, _ = find_card(DESIGN)
    return card.file(1).read_bytes()


def own_name(data: bytes, file: str = "mine") -> str:
    return f"own:{file}~{hashlib.sha256(data).hexdigest()[:8]}"


def test_an_own_network_joins_and_leaves(app: AppTest, sound: bytes) -> None:
    name = own_name(sound)
    app.file_uploader(key="own_files").set_value(("mine.safetensors", sound, "")).run()
    assert not app.exception
    assert name in set(app.dataframe[0].value["name"])
    for panel in offered_panels():  # not measured: it may not disturb what is
        show(app, panel=panel, data="digits")
    show(app, panel="Overview", data="digits")
    app.button(key=f"evaluate_digits_{name}").click().run()
    assert not app.exception
    card, _ = find_card(DESIGN)
    row = app.dataframe[0].value.set_index("name").loc[name]
    assert row["accuracy"] == 100 * card.result(1).accuracy
    for panel in WITHOUT_LOGS:
        show(app, panel=panel, data="digits")
    show(app, panel="Who got it wrong", data="digits")
    app.selectbox(key="compare_first").set_value(name).run()
    assert not app.exception
    show(app, panel="Overview", data="digits")
    app.button(key=f"remove_{name}").click().run()
    assert not app.exception
    assert name not in set(app.dataframe[0].value["name"])


def test_an_own_network_predicts(sound: bytes) -> None:
    fresh = linked(data="digits")
    fresh.file_uploader(key="own_files").set_value(("mine.safetensors", sound, "")).run()
    fresh.switch_page("pages/predict.py").run()
    fresh.segmented_control(key="predict_data").set_value("digits").run()
    name = own_name(sound)
    fresh.multiselect(key="predict_networks").set_value([f"{SIGN}@0", f"{name}@0"]).run()
    assert not fresh.exception
    assert not fresh.error
    assert "own:mine" in heading(fresh)
    with pytest.raises(ValueError, match="This session has no own:mine"):
        entry(f"{name}@0")  # nor has any other
    # The link holds it by its hash, so that the way back keeps it.
    code = fresh.session_state["address_here"][1]["networks"]
    assert code == f"{SIGN}-s0.{name}-s0"
    fresh.segmented_control(key="predict_panel").set_value("Perturb").run()
    fresh.button(key="view_undo").click().run()
    assert fresh.session_state["predict_networks"] == [f"{SIGN}@0", f"{name}@0"]
    assert "own:mine" in heading(fresh)
    stranger = AppTest.from_file(APP, default_timeout=120)
    stranger.query_params["networks"] = code
    stranger.switch_page("pages/predict.py").run()
    told = " ".join(one.proto.body for one in stranger.get("html"))
    assert "has a network of somebody&#x27;s own. Add its file on Compare" in told
    assert not stranger.exception


def test_files_of_one_name_stay_apart(app: AppTest) -> None:
    """Every file of the zoo is called so."""
    files = [find_card(name)[0].file(0).read_bytes() for name in (SIGN, DESIGN)]
    uploads = [("seed-0.safetensors", data, "") for data in files]
    app.file_uploader(key="own_files").set_value(uploads).run()
    names = [own_name(data, "seed-0") for data in files]
    try:
        assert set(names) <= set(app.dataframe[0].value["name"])
        show(app, panel="Density", data="digits")
        shown = [card for card in own_cards_of(app) if card.name in names]
        assert card_names(shown) == ["own:seed-0, Sign", "own:seed-0, DeSign 2D"]
    finally:
        for name in names:
            app.button(key=f"remove_{name}").click().run()
    assert not own_cards_of(app)


def own_cards_of(app: AppTest) -> list[Card]:
    return [one.card for one in app.session_state["own_networks"].values()]


def test_what_is_refused_for_want_of_room_comes_in_when_there_is_room(app: AppTest) -> None:
    networks = [
        latent_file({"name": "tiny", "width": width, "in_channels": 3, "image_size": 32})
        for width in range(1, 6)
    ]
    uploads = [(f"{k}.safetensors", data, "") for k, data in enumerate(networks)]
    app.file_uploader(key="own_files").set_value(uploads).run()
    (error,) = app.error
    assert error.value == "A session holds 4 networks of yours. Remove one first."
    app.button(key=f"remove_{own_name(networks[0], '0')}").click().run()
    assert not app.error
    assert [card.name for card in own_cards_of(app)] == [
        own_name(data, str(k)) for k, data in enumerate(networks) if k
    ]
    for card in own_cards_of(app):
        app.button(key=f"remove_{card.name}").click().run()


def test_an_own_network_is_evaluated_on_every_set_of_its_classes(
    app: AppTest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    for label in CIFAR10_CLASSES:
        for split in ("train", "test"):
            folder = tmp_path / "pets" / split / label
            folder.mkdir(parents=True)
            for k in range(2):
                pixels = rng.integers(0, 256, (32, 32, 3), np.uint8)
                Image.fromarray(pixels).save(folder / f"{k}.png")
    for function in (open_split, sets_of_classes):
        monkeypatch.setattr(function, "__defaults__", (tmp_path,))
    data = latent_file({"name": "tiny", "width": 4, "in_channels": 3, "image_size": 32})
    name = own_name(data)
    app.file_uploader(key="own_files").set_value(("mine.safetensors", data, "")).run()
    buttons = [one.key for one in app.button if str(one.key).startswith("evaluate_")]
    assert buttons == [f"evaluate_folder:pets_{name}"]  # CIFAR-10 itself is not there
    app.button(key=buttons[0]).click().run()
    assert not app.exception
    (card,) = own_cards_of(app)
    assert (card.dataset, card.data["test"]) == ("folder:pets", 20)
    pixels = open_split("folder:pets")
    assert pixels is not None
    answers = predict_set(app.session_state["own_networks"][name], pixels)
    assert card.accuracy == np.mean(answers == pixels.labels)
    app.button(key=f"remove_{name}").click().run()


@pytest.mark.parametrize("case", ["pickle", "cut in the numbers", "NaN", "foreign", "zip bomb"])
def test_hostile_uploads_get_one_message(started: AppTest, case: str, sound: bytes) -> None:
    make, words = HOSTILE[case]
    started.file_uploader(key="own_files").set_value(("net.safetensors", make(sound), "")).run()
    assert not started.exception
    (error,) = started.error
    assert words in error.value
    started.file_uploader(key="own_files").set_value([]).run()


ZOOS: dict[str, list[tuple[str, bool, tuple[int, ...]]]] = {
    "nothing": [],
    "one network": [("sign", True, (0,))],
    "no Sign": [("design:2x2-v2", True, (0, 1)), ("design:1 2;3 4", False, (3,))],
    "unpaired seeds": [("sign", False, (0, 1)), ("design:2x2-v2", False, (2, 3, 4))],
    "five seeds": [
        (activation, affine, (0, 1, 2, 3, 4))
        for activation in ("sign", "design:2x2-v2", "uniform:2x2-v2", "hardtanh")
        for affine in (False, True)
    ],
}


@pytest.mark.parametrize("zoo", ZOOS)
def test_any_set_of_cards(zoo: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """CIFAR-100, whose hundred classes fit no cell, from one network to many."""
    made = [made_files(tmp_path, *card) for card in ZOOS[zoo]]
    monkeypatch.setattr("ui.networks.zoo_cards", lambda: load_cards(tmp_path))
    fresh = linked()
    for panel in offered_panels():
        show(fresh, panel=panel)
    if zoo == "five seeds":
        assert any("5 paired seeds" in body for body in bodies(fresh))
        show(fresh, panel="Who got it wrong")
        fresh.segmented_control(key="compare_first_seed").set_value(4).run()
        assert not fresh.exception
    if zoo == "one network":
        assert heading(fresh).startswith("Choose networks")
    assert len(made) == len(ZOOS[zoo])


def test_latencies_on_demand(app: AppTest) -> None:
    show(app, panel="Overview", data="digits")
    app.button(key="measure_latency").click().run()
    assert not app.exception
    assert (app.dataframe[0].value["latency"] > 0).all()
    assert any("Latency: least of" in one.value for one in app.caption)


def test_corruptions_are_the_recorded_ones(app: AppTest) -> None:
    show(app, panel="Corruptions", data="CIFAR-10")
    found = recorded_corruptions([card for card in CARDS if card.dataset == "cifar10"])
    told = [sentence for _, sentence in corruption_sentences(found)]
    assert told
    assert all(any(sentence in one.value for one in app.markdown) for sentence in told)
    app.segmented_control(key="compare_corruption").set_value("JPEG").run()
    assert not app.exception
    show(app, panel="Corruptions", data="CIFAR-100")
    assert "was measured on corrupted pictures" in app.info[0].value


def test_the_ablation_is_not_offered_before_its_kernels_are_trained(app: AppTest) -> None:
    trained = bool(ablation_cells(CARDS))
    assert ("Ablation" in app.segmented_control(key="compare_panel").options) == trained
    app.session_state["compare_panel"] = "Ablation"  # as a link sets it
    app.run()
    assert not app.exception
    assert app.segmented_control(key="compare_panel").value == (
        "Ablation" if trained else "Overview"
    )


def test_the_ablation_is_a_map_with_a_way_to_explore(monkeypatch: pytest.MonkeyPatch) -> None:
    made = list(ablation_cards().values())
    for place in ("ui.networks.cards", "ui.compare.address.cards"):
        monkeypatch.setattr(place, lambda: made)
    app = AppTest.from_file(APP, default_timeout=120).run()
    app.switch_page("pages/compare.py").run()
    show(app, panel="Ablation", data="all")
    cells, effects = ablation_cells(made), main_effects(ablation_cells(made))
    assert "Points over Sign, by size and pattern of the kernel" in " ".join(bodies(app))
    assert any(all(one.sentence() in text.value for one in effects) for text in app.markdown)
    kernel = app.selectbox(key="ablation_kernel")
    assert len(kernel.options) == len(cells)
    kernel.set_value("bayer 4×4").run()
    (link,) = [one.proto for one in app.get("page_link") if "Explore" in one.proto.label]
    assert "bayer-4" in link.query_string
    kernel.set_value("striped 2×2, quantile").run()
    (link,) = [one.proto for one in app.get("page_link") if "Explore" in one.proto.label]
    code = link.query_string.partition("=")[2]
    assert decode_kernel(code) == parse_kernel("2x2-v2@quantile")
