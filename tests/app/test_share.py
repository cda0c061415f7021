"""Links, sessions, history and pins, driven as a user would, without a browser."""

from __future__ import annotations

import io
from pathlib import Path
from urllib.parse import parse_qsl

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from design_core.kernels.kernel import ThresholdKernel
from design_core.pictures import decode
from design_core.scores.comparison import finding
from tests.app_pages import heading
from ui.links.session_file import SessionFile, read_session, write_session
from ui.rail.fields import upload_code
from ui.scenes import SCENES, view_of

ROOT = Path(__file__).parents[2]
APP = str(ROOT / "app.py")
PAGES = sorted({path.stem for path in (ROOT / "pages").glob("*.py")} - {"start"})
NAMES = (
    *("picture", "size", "source", "maps", "seed", "kernel", "scale"),
    *("edited", "strength", "offset", "view", "map", "zoom", "divider", "pixel"),
    *("on", "form", "by", "weight", "panel", "over", "across", "strengths", "samples"),
    *("networks", "data", "step", "scene", "nonsense"),
)
HOSTILE = ("~", "../../<script>\0٣é", "9" * 9000)


def opened(link: str) -> AppTest:
    """The app as it opens at ``page?parameters``."""
    page, _, query = link.partition("?")
    app = AppTest.from_file(APP, default_timeout=120)
    for name, value in parse_qsl(query):
        app.query_params[name] = value
    app.switch_page(f"pages/{page}.py")
    app.run()
    assert not app.exception, link
    return app


def notes(app: AppTest) -> list[str]:
    return [one.proto.body for one in app.get("html") if 'role="status"' in one.proto.body]


def parameters(app: AppTest) -> dict[str, str]:
    found: dict[str, str] = app.session_state["address_here"][1]
    return found


# Links.


@pytest.mark.parametrize("page", PAGES)
def test_hostile_links_open_every_page(page: str) -> None:
    """All parameters hostile at once: the page is as it opens, and one note tells why."""
    plain = heading(opened(page))
    for value in HOSTILE:
        app = AppTest.from_file(APP, default_timeout=120)
        for name in NAMES:
            app.query_params[name] = value
        app.switch_page(f"pages/{page}.py")
        app.run()
        assert not app.exception, (page, value)
        # Present takes any link for the user's own view.
        assert heading(app) == plain or page == "present", (page, value)
        told = [note for note in notes(app) if "Ignored in the link" in note]
        assert len(told) == 1
        assert len(told[0]) < 1500
        assert "<script>" not in told[0]


def test_a_link_to_the_root_opens_explore() -> None:
    """There Explore was, and whoever comes by an old link lands where it says."""
    app = AppTest.from_file(APP, default_timeout=120)
    app.query_params.update({"picture": "coins", "source": "picture", "size": "64"})
    app.run()
    assert parameters(app) == {"picture": "coins", "source": "picture", "size": "64"}
    assert heading(app).startswith("DeSign keeps")


LINKS = (
    "explore",
    "explore?picture=coins&size=64&source=rgb&kernel=bayer-4&scale=lloyd-max&view=wipe&map=2",
    "explore?size=96&maps=3&seed=7&kernel=11_05~~lloyd-max~0.5_0.1&edited=11_09~~lloyd-max",
    "explore?kernel=hprof&scale=data&strength=-0.5&offset=0.25&zoom=3&pixel=7.9",
    "design?picture=grass&size=64&kernel=11_05&on=picture&form=signed&by=information",
    "design?by=weighted&weight=2.5&panel=sweep&across=bayer-sizes&strengths=0.150",
    "batch?size=64&source=picture&kernel=random-4&samples=digits.cifar10",
)


@pytest.mark.parametrize("link", LINKS)
def test_a_link_restores_the_view_and_is_written_again(link: str) -> None:
    app = opened(link)
    assert notes(app) == []
    assert parameters(app) == dict(parse_qsl(link.partition("?")[2]))


@pytest.mark.parametrize("name", [n for n in SCENES if SCENES[n].link.startswith("explore")])
def test_scenes_show_on_the_page_what_their_scores_say(name: str) -> None:
    scores = view_of(SCENES[name].link).scores()
    assert heading(opened(SCENES[name].link)) == finding(scores["sign"], scores["design"])


def test_a_link_to_an_edited_kernel_shows_that_kernel() -> None:
    app = opened("explore?source=picture&size=64&kernel=2x2-v1&edited=90_09~~lloyd-max&strength=2")
    view = view_of("explore?source=picture&size=64&kernel=90_09~~published~2_0")
    scores = view.scores()
    assert heading(app) == finding(scores["sign"], scores["design"])


def test_the_rails_state_goes_from_page_to_page() -> None:
    app = opened("explore?picture=coins&size=64&kernel=bayer-4")
    app.query_params.clear()
    app.switch_page("pages/batch.py").run()
    assert parameters(app) == {"size": "64", "kernel": "bayer-4"}
    app.query_params.clear()
    app.switch_page("pages/explore.py").run()
    assert parameters(app) == {"picture": "coins", "size": "64", "kernel": "bayer-4"}


def test_back_to_a_page_by_its_old_address_brings_its_old_state() -> None:
    app = opened("explore?size=64")
    app.select_slider(key="longest").set_value(32).run()
    assert parameters(app) == {"size": "32"}  # on the page the widgets count, not the address
    app.query_params.clear()
    app.switch_page("pages/design.py").run()
    app.query_params["size"] = "96"
    app.switch_page("pages/explore.py").run()
    assert app.select_slider(key="longest").value == 96


# Pictures.


def upload(app: AppTest, name: str, data: bytes) -> None:
    if app.segmented_control(key="picture_way").value != "Upload":
        app.segmented_control(key="picture_way").set_value("Upload").run()
    app.file_uploader(key="upload").set_value((name, data, "image/png")).run()
    assert not app.exception


def a_picture(seed: int) -> bytes:
    buffer = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 256, (20, 30), dtype=np.uint8)
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def test_a_link_to_an_upload_asks_for_it_and_knows_it_again() -> None:
    code = upload_code(decode(a_picture(0), name="my *cat* <b>.png"))
    app = opened(f"explore?source=picture&picture={code}")
    (note,) = notes(app)
    assert "Upload it to see the same view" in note
    assert "my *cat* &lt;b&gt;.png" in note
    assert parameters(app)["picture"] == code  # the link stays one to that picture
    upload(app, "other.png", a_picture(1))
    (note,) = notes(app)
    assert "another picture than the link" in note
    app = opened(f"explore?source=picture&picture={code}")
    upload(app, "renamed.png", a_picture(0))
    assert notes(app) == []
    assert parameters(app)["picture"].split("~")[1] == code.split("~")[1]


def test_an_upload_is_kept_for_the_way_back() -> None:
    app = opened("explore?source=picture")
    upload(app, "mine.png", a_picture(0))
    mine = heading(app)
    app.segmented_control(key="picture_way").set_value("Sample").run()
    assert heading(app) != mine
    app.button(key="view_undo").click().run()
    assert heading(app) == mine
    assert notes(app) == []


def test_items_of_a_data_set_are_found_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for label in ("one", "two"):
        folder = tmp_path / "mine" / label
        folder.mkdir(parents=True)
        for index in range(2):
            (folder / f"{index}.png").write_bytes(a_picture(index))
    monkeypatch.setattr("ui.rail.data_sets.DATA", tmp_path)
    app = opened("explore?source=picture&picture=set~mine~3")
    assert parameters(app)["picture"] == "set~mine~3"
    app.selectbox(key="class-mine").set_value(1).run()
    assert parameters(app)["picture"] == "set~mine~2"
    app = opened("explore?source=picture&picture=set~mine~99")  # made where there are more
    assert parameters(app)["picture"] == "set~mine~3"
    app = opened("explore?picture=set~cifar10-test~5")  # known, but not on this machine
    assert parameters(app)["picture"] == "set~cifar10-test~5"


# History.


def test_undo_and_redo_move_the_rail() -> None:
    app = opened("explore?source=picture&size=64")
    app.selectbox(key="sample").set_value("coins").run()
    app.selectbox(key="published").set_value("hprof").run()
    app.button(key="view_undo").click().run()
    assert app.selectbox(key="published").value == "2x2-v2"
    app.button(key="view_undo").click().run()
    assert app.selectbox(key="sample").value == "astronaut"
    assert app.button(key="view_undo").disabled
    for _ in range(2):
        app.button(key="view_redo").click().run()
    assert parameters(app)["kernel"] == "hprof"
    assert app.button(key="view_redo").disabled
    assert not app.exception


# Sessions.


def share_menu(app: AppTest) -> AppTest:
    """The app with its Share menu open."""
    app.session_state["share_menu"] = True
    app.run()
    assert not app.exception
    return app


def session(app: AppTest) -> SessionFile:
    here, own, rail = (app.session_state[f"address_{name}"] for name in ("here", "own", "rail"))
    return SessionFile(here[0], dict(rail), dict(own))


def open_file(app: AppTest, data: bytes) -> None:
    share_menu(app)
    app.file_uploader(key="session_file").set_value(("s.json", data, "application/json")).run()
    assert not app.exception


def test_a_session_brings_back_all_pages() -> None:
    app = opened("explore?picture=coins&size=64&source=picture&kernel=bayer-4&view=wipe")
    app.query_params.clear()
    app.switch_page("pages/design.py").run()
    app.text_input(key="preset_text").set_value("9 0; 0 9").run()
    saved = write_session(session(app))
    assert read_session(saved, known=PAGES).page == "design"

    other = opened("explore")
    open_file(other, saved)
    other.query_params.clear()
    other.button(key="open_session").click().run()
    assert not other.exception
    assert other.session_state["desk"].kernel == ThresholdKernel([[9, 0], [0, 9]])
    assert parameters(other)["picture"] == "coins"
    other.query_params.clear()
    other.switch_page("pages/explore.py").run()
    assert parameters(other) == {
        "picture": "coins",
        "size": "64",
        "source": "picture",
        "kernel": "bayer-4",
        "view": "wipe",
    }


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"\x89PNG", b'{"format": "design-session", "version": 9}', b"[" * 99_999]
)
def test_a_refused_file_leaves_the_view_as_it_is(data: bytes) -> None:
    app = opened("explore?picture=coins&size=64&source=picture")
    before, said = parameters(app), heading(app)
    open_file(app, data)
    assert len(app.error) == 1
    app.run()
    assert (parameters(app), heading(app)) == (before, said)


def test_a_session_of_hostile_parameters_falls_back_field_by_field() -> None:
    hostile = dict.fromkeys(NAMES, "<b>../")
    saved = SessionFile("explore", {**hostile, "size": "64"}, {"explore": hostile, "design": {}})
    app = opened("explore?picture=coins")
    open_file(app, write_session(saved))
    app.button(key="open_session").click().run()
    assert not app.exception
    assert parameters(app) == {"size": "64"}
    assert any("Ignored in the link" in note for note in notes(app))


# Pins.


def test_pinned_views_are_one_click_apart() -> None:
    app = share_menu(opened("explore?source=picture&size=64"))
    first = heading(app)
    app.button(key="pin_A").click().run()
    app.selectbox(key="sample").set_value("grass").run()
    second = heading(app)
    share_menu(app).button(key="pin_B").click().run()
    assert first != second
    for name, said in (("A", first), ("B", second), ("A", first)):
        app.button(key=f"show_{name}").click().run()
        assert not app.exception
        assert heading(app) == said
    app.button(key="pins_together").click().run()
    assert not app.exception
    shown = [one.proto.body for one in app.get("html") if 'class="ds-figure"' in one.proto.body]
    assert [said in figure for said, figure in zip((first, second), shown, strict=True)] == [
        True,
        True,
    ]


# Scenes.


def test_the_gallery_offers_every_scene() -> None:
    app = opened("explore?source=picture&size=32")
    app.button(key="scenes").click().run()
    assert not app.exception
    offered = {one.key: one.label for one in app.button if str(one.key).startswith("scene_")}
    assert offered == {f"scene_{name}": scene.title for name, scene in SCENES.items()}


# Reproduce.


def test_the_code_on_the_page_makes_the_numbers_on_the_page(
    capsys: pytest.CaptureFixture[str],
) -> None:
    app = opened("explore?picture=coins&size=64&maps=3&kernel=hprof&scale=data&strength=0.5&map=1")
    code = next(one.value for one in app.code if "compare_activations" in one.value)
    exec(code, {})
    assert capsys.readouterr().out.splitlines()[-1] == heading(app)


def test_the_code_of_a_score_makes_its_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    app = opened("design?kernel=2x2-v1&form=signed&by=weighted&weight=0.5")
    code = next(one.value for one in app.code if "score_kernel" in one.value)
    exec(code, {})
    printed = capsys.readouterr().out.split()
    numbers = next(
        one.proto.body for one in app.get("html") if "<dt>edges per pixel</dt>" in one.proto.body
    )
    values = dict(zip(printed[::2], printed[1::2], strict=True))
    assert f"<dd>{float(values['TV']):.3f}</dd>" in numbers
    assert f"<dd>{float(values['information']):.3f}</dd>" in numbers
    assert f"<dd>{int(values['rank']):,}</dd>" in numbers
