"""Present: two pictures and the finding before an audience, scene by scene."""

from __future__ import annotations

from html import escape
from urllib.parse import urlencode

import streamlit as st

from design_core.pictures import Picture
from design_core.pictures.samples import SAMPLES
from design_core.scores.comparison import compare_activations, finding
from ui.entry import require_entry
from ui.learn.address import LEARN
from ui.links.deck import deck, encode_deck
from ui.links.pins import pins
from ui.present.address import OWN_VIEW, PRESENT, SCENE
from ui.present.bar import stage_bar
from ui.present.figures import draws, figure_of
from ui.present.learn_scene import show_learn_scene
from ui.present.live_scene import show_live_scene
from ui.present.qr import audience_link, length_note, qr_svg, reach_note
from ui.present.scenes import (
    StageScene,
    curated_scenes,
    deck_scenes,
    is_live,
    own_scenes,
    view_name,
)
from ui.present.take_along import take_along
from ui.pytorch import pytorch
from ui.rail import keys as rail_keys
from ui.scenes import View, view_of
from ui.share.address import arrive, here, write_address
from ui.viewer import ViewerState, viewer

TALL = 4000  # the stage decides how tall pictures are, by the window


@st.cache_resource(max_entries=32, show_spinner=False)
def curated_view(link: str) -> View:
    """Samples belong to everybody."""
    return view_of(link)


@st.cache_resource(
    scope="session",
    max_entries=8,
    show_spinner=False,
    hash_funcs={Picture: lambda picture: picture.sha256},
)
def own_view(link: str, code: str, picture: Picture | None) -> View:
    """What is made of an upload stays in its session."""
    return view_of(link, at_hand=(code, picture) if picture else None)


def opened(scene: StageScene) -> View:
    """The view of a scene; ValueError if it cannot be shown here."""
    if scene in curated_scenes().values():
        return curated_view(scene.link)
    session = st.session_state
    return own_view(
        scene.link, session.get(rail_keys.PICTURE_CODE, ""), session.get(rail_keys.PICTURE)
    )


def scenes() -> dict[str, StageScene]:
    """The user's own list if there is one that can be shown, else the curated scenes."""
    if own := st.session_state.get(OWN_VIEW):
        found = own_scenes(own, pins())
        try:
            opened(found["view"])
        except ValueError:
            st.session_state[OWN_VIEW] = ""
            st.toast("The view of this link cannot be shown here; these are the curated scenes.")
        else:
            return found
    if slides := deck():
        return deck_scenes(slides)
    return curated_scenes()


def pictures(view: View, scene: StageScene) -> ViewerState:
    name = view.scene.picture.name
    kernel = view.kernel.for_channel(view.channel)
    return viewer(
        view.x[None],
        kernel.scaled(strength=0.0) if scene.build else kernel,
        names=[scene.title],
        picture_alt=SAMPLES[name].alt if name in SAMPLES else name,
        view=view_name(scene.link),
        height=TALL,
        presenter=True,
        key="stage_viewer",
    )


def words(view: View, scene: StageScene, shown: ViewerState) -> str:
    """The scene's sentence, or, once the presenter has changed the kernel, what it shows now."""
    own = view.kernel.for_channel(view.channel)
    changed = shown.kernel != own and not scene.build
    if scene.sentence and not changed:
        return scene.sentence
    scores = compare_activations(view.x[None], shown.kernel if changed else own)
    return finding(scores["sign"], scores["design"])


def show(scene: StageScene, place: int) -> str:
    """Put a scene on the stage; what is to be said of it. ValueError if it cannot be shown here."""
    if is_live(scene.link):
        if pytorch():
            show_live_scene(scene.link, revision=place)
        return scene.sentence or scene.title
    if scene.page == LEARN.page:
        show_learn_scene(scene.link, revision=place)
        return scene.sentence or scene.title
    if draws(scene.page):
        drawn = figure_of(scene.link)
        st.html(f'<div class="ds-stage-place">{drawn.html}</div>')
        return scene.sentence or drawn.sentence
    view = opened(scene)
    strength = view.kernel.scale.strength
    st.session_state["stage_strength"] = strength
    return words(view, scene, pictures(view, scene))


def deck_words() -> str:
    """The address of the deck, or why it has none."""
    slides = deck()
    if not slides:
        return ""
    try:
        query = urlencode({"deck": encode_deck(slides)})
    except ValueError as error:
        return str(error)
    return audience_link(st.context.url or "", f"{PRESENT.page}?{query}")


def begin() -> None:
    """Who comes by the menu, and not by a link, sees deck or curated scenes from the first."""
    if here()[0] != PRESENT.page and not st.query_params:
        st.session_state.update({OWN_VIEW: "", SCENE: ""})


require_entry()
begin()
arrive(PRESENT)
shown_scenes = scenes()
names = list(shown_scenes)
place = names.index(chosen) if (chosen := st.session_state.get(SCENE)) in names else 0
scene = shown_scenes[names[place]]


def step(index: int, link: str) -> None:
    """To the scene that the browser means; the deck may have been rearranged since."""
    links = {name: one.link for name, one in scenes().items()}
    listed = list(links)
    if index in range(len(listed)) and links[listed[index]] == link:
        st.session_state[SCENE] = listed[index]
    elif link in links.values():
        st.session_state[SCENE] = next(name for name, one in links.items() if one == link)


with st.container(key="stage", gap=None):
    # Not st.empty, which would take the old words away before there are new ones.
    heading = st.container()
    try:
        said = show(scene, place).replace(" × ", "\u00a0×\u00a0")
    except ValueError as error:
        said = str(error)
    heading.html(f'<h1 class="ds-finding">{escape(said)}</h1>')
    link = audience_link(st.context.url or "", scene.link)
    asked = stage_bar(
        list(shown_scenes.values()),
        place,
        said=said,
        strength=float(st.session_state.get("stage_strength", 1.0)),
        qr=qr_svg(link),
        link=link,
        note=" ".join(filter(None, (length_note(link), reach_note(link)))),
        deck_link=deck_words(),
        on_step=step,
        key="stage_bar",
    )
write_address(PRESENT)
if asked == "leave":
    st.switch_page("pages/explore.py")
if asked == "take":
    take_along(list(shown_scenes.values()), opened)
