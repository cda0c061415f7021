"""Compile a function by numba, with a cache on disk that can only help.

numba keeps compiled code in files and fails for good when one of them is damaged, or when one
cannot be written. Here every entry carries its checksum; what is damaged is thrown away and made
anew, and a folder that cannot be written to costs the time to compile and nothing else.
"""

from __future__ import annotations

import hashlib
import importlib
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Timer
from typing import Any, TypeVar

import numba

__all__ = ["compiled", "told"]

_LOG = logging.getLogger(__name__)
_PATIENCE = 1.0  # seconds

Function = TypeVar("Function", bound=Callable[..., Any])

# What numba brings without types.
caching: Any = importlib.import_module("numba.core.caching")
compiler_lock: Any = importlib.import_module("numba.core.compiler_lock")
config: Any = importlib.import_module("numba.core.config")

_DIGEST = 32  # bytes of SHA-256 before each file's content


def compiled(function: Function) -> Function:
    """Compile at the first call, without the interpreter lock, or take it from the cache."""
    compiler: Any = numba.njit
    dispatcher = compiler(nogil=True)(function)
    with suppress(RuntimeError):  # no folder to cache in can be written to
        dispatcher._cache = _Cache(function)
    dispatcher.compile = _one_at_a_time(dispatcher.compile)
    made: Function = dispatcher
    return made


def _one_at_a_time(compile_for: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Under numba's own lock, which it takes too late: it loads parts of itself before."""

    def compile_alone(signature: Any) -> Any:
        with compiler_lock.global_compiler_lock:
            return compile_for(signature)

    return compile_alone


@contextmanager
def told(what: str) -> Iterator[None]:
    """Warn in the log that `what` is being compiled, if it takes longer than a second.

    Code from the cache is there at once, and nothing is said.
    """
    message = "Compiling %s for this processor: some seconds, the first time only."
    timer = Timer(_PATIENCE, _LOG.warning, (message, what))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


class _Cache(caching.FunctionCache):  # type: ignore[misc]
    """A cache of one function in which no file can do harm."""

    _cache_file: Any

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        plain = self._cache_file
        self._cache_file = _CheckedFiles(
            plain._cache_path, self._impl.filename_base, _stamp(function)
        )

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        try:
            return super().load_overload(sig, target_context)
        except Exception:  # whatever a damaged or unreadable file makes of itself
            with suppress(OSError):
                self.flush()
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        with suppress(OSError):  # a full disk, a folder of somebody else's
            super().save_overload(sig, data)


def _stamp(function: Callable[..., Any]) -> tuple[Any, ...]:
    """What must be as it was for compiled code to be up to date.

    numba looks at the function's own file alone; what it calls may stand in the files beside it.
    """
    folder = Path(function.__code__.co_filename).parent
    files = sorted((path.name, path.stat()) for path in folder.glob("*.py"))
    stats = tuple((name, stat.st_mtime, stat.st_size) for name, stat in files)
    return stats, bool(config.BOUNDSCHECK)


class _CheckedFiles(caching.IndexDataCacheFile):  # type: ignore[misc]
    """Index and code of one function; code that is not what was written is never run."""

    def _save_data(self, name: str, data: Any) -> None:
        content: bytes = self._dump(data)
        with self._open_for_write(self._data_path(name)) as file:
            file.write(hashlib.sha256(content).digest() + content)

    def _load_data(self, name: str) -> Any:
        with Path(self._data_path(name)).open("rb") as file:
            digest, content = file.read(_DIGEST), file.read()
        if hashlib.sha256(content).digest() != digest:
            raise ValueError(f"{name} is damaged")
        return caching.pickle.loads(content)
