"""What visitors bring is bounded, per session and per server, and counts as long as it lives."""

from __future__ import annotations

import gc
from collections.abc import Callable

import pytest
from starlette.exceptions import HTTPException
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFileRec
from streamlit.testing.v1 import AppTest

from ui import upload_bounds
from ui.upload_bounds import FullError, bound_uploads, hold


@pytest.fixture
def add(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """A bounded manager's way to take a file of some bytes; with `.manager`."""
    monkeypatch.setattr(upload_bounds, "MOST_OF_SESSION", 100)
    monkeypatch.setattr(upload_bounds, "MOST_OF_SERVER", 250)
    monkeypatch.setattr(upload_bounds, "MOST_FILES", 5)
    bound_uploads()
    bound_uploads()  # as every run of a page does
    manager = MemoryUploadedFileManager("/upload")

    def put(session: str, name: str, size: int) -> None:
        manager.add_file(session, UploadedFileRec(name, name, "", bytes(size)))

    put.manager = manager  # type: ignore[attr-defined]
    return put


def test_a_session_keeps_so_many_bytes(add: Callable[..., None]) -> None:
    add("a", "1", 60)
    add("a", "2", 40)
    with pytest.raises(HTTPException) as refused:
        add("a", "3", 1)
    assert refused.value.status_code == 413
    assert "A session keeps" in str(refused.value.detail)
    add("b", "1", 100)
    manager: MemoryUploadedFileManager = add.manager  # type: ignore[attr-defined]
    assert manager._total_bytes == 200
    manager.remove_file("a", "1")
    add("a", "3", 60)


def test_a_session_keeps_so_many_files(add: Callable[..., None]) -> None:
    for name in "12345":
        add("a", name, 0)
    with pytest.raises(HTTPException):
        add("a", "6", 0)


def test_the_server_keeps_so_many_bytes_until_a_session_ends(add: Callable[..., None]) -> None:
    for session in "ab":
        add(session, "1", 100)
    with pytest.raises(HTTPException) as refused:
        add("c", "1", 51)
    assert "This server keeps" in str(refused.value.detail)
    add.manager.remove_session_files("a")  # type: ignore[attr-defined]
    add("c", "1", 51)


class Thing:
    """Something that is kept."""


def test_what_is_held_counts_until_it_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload_bounds, "MOST_HELD", upload_bounds._total() + 100)
    before = upload_bounds._total()
    kept, other = hold(Thing(), 60), hold(Thing(), 40)
    with pytest.raises(FullError, match="as much of its visitors' files as it may"):
        hold(Thing(), 1)
    assert upload_bounds._total() == before + 100
    del other
    gc.collect()
    assert upload_bounds._total() == before + 60
    # What is garbage in a cycle is found when room is needed.
    kept.own = kept  # type: ignore[attr-defined]
    del kept
    hold(Thing(), 100)


def page() -> None:
    """An uploader that can be taken away."""
    import streamlit as st

    from ui.upload_bounds import mind_uploads

    mind_uploads()
    if st.checkbox("Uploader", True):
        st.file_uploader("Files", accept_multiple_files=True, key="files")
    context = st.runtime.scriptrunner.get_script_run_ctx()
    st.session_state["kept"] = len(
        context.uploaded_file_mgr.file_storage.get(context.session_id, {})
    )


def test_files_that_no_uploader_names_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    test = AppTest.from_function(page).run()
    test.file_uploader(key="files").upload("one.png", b"1", "image/png")
    test.run().run()
    assert test.session_state["kept"] == 1
    monkeypatch.setattr(upload_bounds, "_LOOSE_SECONDS", 0.0)
    test.run().run()
    assert test.session_state["kept"] == 1  # the uploader names it
    test.checkbox[0].uncheck()
    test.run().run().run()
    assert test.session_state["kept"] == 0
