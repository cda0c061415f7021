"""Design: a threshold kernel against numbers."""

from __future__ import annotations

from html import escape

import streamlit as st

from design_core.output.reproduce import score_recipe
from design_core.pictures.samples import SAMPLES
from design_core.search.front import front_slices
from ui.charts import PLOT, chart_title, show_chart
from ui.compute import Scene, maps_of
from ui.design import keys
from ui.design.address import DESIGN, PANELS
from ui.design.chart_cards import bar_cards, plane_cards
from ui.design.charts import landscape_chart, plane_chart
from ui.design.desk import Desk, desk
from ui.design.editor_panel import editor_panel
from ui.design.files_panel import files_panel
from ui.design.finding_panel import finding_panel
from ui.design.kernel_cards import kernel_cards
from ui.design.landscapes import Judged, Listing, Plane, Question
from ui.design.scoring import (
    finding,
    number_list,
    objective_words,
    scoring_controls,
    source_words,
)
from ui.design.search_panel import find_button, search_panel
from ui.design.sizes_panel import sizes_panel
from ui.design.sweep_panel import sweep_panel
from ui.design.threshold_panel import threshold_panel
from ui.entry import require_entry
from ui.predict.taken import take_kernel
from ui.rail.controls import picture_rail, take_as_own
from ui.rail.fields import levels_name
from ui.share.address import arrive
from ui.share.panel import share
from ui.share.reproduce import recipe_expander, subject_of
from ui.text import plain
from ui.viewer import viewer

_VIEWER = "design_viewer"
_TALL = 230  # height of the pictures at most, CSS pixels


def landscape_title(listing: Listing, judged: Judged, question: Question, size: str) -> str:
    by = objective_words(question.objective)
    if listing.whole is None:
        return f"{by.capitalize()} of {listing.size:,} random {size} kernels"
    ties = judged.whole.ties
    shared = f"; {ties:,} share this score" if ties and ties > 1 else ""
    return f"{by.capitalize()} of all {listing.size:,} {size} kernels{shared}"


def landscape(design: Desk, question: Question, listing: Listing, judged: Judged) -> None:
    """The kernel among all of its size."""
    size = "×".join(map(str, design.kernel.shape[1:]))
    title = landscape_title(listing, judged, question, size)
    show_chart(
        landscape_chart(listing, judged, objective=question.objective),
        title=title,
        alt=f"On {source_words(question)}. This kernel: {judged.whole.score:.4f}.",
        key="landscape",
    )
    cards = bar_cards(listing, question.levels, design.kernel.scale)
    if cards:
        kernel_cards(cards, chart="landscape", viewer=_VIEWER, key="landscape_cards")


def plane_of_all(design: Desk, question: Question, judged: Judged, plane: Plane | None) -> None:
    """All 2×2 kernels by edges and information; a click takes one."""
    if plane is None:
        st.caption("The kernel has too many levels to draw all its 2×2 kernels.")
        return

    published = [(one.tv, one.information, one.kernel.name) for one in question.published((2, 2))]
    shown = plane_cards(plane, published, design.kernel.scale)

    def take(chosen: str) -> None:
        kernel = shown[chosen].kernel
        design.take(kernel if kernel.name else kernel.renamed(levels_name(kernel)))

    def take_point() -> None:
        points = st.session_state["plane"]["selection"]["points"]
        chosen = points[0].get("customdata") if points else None
        if isinstance(chosen, list):
            chosen = chosen[0]
        if str(chosen) in shown:
            take(str(chosen))

    front = len(plane.front.places)
    best = "one kernel leads in both" if front == 1 else f"none beats the {front} on the line"
    title = f"Edges or information? Of {len(plane.front.tv):,} 2×2 kernels, {best}"
    chart_title(title)
    st.plotly_chart(
        plane_chart(plane, judged, published),
        key="plane",
        on_select=take_point,
        selection_mode="points",
        config=PLOT,
        alt=f"{title}, on {source_words(question)}. This kernel: total variation "
        f"{judged.whole.tv:.3f}, information {judged.whole.information:.3f}. Click a point to "
        "take its kernel.",
    )
    kernel_cards(
        shown,
        chart="plane",
        viewer=_VIEWER,
        walk=[str(place) for place in plane.front.places],
        on_take=take,
        key="plane_cards",
    )


def cut_picture(design: Desk, scene: Scene) -> None:
    """What the kernel makes of the picture, beside Sign; it follows the editor at once."""
    maps = maps_of(scene)
    picture = scene.picture
    viewer(
        maps.x,
        design.kernel,
        names=maps.names,
        picture_alt=SAMPLES[picture.name].alt if picture.name in SAMPLES else picture.name,
        height=_TALL,
        bare=True,
        key=_VIEWER,
    )


def front_button(design: Desk, plane: Plane) -> None:
    """A 3D kernel from the front."""
    slices = min(4, len(plane.front.places))
    if slices == 1:
        return

    def take() -> None:
        kernel = front_slices(plane.front, slices).with_scale(design.kernel.scale)
        design.take(kernel.renamed("front slices"))

    st.button(
        f"Take {slices} slices along the front",
        key="take_front",
        help="A 3D kernel whose 2×2 slices share the Pareto front among them, from much "
        "information to much total variation.",
        on_click=take,
    )


require_entry()
arrive(DESIGN)
design = desk()
with st.sidebar:
    choice = scoring_controls()
    st.divider()
    scene = picture_rail()
question = choice.question(design.kernel, scene)
listing: Listing | None = None
judged: Judged | None = None
plane: Plane | None = None
try:
    listing = question.listing(design.kernel.shape[1:])
    judged = question.judge(design.kernel)
    plane = question.plane()
except ValueError as error:
    heading, why_not = f"{design.kernel.name or 'This kernel'} has no score here.", str(error)
else:
    heading, why_not = finding(design.kernel, judged, listing, question), ""

st.html(
    f'<h1 class="ds-finding">{escape(heading)}</h1>'
    f'<p class="ds-note">Scored on {escape(source_words(question, with_notes=True))}</p>'
)
left, right = st.columns([3, 5], gap="medium")
with left:
    editor_panel(design)
    if judged and listing:
        st.html(number_list(design.kernel, judged, listing))
    with st.container(horizontal=True, gap="xsmall"):
        if st.button(
            "Open in Explore", type="primary", icon=":material/compare:", key="open_in_explore"
        ):
            take_as_own(design.kernel)
            st.switch_page("pages/explore.py")
        if st.button("Send to Predict", icon=":material/neurology:", key="send_to_predict"):
            take_kernel(design.kernel)
            st.switch_page("pages/predict.py")
        find_button(design, question)
        if plane:
            front_button(design, plane)
with right:
    cut_picture(design, scene)
    if judged and listing:
        landscape(design, question, listing, judged)
    else:
        st.info(plain(why_not), icon=":material/info:")
if judged:
    plane_of_all(design, question, judged, plane)

panel = st.segmented_control(
    "Panel",
    PANELS,
    default=PANELS[0],
    required=True,
    key=keys.PANEL,
    persist_state="session",
    label_visibility="collapsed",
)
if panel == "Find the best":
    search_panel(design, question)
elif panel == "Thresholds":
    threshold_panel(design, scene)
elif panel == "Sweep":
    sweep_panel(design, scene)
elif panel == "Sizes":
    sizes_panel(design, question)
elif panel == "Files and code":
    files_panel(design)
else:
    finding_panel()
recipe_expander(
    lambda: score_recipe(
        design.kernel,
        objective=question.objective,
        form=question.form,
        subject=subject_of(scene) if question.scene else None,
    )
)
share(DESIGN, about=heading, undo=False)
