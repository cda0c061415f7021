"""The Predict page without a browser: numbers, sentences, messages, panels."""

from __future__ import annotations

import json
import re
import shutil
from html import unescape
from pathlib import Path

import numpy as np
import pytest
from hostile import hostile_pictures, odd_pictures
from hostile_checkpoints import latent_file
from streamlit.testing.v1 import AppTest

from design_core.__main__ import main
from design_core.kernels.kernel import ThresholdKernel
from design_core.kernels.published import PUBLISHED
from design_core.lab.agreement import Answer, agreement, change
from design_core.lab.walkthrough import Walker, walk
from design_core.pictures.samples import SAMPLES, sample, sample_names
from design_core.zoo.card import CHECKPOINTS, load_cards
from design_core.zoo.entry import open_entry
from design_core.zoo.uploaded import read_own
from tests.app_pages import APP, bodies, heading
from tests.zoo_sample import one_of_each_kind
from ui.charts import ink, label_colour
from ui.networks import predictions

PAGE = "pages/predict.py"
SIGN = "cifar10-vgg_small-w32-sign-affine_on@0"
DESIGN = "cifar10-vgg_small-w32-design_2x2-v2-affine_on@0"
DIGITS = ("digits-tiny-w16-sign-affine_on@0", "digits-tiny-w16-design_2x2-v2-affine_on@0")


@pytest.fixture
def app() -> AppTest:
    """The page as it opens."""
    started = AppTest.from_file(APP, default_timeout=60).run().switch_page(PAGE).run()
    assert not started.exception
    return started


def note(app: AppTest) -> str:
    (found,) = [body for body in bodies(app) if 'class="ds-finding"' in body]
    return unescape(re.search(r"<p[^>]*>(.*?)</p>", found)[1])


def cards(app: AppTest, place: int = 0) -> list[dict[str, str]]:
    """Classes and percentages of each answer, as written."""
    found = [body for body in bodies(app) if 'class="ds-answers"' in body][place]
    return [
        dict(re.findall(r"<span>([^<]+).*?<b>([^<]+)</b>", article))
        for article in found.split("<article")[1:]
    ]


def written(probabilities: dict[str, float], true_class: str | None) -> dict[str, str]:
    """The five most probable classes, and the true one, to a tenth of a percent."""
    shown = list(probabilities)[:5]
    if true_class is not None and true_class not in shown:
        shown.append(true_class)

    def percent(share: float) -> str:
        if share < 0.0005:
            return "&lt; 0.1 %" if share else "0.0 %"
        return f"{100 * share:.1f} %" if share < 0.9995 else "&gt; 99.9 %"

    return {name.replace("_", " "): percent(probabilities[name]) for name in shown}


def pick(app: AppTest, *references: str, picture: str | None = None) -> AppTest:
    app.session_state["predict_networks"] = list(references)
    if picture:
        app.session_state["predict_sample"] = picture
        app.session_state["predict_group"] = SAMPLES[picture].group
    return app.run()


def references_of(dataset: str, name: str = "", size: int | None = None) -> list[str]:
    found = [
        card
        for card in load_cards()
        if card.dataset == dataset
        and name in ("", card.name)
        and size in (None, card.network["image_size"])
    ]
    return [f"{card.name}@{seed}" for card in found for seed in card.seeds]


def check_answers(app: AppTest, picture: str, references: list[str]) -> None:
    entries = [open_entry(reference) for reference in references]
    classes = entries[0].checkpoint.pictures.class_names
    label = SAMPLES[picture].label
    true_class = label if label in classes else None
    answers = [entry.predict(sample(picture)).probabilities for entry in entries]
    assert cards(app) == [written(answer, true_class) for answer in answers], picture
    assert set(answers[0]) == set(classes)


def test_first_paint_is_two_answers_to_one_picture(app: AppTest) -> None:
    expected = [
        Answer(name, open_entry(reference).predict(sample("cifar10-00")).probabilities)
        for name, reference in (("Sign", SIGN), ("DeSign 2D", DESIGN))
    ]
    assert app.session_state["predict_networks"][:1] != []
    pick(app, SIGN, DESIGN)
    assert heading(app) == agreement(expected, "cat")
    assert note(app) == "Cat (CIFAR-10 test picture 0). True class: cat."
    check_answers(app, "cifar10-00", [SIGN, DESIGN])
    assert any("1-bit engine, " in body for body in bodies(app))


def test_chosen_networks_have_the_colour_of_their_answers(app: AppTest) -> None:
    for chosen in ((SIGN, DESIGN), (DESIGN, SIGN)):
        pick(app, *chosen)
        (rules,) = (body for body in bodies(app) if "data-tag-index" in body)
        for place, reference in enumerate(chosen):
            colour = label_colour(ink().sign if reference == SIGN else ink().this)
            assert (
                f'.st-key-predict_networks [data-tag-index="{place}"] {{ background: {colour}'
                in rules
            )


def test_every_kind_of_network_and_every_sample_on_the_page(app: AppTest) -> None:
    """Each kind of network once at least, and each sample of the set that they are trained on."""
    alike: dict[tuple[str, int], list[str]] = {}
    for card in one_of_each_kind():
        size = int(card.network.get("image_size", 32))
        alike.setdefault((card.dataset, size), []).append(f"{card.name}@{card.seeds[0]}")
    for (dataset, _), references in sorted(alike.items()):
        app.segmented_control(key="predict_data").set_value(dataset).run()
        assert len(app.multiselect(key="predict_networks").options) == len(references_of(dataset))
        names = sample_names(dataset)
        for place in range(max(len(names), -(-len(references) // 4))):
            four = [references[(4 * place + k) % len(references)] for k in range(4)]
            chosen = list(dict.fromkeys(four))
            picture = names[place % len(names)]
            pick(app, *chosen, picture=picture)
            assert not app.exception, (dataset, picture, chosen)
            assert not app.error, (dataset, picture, chosen)
            check_answers(app, picture, chosen)


def test_the_pages_predictions_are_the_command_lines(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Every kind of network on samples of every group; all networks of the command line on one."""
    groups = {one.group: name for name, one in SAMPLES.items()}
    for card in one_of_each_kind():
        entry = open_entry(card.name)
        for name in groups.values():
            (found,) = predictions(sample(name), [f"{card.name}@{entry.seed}"]).values()
            assert found.probabilities == entry.predict(sample(name)).probabilities
    main(["predict", "sample:astronaut", "--json"])
    for answer in json.loads(capsys.readouterr().out)["models"]:
        reference = f"{answer['name']}@{answer['seed']}"
        (found,) = predictions(sample("astronaut"), [reference]).values()
        assert answer["probabilities"] == found.probabilities


def test_a_picture_of_no_known_class_is_said_to_be_one(app: AppTest) -> None:
    pick(app, SIGN, DESIGN, picture="cifar100-13")
    assert "Its class, rocket, is none of theirs." in note(app)
    assert "name one of theirs: airplane, automobile, bird, cat" in note(app)
    pick(app, SIGN, DESIGN, picture="astronaut")
    assert note(app).startswith("Astronaut. Whatever they see, these networks name one of theirs")
    assert "rightly" not in heading(app)


def test_networks_of_another_set_bring_its_samples(app: AppTest) -> None:
    app.segmented_control(key="predict_data").set_value("digits").run()
    assert app.session_state["predict_networks"] == list(DIGITS)
    assert app.session_state["predict_sample"] == "digit-0"
    assert "All 8×8 pixels as they are, in grey." in " ".join(bodies(app))
    check_answers(app, "digit-0", list(DIGITS))


def test_what_they_see_of_a_photo_is_told(app: AppTest) -> None:
    pick(app, SIGN, DESIGN, picture="chelsea")
    (seen,) = [body for body in bodies(app) if 'class="ds-predict"' in body]
    assert "The middle 300×300 of 451×300 pixels, reduced to 32×32." in seen
    assert "The original, 451 by 300 pixels: The face of a tabby cat" in seen
    assert 'class="ds-crop"' in seen


def test_no_network_and_one_network(app: AppTest) -> None:
    pick(app, SIGN)
    assert heading(app).startswith("Sign rightly says cat")
    assert "second network" in app.info[0].value
    app.multiselect(key="predict_networks").set_value([]).run()
    assert not app.exception
    assert heading(app) == "No network is asked"
    assert app.info[0].value == "Choose two networks to compare, at the left."
    assert not app.error


def test_networks_of_another_picture_size_are_not_mixed(app: AppTest) -> None:
    network = {"name": "tiny", "width": 4, "in_channels": 3, "image_size": 64}
    pictures = {**vars(open_entry(SIGN).checkpoint.pictures), "shape": [3, 64, 64]}
    own = read_own(latent_file(network, pictures=pictures), name="large.safetensors")
    app.session_state["own_networks"] = {own.card.name: own}
    pick(app, SIGN, f"{own.card.name}@0")
    assert not app.exception
    assert "Sign takes pictures of 32×32, 3 channels and 10 classes, own:large of 64×64" in (
        app.error[0].value
    )
    pick(app, f"{own.card.name}@0")  # alone it is asked
    assert not app.error
    assert not app.exception


@pytest.mark.parametrize("name", sorted(hostile_pictures())[:4])
def test_hostile_uploads_get_a_message(app: AppTest, name: str) -> None:
    before = heading(app)
    app.segmented_control(key="predict_way").set_value("Upload").run()
    data = hostile_pictures()[name]
    app.file_uploader(key="upload").set_value((f"{name}.png", data, "image/png")).run()
    assert not app.exception
    assert len(app.error) == 1
    assert heading(app) == before


def test_an_upload_is_asked_about_and_kept_on_the_way(app: AppTest) -> None:
    from design_core.output.drawing import grey_png

    plane = np.random.default_rng(0).normal(size=(40, 60)).astype(np.float32)
    app.segmented_control(key="predict_way").set_value("Upload").run()
    app.file_uploader(key="upload").set_value(("mine.png", grey_png(plane), "image/png")).run()
    assert note(app).startswith("mine.png. ")
    assert "The middle 40×40 of 60×40 pixels, reduced to 32×32." in " ".join(bodies(app))
    app.switch_page("pages/explore.py").run()
    app.switch_page(PAGE).run()
    assert note(app).startswith("mine.png. ")


def test_what_was_converted_is_told(app: AppTest) -> None:
    app.segmented_control(key="predict_way").set_value("Upload").run()
    data = odd_pictures()["rgba.png"]
    app.file_uploader(key="upload").set_value(("clear.png", data, "image/png")).run()
    assert note(app).startswith("clear.png (transparency laid over white). ")


def test_a_camera_is_offered(app: AppTest) -> None:
    app.segmented_control(key="predict_way").set_value("Camera").run()
    assert not app.exception
    assert heading(app)


def test_references_of_nothing_fall_back_to_the_first_pair(app: AppTest) -> None:
    pick(app, "nothing@0", SIGN, "digits-tiny-w16-sign-affine_on@0", f"{SIGN[:-1]}99")
    assert not app.exception
    assert app.session_state["predict_networks"] == [SIGN]
    pick(app, "nothing@0")
    assert len(app.session_state["predict_networks"]) == 2


@pytest.mark.parametrize("damage", ["truncated", "foreign", "missing"])
def test_a_damaged_checkpoint_gets_a_message(
    app: AppTest, damage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import streamlit as st

    import ui.networks

    name = SIGN.partition("@")[0]
    shutil.copytree(CHECKPOINTS, tmp_path / "zoo")
    file = tmp_path / "zoo" / name / "seed-0.safetensors"
    if damage == "truncated":
        file.write_bytes(file.read_bytes()[:1000])
    elif damage == "foreign":
        shutil.copyfile(tmp_path / "zoo" / DESIGN.partition("@")[0] / "seed-0.safetensors", file)
    else:
        file.unlink()
    st.cache_resource.clear()
    zoo = tmp_path / "zoo"
    monkeypatch.setattr(ui.networks, "open_entry", lambda one: open_entry(one, zoo))
    pick(app, SIGN, DESIGN)
    monkeypatch.undo()
    st.cache_resource.clear()
    assert not app.exception
    assert heading(app) == "No network is asked"
    assert "seed-0.safetensors" in app.error[0].value


def chart_titles(app: AppTest) -> list[str]:
    found = [body for body in bodies(app) if 'class="ds-chart-title"' in body]
    return [unescape(re.sub("<[^>]+>", "", body)).replace("\xa0", " ") for body in found]


def test_the_walk_is_the_librarys(app: AppTest) -> None:
    pick(app, SIGN, DESIGN)
    sides = [Walker.trained(open_entry(reference).checkpoint) for reference in (SIGN, DESIGN)]
    walked = walk(sample("cifar10-00"), *sides)
    assert chart_titles(app)[-1] == walked.finding()
    alt = app.get("plotly_chart")[0].proto.alt
    assert f"block3: {100 * walked.differing[2]:.1f} %, unrelated maps" in alt
    for layer in walked.layers:
        app.segmented_control(key="walk_layer").set_value(layer.name)
        for order in ("difference", "density", "tv"):
            app.segmented_control(key="walk_order").set_value(order).run()
            assert not app.exception, (layer.name, order)


def test_other_networks_have_other_layers(app: AppTest) -> None:
    app.segmented_control(key="walk_layer").set_value("block6").run()
    app.segmented_control(key="predict_data").set_value("digits").run()
    assert not app.exception
    assert app.session_state["walk_layer"] == "block1"


def test_any_pair_of_four_is_walked(app: AppTest) -> None:
    four = app.multiselect(key="predict_networks").options
    assert len(four) >= 4
    pick(app, *references_of("cifar10", size=32)[:4])
    app.selectbox(key="walk_first").set_value(app.selectbox(key="walk_first").options[3]).run()
    assert not app.exception
    assert len(cards(app)) == 4


def swap_panel(app: AppTest) -> AppTest:
    pick(app, SIGN, DESIGN)
    return app.segmented_control(key="predict_panel").set_value("Swap the kernel").run()


def swapped(kernel: ThresholdKernel | None) -> str:
    checkpoint = open_entry(SIGN).checkpoint
    walked = walk(
        sample("cifar10-00"), Walker.trained(checkpoint), Walker.swapped(checkpoint, kernel)
    )
    return change(*walked.probabilities)


def test_swapped_kernels_change_the_answer_as_the_library_says(app: AppTest) -> None:
    swap_panel(app)
    assert chart_titles(app)[0] == swapped(PUBLISHED["3x3-symmetric-v1"])
    for name in PUBLISHED:
        app.selectbox(key="swap_published").set_value(name).run()
        assert not app.exception, name
        assert chart_titles(app)[0] == swapped(PUBLISHED[name]), name
    app.slider(key="swap_strength").set_value(0.0).run()
    assert chart_titles(app)[0] == swapped(None)
    assert chart_titles(app)[1] == "No bit differs in any layer."
    app.segmented_control(key="swap_way").set_value("Sign").run()
    assert chart_titles(app)[0] == swapped(None)


def test_swapped_kernels_by_pattern_and_text(app: AppTest) -> None:
    swap_panel(app)
    app.segmented_control(key="swap_way").set_value("Pattern").run()
    assert not app.exception
    app.segmented_control(key="swap_way").set_value("Text").run()
    for text in ("1 1; 3 3", "0.2 0.4", "code:11_05~~matlab"):
        app.text_input(key="swap_text").set_value(text).run()
        assert not app.exception, text
        assert not app.warning, text
    app.text_input(key="swap_text").set_value("/etc/passwd.json").run()
    assert "Shown with [1 3; 3 1]" in app.warning[0].value
    assert chart_titles(app)[0] == swapped(ThresholdKernel([[1, 3], [3, 1]]))


def test_a_kernel_from_design_is_swapped_in(app: AppTest) -> None:
    app.switch_page("pages/design.py").run()
    app.button(key="send_to_predict").click().run()
    assert not app.exception
    app.switch_page(PAGE).run()
    assert app.session_state["predict_panel"] == "Swap the kernel"
    pick(app, SIGN, DESIGN)
    assert chart_titles(app)[0] == swapped(PUBLISHED["2x2-v2"])


LINKS = (
    {},
    {"picture": "cifar10-10"},
    {"picture": "chelsea", "networks": "digits"},
    {"networks": f"{SIGN}.{DESIGN}".replace("@", "-s"), "panel": "swap-the-kernel"},
    {"panel": "swap-the-kernel", "kernel": "sign"},
    {"panel": "swap-the-kernel", "kernel": "2x2-v2"},
    {"panel": "swap-the-kernel", "kernel": "11_05~~lloyd-max~0.5_0.25"},
)


@pytest.mark.parametrize("parameters", LINKS, ids=range(len(LINKS)))
def test_links_hold_what_is_on_screen(parameters: dict[str, str]) -> None:
    opened = AppTest.from_file(APP, default_timeout=60).run()
    opened.query_params.update(parameters)
    opened.switch_page(PAGE).run()
    assert not opened.exception
    page, written = opened.session_state["address_here"]
    # The pair that the page opens with, on a data set, is named by the data set alone.
    networks = parameters.get("networks", "")
    assert {"networks": networks, **written} == {"networks": networks, **parameters}
    assert page == "predict"
    assert not any("Ignored in the link" in body for body in bodies(opened))
    if networks == "digits":
        assert opened.session_state["predict_networks"] == list(DIGITS)
    elif networks:
        assert opened.session_state["predict_networks"] == [SIGN, DESIGN]


@pytest.mark.parametrize(
    "parameters",
    [
        {"picture": "../../etc/passwd"},
        {"networks": "a.b"},
        {"networks": f"{SIGN}.{DIGITS[0]}".replace("@", "-s")},
        {"kernel": "11_05~~~9_0", "panel": "swap-the-kernel"},
        {"panel": "nothing"},
    ],
    ids=lambda one: next(iter(one)),
)
def test_bad_links_open_the_page_as_ever(parameters: dict[str, str]) -> None:
    opened = AppTest.from_file(APP, default_timeout=60).run()
    opened.query_params.update(parameters)
    opened.switch_page(PAGE).run()
    assert not opened.exception
    assert "both rightly say cat" in heading(opened) or "disagree" in heading(opened)
    assert any("Ignored in the link" in body for body in bodies(opened))


def test_the_page_opens_with_one_bit_pictures_and_swaps_their_cut(app: AppTest) -> None:
    """They differ in the cut of their picture; each card shows what its network sees."""
    first, second = app.session_state["predict_networks"]
    cuts = [open_entry(reference).card.picture for reference in (first, second)]
    assert cuts == ["sign", "design:bayer-phases-2@quantile"]
    (answers,) = [body for body in bodies(app) if 'class="ds-answers"' in body][:1]
    assert answers.count("It sees one bit per pixel and colour") == 2
    app.session_state["predict_panel"] = "Swap the kernel"
    app.run()
    app.session_state["swap_way"] = "Sign"
    app.run()
    assert not app.exception
    assert app.session_state["swap_where"] == "Picture"
    swapped = cards(app, 1)
    network = open_entry(first).checkpoint  # cut by Sign already: nothing changes
    assert swapped[0] == swapped[1]
    checked = walk(sample("cifar10-00"), Walker.trained(network), Walker.seeing(network, None))
    assert swapped[1] == written(checked.probabilities[1], "cat")
