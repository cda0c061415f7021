"""The training jobs of this server, and the one of this session."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from design_core.jobs.pictures import asked
from design_core.jobs.queue import Job, JobQueue
from design_core.training.data import TrainingData
from design_core.training.recipe import Recipe
from design_core.zoo.entry import Entry

__all__ = ["Contest", "Download", "contest", "forget", "queue", "start"]

_KEY = "train_contest"


@dataclass(frozen=True)
class Download:
    """A file to take along; without data, what stands in its way is told."""

    label: str
    name: str
    data: bytes
    told: str


@dataclass(eq=False)
class Contest:
    """A job of this session, and what is to be known of it.

    Attributes
    ----------
    names, colours
        Of the two networks; colours as CSS.
    source
        What ``train --data`` calls the pictures.
    kept
        The networks that were handed over and are this session's own.
    taken
        How many times networks were handed over that are kept.
    problem
        Why some could not be kept.
    files
        To take along: of the first network, of the second, of both; made once they have ended.
    """

    job: Job
    names: tuple[str, str]
    colours: tuple[str, str]
    data: TrainingData
    source: str
    recipes: tuple[Recipe, ...]
    seed: int
    kept: list[Entry] = field(default_factory=list)
    taken: int = 0
    problem: str = ""
    files: list[list[Download]] = field(default_factory=list)


@st.cache_resource(show_spinner=False)
def queue() -> JobQueue:
    """The one of this server."""
    return JobQueue()


def contest() -> Contest | None:
    """The one of this session, under way or ended."""
    found: Contest | None = st.session_state.get(_KEY)
    return found


def start(
    names: tuple[str, str],
    colours: tuple[str, str],
    data: TrainingData,
    source: str,
    recipes: list[Recipe],
    seed: int,
) -> None:
    """Begin a contest in place of the one that was; ValueError if the queue is full."""
    forget()
    job = Job(asked(data, recipes, seed=seed), here=_presence())
    queue().submit(job)
    st.session_state[_KEY] = Contest(job, names, colours, data, source, tuple(recipes), seed)


def forget() -> None:
    """End the session's contest, if there is one."""
    old = contest()
    if old is not None:
        old.job.kill("It was ended for another one.")
        del st.session_state[_KEY]


class _Presence:
    """Whether the window that began a job is still open; without a server none can be closed."""

    def __init__(self, session_id: str) -> None:
        self.session_id = session_id

    def __call__(self) -> bool:
        return not runtime.exists() or runtime.get_instance().is_active_session(self.session_id)


def _presence() -> Callable[[], bool]:
    context = get_script_run_ctx()
    return _Presence(context.session_id if context else "")
