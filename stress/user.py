"""A simulated user: speaks to a Streamlit server as the browser does, over a real websocket."""

from __future__ import annotations

import asyncio
import re
import secrets
import time
import urllib.request
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

__all__ = ["PATIENCE", "LostConnectionError", "User", "Widget"]

#: Seconds after which an answer is given up.
PATIENCE = 60
_KEY = re.compile(r"\$\$ID-[0-9a-f]+-(.*)", re.DOTALL)
_MAX_MESSAGE = 256 * 2**20


class LostConnectionError(Exception):
    """The server closed the connection, or did not answer."""


@dataclass(frozen=True)
class Widget:
    """A widget on the page: its kind (``selectbox``, …), its id, and all that was sent of it."""

    kind: str
    id: str
    proto: Any


@dataclass
class User:
    """One visitor of an app, with cookies of their own.

    Parameters
    ----------
    address
        Of the server, ``http://host:port``.
    cookies
        As the server or a proxy sets them.
    widgets
        On the page now, by key.
    pages
        Of the app: hash of the script, by path.
    errors
        Texts of all exceptions that were shown.
    media
        Addresses of pictures and files on the page.
    """

    address: str
    cookies: dict[str, str] = field(default_factory=dict)
    widgets: dict[str, Widget] = field(default_factory=dict)
    pages: dict[str, str] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    media: set[str] = field(default_factory=set)
    session: str = ""
    page: str = ""
    received_bytes: int = 0

    def __post_init__(self) -> None:
        self._socket: ClientConnection | None = None
        self._states: dict[str, WidgetState] = {}
        self._messages: dict[str, ForwardMsg] = {}  # cacheable ones, by hash

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        await self.close()

    async def connect(self) -> None:
        """Fetch what the browser fetches first, and open the websocket; a lost session is kept."""
        await self.fetch("/")
        await self.fetch("/_stcore/health")
        await self.fetch("/_stcore/host-config")
        # As the browser does: a name, the token against forged requests, and the old session.
        protocols = ["streamlit", self.cookies.get("_streamlit_xsrf", "none")]
        protocols += [self.session] if self.session else []
        self._socket = await connect(
            f"{self.address.replace('http', 'ws', 1)}/_stcore/stream",
            subprotocols=protocols,  # type: ignore[arg-type]
            additional_headers={"Cookie": self._cookie_header()},
            origin=self.address,  # type: ignore[arg-type]
            max_size=_MAX_MESSAGE,
        )

    async def close(self) -> None:
        """Close the window."""
        if self._socket is not None:
            await self._socket.close()

    async def fetch(self, path: str, *, method: str = "GET", **request: Any) -> bytes:
        """Ask over HTTP, with cookies; OSError if the answer is an error."""

        def ask() -> bytes:
            asked = urllib.request.Request(self.address + path, method=method, **request)
            asked.add_header("Cookie", self._cookie_header())
            with urllib.request.urlopen(asked, timeout=PATIENCE) as answer:
                for header in answer.headers.get_all("Set-Cookie", ()):
                    name, _, value = header.partition(";")[0].partition("=")
                    self.cookies[name] = value
                body: bytes = answer.read()
                return body

        return await asyncio.to_thread(ask)

    async def open(self, page: str = "", query: str = "") -> float:
        """Go to a page by its path; seconds until it is complete."""
        self.page = page
        return await self._run(query=query, by_name=page not in self.pages)

    async def change(self, key: str, value: Any) -> float:
        """Give a widget a value; seconds until the page is complete."""
        widget = self.widgets[key]
        self._states[key] = _state(widget, value)
        return await self._run()

    async def press(self, key: str) -> float:
        """Press a button; seconds until the page is complete."""
        return await self._run(pressed=self.widgets[key].id)

    async def upload(self, key: str, name: str, data: bytes) -> float:
        """Give a file to an uploader; seconds until the page is complete."""
        start = time.perf_counter()
        asked = BackMsg()
        asked.file_urls_request.request_id = secrets.token_hex(8)
        asked.file_urls_request.file_names.append(name)
        asked.file_urls_request.session_id = self.session
        await self._send(asked)
        while True:
            answer = await self._receive()
            if answer.WhichOneof("type") == "file_urls_response":
                break
        place = answer.file_urls_response.file_urls[0]
        edge = secrets.token_hex(16)
        head = f'--{edge}\r\nContent-Disposition: form-data; name="{name}"; filename="{name}"\r\n'
        body = f"{head}Content-Type: application/octet-stream\r\n\r\n".encode() + data
        await self.fetch(
            place.upload_url,
            method="PUT",
            data=body + f"\r\n--{edge}--\r\n".encode(),
            headers={
                "Content-Type": f"multipart/form-data; boundary={edge}",
                "X-Xsrftoken": self.cookies.get("_streamlit_xsrf", ""),
            },
        )
        state = WidgetState(id=self.widgets[key].id)
        info = state.file_uploader_state_value.uploaded_file_info.add()
        info.name, info.size, info.file_id = name, len(data), place.file_id
        info.file_urls.CopyFrom(place)
        self._states[key] = state
        await self._run()
        return time.perf_counter() - start

    async def _run(self, *, query: str = "", by_name: bool = False, pressed: str = "") -> float:
        """Ask for a run with all widgets' states, and take the page in as it comes."""
        start = time.perf_counter()
        message = BackMsg()
        state = message.rerun_script
        state.query_string = query
        if by_name:
            state.page_name = self.page
        else:
            state.page_script_hash = self.pages[self.page]
        state.widget_states.widgets.extend(
            self._states[key] for key in self._states if key in self.widgets
        )
        if pressed:
            state.widget_states.widgets.append(WidgetState(id=pressed, trigger_value=True))
        state.cached_message_hashes.extend(self._messages)
        await self._send(message)
        await self._take_page()
        return time.perf_counter() - start

    async def _take_page(self) -> None:
        begun = False
        while True:
            message = await self._receive()
            kind = message.WhichOneof("type")
            if kind == "new_session":
                begun = True
                self.session = message.new_session.initialize.session_id
                self.widgets, self.media = {}, set()
            elif kind == "navigation":
                self.pages = {
                    "" if page.is_default else page.url_pathname: page.page_script_hash
                    for page in message.navigation.app_pages
                }
            elif kind == "delta":
                self._take(message.delta.new_element)
            elif kind == "page_not_found":
                self.errors.append(f"There is no page {message.page_not_found.page_name!r}.")
            elif kind == "script_finished" and begun:
                if message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
                    return
                if message.script_finished == ForwardMsg.FINISHED_WITH_COMPILE_ERROR:
                    raise LostConnectionError("The app does not compile.")
                begun = False  # the script has asked for another run

    def _take(self, element: Any) -> None:
        kind = element.WhichOneof("type")
        if kind is None:
            return
        proto = getattr(element, kind)
        if kind == "exception":
            self.errors.append(f"{proto.type}: {proto.message}")
        elif kind == "imgs":
            self.media.update(image.url for image in proto.imgs if image.url.startswith("/media"))
        if match := _KEY.fullmatch(getattr(proto, "id", "")):
            key = match[1]
            self.widgets[key if key != "None" else proto.id] = Widget(kind, proto.id, proto)

    async def _send(self, message: BackMsg) -> None:
        if self._socket is None:
            raise LostConnectionError("There is no connection yet.")
        try:
            await self._socket.send(message.SerializeToString())
        except ConnectionClosed as error:
            raise LostConnectionError(str(error)) from error

    async def _receive(self) -> ForwardMsg:
        """The next message; one that the server only names is taken from those kept."""
        if self._socket is None:
            raise LostConnectionError("There is no connection yet.")
        try:
            data = await asyncio.wait_for(self._socket.recv(), PATIENCE)
        except (ConnectionClosed, TimeoutError) as error:
            raise LostConnectionError(str(error) or f"No answer in {PATIENCE} s.") from error
        self.received_bytes += len(data)
        message = ForwardMsg.FromString(data)  # type: ignore[arg-type]
        if message.WhichOneof("type") == "ref_hash":
            return self._messages[message.ref_hash]
        if message.metadata.cacheable:
            self._messages[message.hash] = message
        return message

    def _cookie_header(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())


def _state(widget: Widget, value: Any) -> WidgetState:
    """A value as the browser would send it for a widget of this kind."""
    state = WidgetState(id=widget.id)
    if widget.kind in ("selectbox", "radio", "text_input"):
        state.string_value = value
    elif widget.kind in ("number_input",):
        state.double_value = value
    elif widget.kind == "checkbox":
        state.bool_value = value
    elif widget.kind == "slider" and not widget.proto.options:
        state.double_array_value.data.extend(_listed(value))
    elif widget.kind in ("button_group", "multiselect", "slider"):
        state.string_array_value.data.extend(_listed(value))
    else:
        raise ValueError(f"A {widget.kind} takes no value here.")
    return state


def _listed(value: Any) -> Iterable[Any]:
    return value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
