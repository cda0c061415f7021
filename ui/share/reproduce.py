"""The expander with the code that makes the present view."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from design_core.output.reproduce import Recipe, Subject
from design_core.pictures import Picture
from ui.compute import Scene
from ui.rail import keys as rail_keys
from ui.rail.fields import FIRST_SAMPLE, wanted_item, wanted_upload
from ui.text import plain

__all__ = ["picture_reference", "recipe_expander", "subject_of"]


def subject_of(scene: Scene) -> Subject:
    """A scene as the recipes name it; the rail knows where its picture is from."""
    code: str = st.session_state.get(rail_keys.PICTURE_CODE, FIRST_SAMPLE)
    return Subject(
        *picture_reference(code, scene.picture),
        scene.longest,
        scene.source,
        scene.maps,
        scene.seed,
    )


def picture_reference(code: str, picture: Picture) -> tuple[str, str]:
    """What `load_picture` takes for a picture, and the digest of a file.

    Parameters
    ----------
    code
        What stands for the picture in a link.
    """
    if wanted_upload(code):
        return _path(picture.name), picture.sha256
    if item := wanted_item(code):
        return f"set:{item[0]}:{item[1]}", ""
    return f"sample:{code}", ""


def recipe_expander(make: Callable[[], Recipe], *, note: str = "") -> None:
    """Show Python and command line; `note` says what they leave out."""
    with st.expander("Reproduce"):
        try:
            recipe = make()
        except ValueError as error:
            st.info(plain(str(error)), icon=":material/info:")
            return
        st.caption("In the folder of the repository. Python:")
        st.code(recipe.python, language="python")
        st.caption("The same on the command line:")
        st.code(recipe.command, language="bash", wrap_lines=True)
        if note:
            st.caption(plain(note))


def _path(name: str) -> str:
    """A file's name, so that it is taken for nothing else."""
    return f"./{name}" if name.startswith("-") or ":" in name else name
