"""The Design page, driven as a user would, without a browser."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from design_core.kernels.files import FORMATS, write_kernel
from design_core.kernels.kernel import ThresholdKernel
from design_core.kernels.patterns import PATTERNS
from design_core.kernels.published import PUBLISHED
from design_core.kernels.spec import encode_kernel, parse_kernel
from design_core.search.block_tables import random_convolution_tables
from design_core.search.find import find_kernels, full_landscape, score_kernel
from design_core.search.sizes import size_rows
from tests.app_pages import APP, heading
from tests.hostile import odd_pictures
from ui.design.desk import MAX_SNAPSHOTS, TRANSFORMS, Desk, resized
from ui.design.kernel_editor.component import _read
from ui.design.scoring import FORM_TITLES, OBJECTIVES, ordinal

PANELS = ("Find the best", "Thresholds", "Sweep", "Files and code")


@pytest.fixture
def app() -> AppTest:
    """The Design page as it opens, on a small picture of one map."""
    return started()


def started(**query: str) -> AppTest:
    fresh = AppTest.from_file(APP, default_timeout=60)
    for name, value in query.items():
        fresh.query_params[name] = value
    fresh.switch_page("pages/design.py").run()
    assert not fresh.exception
    fresh.select_slider(key="longest").set_value(32)
    fresh.selectbox(key="source").set_value("picture").run()
    assert not fresh.exception
    return fresh


def desk(app: AppTest) -> Desk:
    found: Desk = app.session_state["desk"]
    return found


def choose(app: AppTest, name: str) -> None:
    app.selectbox(key="preset_published").set_value(name).run()
    assert not app.exception, name
    assert desk(app).kernel.name == name


def panel(app: AppTest, name: str) -> None:
    app.segmented_control(key="panel").set_value(name).run()
    assert not app.exception, name


def test_it_opens_with_a_published_kernel_and_its_exact_rank(app: AppTest) -> None:
    assert desk(app).kernel == PUBLISHED["2x2-v2"]
    assert heading(app) == (
        "2x2-v2 ranks 692nd of 1,296 by total variation, and keeps 0.91 bits per pixel."
    )


@pytest.mark.parametrize("code", ["bayer-4", "bayer", "2x2-v1", "11_03", "symmetric-4"])
def test_a_link_may_name_its_kernel_in_any_way_that_explore_does(code: str) -> None:
    app = started(kernel=code)
    expected = {"bayer": PATTERNS["bayer"](), "11_03": PUBLISHED["2x2-v1"]}.get(code)
    assert desk(app).kernel == (expected or parse_kernel(code))
    assert not any("Ignored in the link" in one.proto.body for one in app.get("html"))


def test_numbers_on_the_page_are_the_librarys(app: AppTest) -> None:
    choose(app, "2x2-v1")
    app.selectbox(key="score_form").set_value("signed").run()
    tables = random_convolution_tables(form="signed")
    scored = score_kernel(PUBLISHED["2x2-v1"], tables, listed=full_landscape(tables, (2, 2)))
    (numbers,) = [one.proto.body for one in app.get("html") if "ds-numbers" in one.proto.body]
    for text in (f"{scored.tv:.3f}", f"{scored.information:.3f}", f"{scored.density:.1%}"):
        assert f"<dd>{text}</dd>" in numbers
    assert f"<dd>{scored.rank:,}</dd>" in numbers


@pytest.mark.parametrize("source", ["Random model", "Picture"])
def test_every_form_and_objective(app: AppTest, source: str) -> None:
    app.segmented_control(key="score_source").set_value(source).run()
    for form, objective in itertools.product(FORM_TITLES, OBJECTIVES):
        app.selectbox(key="score_form").set_value(form)
        app.selectbox(key="score_objective").set_value(objective).run()
        assert not app.exception, (form, objective)
        no_score = (form, objective) == ("reconstruction", "correlation")
        assert ("has no score here" in heading(app)) == no_score


@pytest.mark.parametrize("name", ["hprof", "cifar100-3x3", "3x3x4-shifted-v1"])
def test_published_kernels_with_every_transform(app: AppTest, name: str) -> None:
    choose(app, name)
    for transform in TRANSFORMS:
        before = desk(app).kernel
        app.menu_button(key="transform").click(transform).run()
        assert not app.exception, transform
        expected = TRANSFORMS[transform](before)
        assert desk(app).kernel == expected, transform
    app.button(key="undo").click().run()
    assert not app.exception


def patterns_and_sizes() -> Iterator[tuple[str, int]]:
    """Every pattern at its smallest size and at its largest that Design takes."""
    for name, pattern in PATTERNS.items():
        sizes = [size for size in pattern.sizes if size <= 16]
        for size in dict.fromkeys((sizes[0], sizes[-1])):
            yield name, size


def test_every_pattern_at_its_least_and_largest_size(app: AppTest) -> None:
    for name, size in patterns_and_sizes():
        app.selectbox(key="preset_pattern").set_value(name).run()
        app.selectbox(key=f"preset_size_{name}").set_value(size).run()
        app.button(key="take_pattern").click().run()
        assert not app.exception, (name, size)
        assert desk(app).kernel == PATTERNS[name](size)


@pytest.mark.parametrize("name", PANELS)
@pytest.mark.parametrize("kernel", ["3x3x4-shifted-v1", "baseline-2x2x4", "hprof"])
def test_every_panel(app: AppTest, name: str, kernel: str) -> None:
    choose(app, kernel)
    panel(app, name)
    app.segmented_control(key="score_source").set_value("Picture").run()
    assert not app.exception


def test_levels_are_typed(app: AppTest) -> None:
    app.text_input(key="preset_text").set_value("9 0; 0 9 | 1 1; 3 3").run()
    assert desk(app).kernel == ThresholdKernel([[[9, 0], [0, 9]], [[1, 1], [3, 3]]])
    app.text_input(key="preset_text").set_value("0.25 -0.5").run()
    assert not app.exception
    assert "thresholds of its own" in app.info[0].value
    for hostile in ("1 1; 3", "x", "1e999", "1;" * 5000, "nan", "<script>"):
        before = desk(app).kernel
        app.text_input(key="preset_text").set_value(hostile).run()
        assert not app.exception
        assert app.toast, hostile
        assert desk(app).kernel == before


def test_size_follows_and_undo_brings_it_back(app: AppTest) -> None:
    app.number_input(key="size_rows").set_value(3).run()
    app.number_input(key="size_columns").set_value(3).run()
    app.number_input(key="size_slices").set_value(2).run()
    assert desk(app).kernel == resized(PUBLISHED["2x2-v2"], (2, 3, 3))
    assert desk(app).kernel.name == "2x2-v2, edited"
    for _ in range(3):
        app.button(key="undo").click().run()
    assert desk(app).kernel == PUBLISHED["2x2-v2"]
    assert app.number_input(key="size_rows").value == 2
    app.button(key="redo").click().run()
    assert desk(app).kernel.shape == (1, 3, 2)
    assert app.number_input(key="size_rows").value == 3


def test_larger_sizes_are_placed_among_random_kernels(app: AppTest) -> None:
    for side in ("rows", "columns"):
        app.number_input(key=f"size_{side}").set_value(8).run()
    assert not app.exception
    assert "of random 8×8 kernels" in heading(app)


def test_snapshots_are_kept_taken_and_forgotten(app: AppTest) -> None:
    app.text_input(key="snapshot_name").set_value("mine").run()
    choose(app, "hprof")
    app.button(key="snapshot_0").click().run()
    assert desk(app).kernel == PUBLISHED["2x2-v2"]
    assert desk(app).kernel.name == "mine"
    app.button(key="forget_0").click().run()
    assert not app.exception
    assert desk(app).snapshots == {}


def test_the_oldest_snapshot_makes_room() -> None:
    kept = Desk(PUBLISHED["hprof"])
    for number in range(MAX_SNAPSHOTS + 1):
        kept.keep(str(number))
    assert list(kept.snapshots) == [str(number) for number in range(1, MAX_SNAPSHOTS + 1)]


def test_scaling_moves_the_thresholds(app: AppTest) -> None:
    panel(app, "Thresholds")
    app.slider(key="design_strength").set_value(0.5).run()
    assert desk(app).kernel == PUBLISHED["2x2-v2"].scaled(strength=0.5)
    for name in ("lloyd-max", "matlab", "data"):
        app.selectbox(key="design_scaling").set_value(name).run()
        assert not app.exception, name
        assert desk(app).kernel.scale.name == name
        assert desk(app).kernel.scale.strength == 0.5
    app.segmented_control(key="distribution").set_value("Picture").run()
    assert not app.exception


def test_a_scaling_without_values_says_so(app: AppTest) -> None:
    choose(app, "baseline-2x2x4")
    panel(app, "Thresholds")
    app.selectbox(key="design_scaling").set_value("matlab").run()
    assert not app.exception
    assert app.toast
    assert desk(app).kernel == PUBLISHED["baseline-2x2x4"]


def find(app: AppTest) -> Any:
    (button,) = [one for one in app.button if one.label == "Find the best"]
    button.click().run()
    assert not app.exception
    return app


def test_the_best_2x2_is_found_explained_and_taken(app: AppTest) -> None:
    find(app)
    expected = find_kernels(random_convolution_tables(form="relu"), (2, 2), top=12)
    (said,) = [one.proto.body for one in app.get("html") if "ds-findings" in one.proto.body]
    for sentence in expected.findings():
        assert f"<li>{sentence}</li>" in said
    app.button(key="take_found_0").click().run()
    assert desk(app).kernel == expected.best[0].kernel
    assert "ignores the picture" in heading(app)


def test_slices_along_the_front_are_taken(app: AppTest) -> None:
    app.button(key="take_front").click().run()
    assert not app.exception
    assert desk(app).kernel.shape == (4, 2, 2)


def test_limits_reach_the_search(app: AppTest) -> None:
    app.slider(key="find_density").set_value((20, 40))
    app.number_input(key="find_distinct").set_value(2)
    app.selectbox(key="find_symmetry").set_value("transpose")
    app.selectbox(key="find_slices").set_value("shift × 2")
    find(app)
    found = app.session_state["search_result"]
    assert found.constraints.density == (0.2, 0.4)
    assert (found.constraints.max_distinct, found.constraints.symmetry) == (2, "transpose")
    assert found.slices == 2


def test_impossible_limits_get_a_message(app: AppTest) -> None:
    app.slider(key="find_density").set_value((99, 100))
    app.number_input(key="find_balance").set_value(0.0)
    app.selectbox(key="score_form").set_value("signed")
    find(app)
    assert "No kernel satisfies" in app.warning[0].value


def test_searches_on_the_picture(app: AppTest) -> None:
    app.segmented_control(key="score_source").set_value("Picture").run()
    find(app)
    assert app.session_state["search_result"].exact


@pytest.mark.parametrize("name", ["one-pixel.png", "one-row.png", "one-bit.png", "rgba.png"])
def test_odd_pictures_in_every_panel(app: AppTest, name: str) -> None:
    app.segmented_control(key="picture_way").set_value("Upload").run()
    data = odd_pictures()[name]
    app.file_uploader(key="upload").set_value((name, data, "image/png")).run()
    app.segmented_control(key="score_source").set_value("Picture").run()
    assert not app.exception
    told = " · transparency laid over white<" in " ".join(one.proto.body for one in app.get("html"))
    assert told == (name == "rgba.png")
    for title in PANELS:
        panel(app, title)
    panel(app, "Thresholds")
    app.segmented_control(key="distribution").set_value("Picture").run()
    app.selectbox(key="design_scaling").set_value("data").run()
    assert not app.exception


@pytest.mark.parametrize("across", ["Scalings of this kernel", "Bayer sizes", "Blue noise sizes"])
def test_the_sweep_shows_every_map(app: AppTest, across: str) -> None:
    panel(app, "Sweep")
    app.selectbox(key="sweep_across").set_value(across).run()
    assert not app.exception
    (grid,) = [one.proto.body for one in app.get("html") if "ds-sweep" in one.proto.body]
    assert grid.count("<img") == (20 if across.startswith("Scalings") else 16)
    app.multiselect(key="sweep_strengths").set_value([]).run()
    assert "at least one strength" in app.info[0].value


def test_sizes_are_compared_and_the_best_is_taken(app: AppTest) -> None:
    panel(app, "Sizes")
    app.slider(key="sizes_up_to").set_value(2).run()
    next(one for one in app.button if one.label == "Compare the sizes").click().run()
    assert not app.exception
    _, rows = app.session_state["sizes_shown"]
    one, two = size_rows(random_convolution_tables(form="relu"), (1, 2))
    assert [row.best_tv.tv for row in rows] == [one.best_tv.tv, two.best_tv.tv]
    table = app.dataframe[0].value
    assert table["Most bits per pixel"].tolist() == [
        row.best_information.information for row in (one, two)
    ]
    app.button(key="take_size_2").click().run()
    assert desk(app).kernel == two.best_information.kernel
    assert "compare again" not in " ".join(one.value for one in app.caption)
    app.selectbox(key="score_form").set_value("signed").run()
    assert "compare again" in " ".join(one.value for one in app.caption)


def put_file(app: AppTest, name: str, data: bytes) -> None:
    app.file_uploader(key="kernel_file").set_value((name, data, "text/plain")).run()
    assert not app.exception, name


@pytest.mark.parametrize("suffix", FORMATS)
def test_exports_come_back(app: AppTest, suffix: str) -> None:
    panel(app, "Files and code")
    choose(app, "2x2-v1")
    app.selectbox(key="export_format").set_value(suffix).run()
    assert not app.exception
    choose(app, "hprof")
    put_file(app, f"back.{suffix}", write_kernel(PUBLISHED["2x2-v1"], suffix))
    assert desk(app).kernel == PUBLISHED["2x2-v1"]
    assert not app.error


THREE_MAPS = b"""<!DOCTYPE thresholds [<!ELEMENT thresholds (threshold)+>]><thresholds>
<threshold map="a"><levels width="1" height="1" divisor="2">1</levels></threshold>
<threshold map="b"><levels width="2" height="2" divisor="5">1 3 4 2</levels></threshold>
<threshold map="c"><levels width="2" height="1" divisor="5">1</levels></threshold></thresholds>"""


def test_one_of_several_maps_is_chosen(app: AppTest) -> None:
    panel(app, "Files and code")
    put_file(app, "thresholds.xml", THREE_MAPS)
    assert desk(app).kernel == PUBLISHED["2x2-v2"]
    assert not app.error
    chooser = app.selectbox(key="import_part")
    assert (chooser.label, list(chooser.options)) == ("Which of its 3 kernels", ["a", "b", "c"])
    chooser.set_value("b").run()
    assert (str(desk(app).kernel), desk(app).kernel.name) == ("1 3;4 2", "b")
    app.selectbox(key="import_part").set_value("c").run()
    assert "holds 1 integers" in app.error[0].value
    put_file(app, "more.xml", THREE_MAPS.replace(b"a", b"z", 1))
    assert app.selectbox(key="import_part").value is None
    assert not app.error


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("k.json", b"[[0, 2], [3, 1]]"),
        ("k.csv", b"0;2\n3;1\n"),
        ("k.txt", b"[0 2; 3 1]"),
        ("k.tsv", b"0\t2\t\n3\t1\t\n"),
    ],
)
def test_kernels_of_other_programs(app: AppTest, name: str, data: bytes) -> None:
    panel(app, "Files and code")
    put_file(app, name, data)
    assert str(desk(app).kernel) == "0 2;3 1"
    assert not app.error


@pytest.mark.parametrize("text", ["[1 1; 0 3]", "[[1, 1], [0, 3]]", "{{1,1},{0,3}}"])
def test_levels_are_pasted_in_any_notation(app: AppTest, text: str) -> None:
    app.text_input(key="preset_text").set_value(text).run()
    assert desk(app).kernel == PUBLISHED["2x2-v1"]


HOSTILE = {
    "empty.json": b"",
    "nothing.json": b"{}",
    "deep.json": b"[" * 100_000,
    "huge.json": b'{"levels": [[1' + b",1" * 100 + b"]]}",
    "number.json": b'{"levels": [[1e400]]}',
    "text.csv": b"a,b\n",
    "ragged.csv": b"1,2\n3\n",
    "bytes.csv": bytes(range(256)),
    "entities.xml": b'<!DOCTYPE a [<!ENTITY b "c">]><thresholds/>',
    "short.npy": b"\x93NUMPY\x01\x00",
    "no.npz": b"PK\x03\x04",
    "no.mat": b"MATLAB 5.0" + bytes(200),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_get_a_message_and_the_kernel_stays(app: AppTest, name: str) -> None:
    panel(app, "Files and code")
    put_file(app, name, HOSTILE[name])
    assert len(app.error) == 1
    assert len(app.error[0].value) > 20
    assert desk(app).kernel == PUBLISHED["2x2-v2"]


def test_the_code_shown_makes_the_kernel(app: AppTest) -> None:
    panel(app, "Files and code")
    choose(app, "2x2x4-shifted-v1")
    names: dict[str, Any] = {}
    exec(app.code[0].value, names)
    assert names["kernel"] == PUBLISHED["2x2x4-shifted-v1"]


def test_the_address_is_a_link_to_the_kernel(app: AppTest) -> None:
    app.menu_button(key="transform").click("Rotate a quarter turn").run()
    code = app.session_state["address_here"][1]["kernel"]
    assert code == encode_kernel(desk(app).kernel)
    assert desk(started(kernel=code)).kernel == desk(app).kernel


@pytest.mark.parametrize("code", ["", "x", "~~~~~", "11_3", "9" * 10_000, "<b>", "11~1.2~custom"])
def test_hostile_links_open_the_page(code: str) -> None:
    assert desk(started(kernel=code)).kernel == PUBLISHED["2x2-v2"]


def test_the_kernel_opens_in_explore(app: AppTest) -> None:
    app.text_input(key="preset_text").set_value("9 0; 0 9").run()
    app.button(key="open_in_explore").click().run()
    assert not app.exception
    assert app.segmented_control(key="kernel_way").value == "Own"
    assert app.session_state["own_kernel"] == ThresholdKernel([[9, 0], [0, 9]])
    assert not app.warning
    app.segmented_control(key="kernel_way").set_value("Published").run()
    assert not app.exception


@pytest.mark.parametrize(
    "report",
    [
        None,
        {},
        {"report": 7},
        {"report": {"number": 1, "kind": "levels"}},
        {"report": {"number": "2", "kind": "levels", "ranks": [0, 0, 0, 0]}},
        {"report": {"number": 2, "kind": "explode", "ranks": [0, 0, 0, 0]}},
    ],
)
def test_reports_that_are_none_are_not_taken(report: Any) -> None:
    assert _read(report, PUBLISHED["2x2-v2"], 1) is None


@pytest.mark.parametrize(
    "ranks", [None, [], [0, 0, 0], [0, 0, 0, 6], [-1, 0, 0, 0], ["a"], [2**70, 0, 0, 0], {}]
)
def test_ranks_that_do_not_fit_change_nothing_but_are_answered(ranks: Any) -> None:
    edit = _read({"report": {"number": 2, "kind": "levels", "ranks": ranks}}, PUBLISHED["hprof"], 1)
    assert edit is not None
    assert (edit.number, edit.kernel) == (2, PUBLISHED["hprof"])


def test_ranks_become_levels() -> None:
    report = {"report": {"number": 2, "kind": "undo", "ranks": [0, 5, 2, 1]}}
    edit = _read(report, PUBLISHED["2x2-v2"], 1)
    assert edit is not None
    assert str(edit.kernel) == "0 9;3 1"


@pytest.mark.parametrize(
    ("number", "text"),
    [(1, "1st"), (2, "2nd"), (3, "3rd"), (11, "11th"), (112, "112th"), (1021, "1,021st")],
)
def test_ordinals(number: int, text: str) -> None:
    assert ordinal(number) == text


def test_the_finding_states_what_the_library_finds(app: AppTest) -> None:
    panel(app, "What it selects")
    assert not app.exception
    (text,) = [one.value for one in app.markdown if "degenerate" in one.value]
    assert "1.000, is shared by 272 of 1,296" in text
    assert "2x2-v2 ranks 273" in text
    assert "[0 9; 9 0] wins with 1.996 and keeps 0.010 bits per pixel" in text
    assert "2x2-v1 ranks 209; 2x2-v2 ranks 692" in text
    assert "[1 1; 1 1] keeps the most after ReLU, 0.999" in text
