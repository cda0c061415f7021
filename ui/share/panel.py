"""The Share row of the rail: scenes, link, session, the way back, two pinned views."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from urllib.parse import urlencode

import streamlit as st

from design_core.paths import ROOT
from ui.figures import map_figure
from ui.links.deck import add_slide
from ui.links.fields import Address
from ui.links.pins import NAMES, Pin, Preview, pin, pins
from ui.links.session_file import SessionFileError, read_session, write_session
from ui.share.address import (
    full_link,
    here,
    history,
    link,
    open_link,
    open_session,
    reopen,
    session_now,
    write_address,
)
from ui.share.scene_gallery import gallery
from ui.text import plain

__all__ = ["share"]


def share(
    address: Address,
    *,
    about: str = "",
    preview: Callable[[], Preview] | None = None,
    undo: bool = True,
) -> None:
    """Bring the address up to date and draw the row; on each page last.

    Parameters
    ----------
    about
        What the view says, in a sentence; for pins.
    preview
        Makes a picture of the view, for pins.
    undo
        Whether to offer the way back; not where the page has one of its own.
    """
    with st.sidebar, st.container(gap="xsmall", key="share"):
        missing = write_address(address)
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            with st.container(width="content"):
                _share_popover(missing, about, preview)
            if st.button("Scenes", icon=":material/photo_library:", key="scenes", type="tertiary"):
                gallery()
            if undo:
                _way_back(address.page)
        _pinned()


def _way_back(page: str) -> None:
    steps = history(page)

    def move(step: Callable[[], dict[str, str] | None]) -> None:
        parameters = step()
        if parameters is not None:
            reopen(page, parameters)

    for name, step, there in (("Undo", steps.undo, steps.past), ("Redo", steps.redo, steps.future)):
        st.button(
            "",
            icon=f":material/{name.lower()}:",
            help=f"{name} the last change of the view",
            key=f"view_{name.lower()}",
            disabled=not there,
            on_click=move,
            args=(step,),
            type="tertiary",
        )


def _share_popover(
    missing: tuple[str, ...], about: str, preview: Callable[[], Preview] | None
) -> None:
    # No fragment that a click beside it reruns: that run may come after a change of page, and
    # would leave the new page blank.
    with st.popover("Share", icon=":material/link:", key="share_menu", type="tertiary"):
        st.markdown("**Link to this view**")
        st.code(full_link() or link(*here()), language=None, wrap_lines=True)
        for reason in missing:
            st.caption(plain(reason))
        page, parameters = here()
        if page == "explore":
            _present_link(parameters)
        if st.button("Add to the deck", icon=":material/playlist_add:", key="add_to_deck"):
            st.toast(plain(add_slide(link(*here()), about)), icon=":material/playlist_add_check:")
        st.markdown("**Pin this view**")
        with st.container(horizontal=True, gap="xsmall"):
            for name in NAMES:
                if st.button(f"Pin as {name}", key=f"pin_{name}"):
                    pin(name, Pin(link(*here()), about, preview() if preview else None))
        _session()


def _present_link(parameters: Mapping[str, str]) -> None:
    """A link that puts a view of Explore on the stage, the pinned views after it.

    Parameters
    ----------
    parameters
        Those of Explore's address.
    """
    st.page_link(
        "pages/present.py",
        label="Present this view",
        icon=":material/slideshow:",
        query_params={"view": urlencode(parameters)},
    )


def _session() -> None:
    st.markdown("**Session**")
    st.download_button(
        "Save all pages as a file",
        write_session(session_now()),
        file_name="design-session.json",
        mime="application/json",
        icon=":material/download:",
        key="save_session",
        on_click="ignore",
    )
    upload = st.file_uploader(
        "Open a session file", type=["json"], key="session_file", max_upload_size=1
    )
    st.caption(
        "Links and session files name pictures and networks that you uploaded, with their sha256; "
        "they do not hold them."
    )
    if upload is None:
        return
    try:
        loaded = read_session(
            upload.getvalue(), known=[path.stem for path in (ROOT / "pages").glob("*.py")]
        )
    except SessionFileError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return
    if st.button("Open it in place of the present view", key="open_session", type="primary"):
        open_session(loaded)


def _pinned() -> None:
    """Buttons to the pinned views, once there is one."""
    kept = pins()
    if not kept:
        return
    now = link(*here())
    with st.container(horizontal=True, gap="xsmall", vertical_alignment="center"):
        for name in NAMES:
            if name in kept and st.button(
                name,
                key=f"show_{name}",
                help=plain(kept[name].about or kept[name].link),
                type="primary" if kept[name].link == now else "secondary",
            ):
                open_link(kept[name].link)
        if len(kept) == len(NAMES) and st.button(
            "A beside B", key="pins_together", icon=":material/compare:"
        ):
            _together()


@st.dialog("A and B", width="large")
def _together() -> None:
    for name, column in zip(NAMES, st.columns(2), strict=True):
        one = pins()[name]
        with column:
            if one.preview:
                st.html(
                    map_figure(one.preview.png, shape=one.preview.shape, title=name, alt=one.about)
                )
            st.html(
                f'<p class="ds-note">{"" if one.preview else f"<b>{name}</b> "}'
                f"{escape(one.about or one.link)}</p>"
            )
