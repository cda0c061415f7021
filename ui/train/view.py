"""Train itself: the controls, two networks as they learn, and what becomes of them."""

from __future__ import annotations

import streamlit as st

from design_core.jobs.contest import contest_finding, contest_recipes, minutes
from design_core.jobs.frames import FAST, PAUSE, SLOW
from design_core.jobs.pictures import samples_by_class
from design_core.training.data import TrainingData
from ui.text import plain, sentence_html
from ui.train.choice import Choice, choose
from ui.train.component import show_markup
from ui.train.drawing import contest_html, samples_html
from ui.train.jobs import Contest, contest, queue, start
from ui.train.pictures import choose_pictures
from ui.train.result import keep_made, show_result

__all__ = ["show_train"]

_TICK = 0.8  # seconds between two looks at the networks
_PROBLEM = "train_problem"
_SAMPLES = 10  # of each class, before the start
_SPEEDS = {"Full speed": FAST, "Slow": SLOW, "Pause": PAUSE}


def show_train() -> str:
    """Draw the page; the sentence on top of it."""
    with st.sidebar:
        pictures = choose_pictures()
        chosen = choose()
    queue().prepare()
    heading = st.empty()
    if problem := st.session_state.pop(_PROBLEM, ""):
        st.error(plain(problem), icon=":material/error:")
    running = contest()
    if running is None:
        return _before(heading, pictures, chosen)
    if running.job.over and running.taken < len(running.job.made):
        with st.spinner("Keeping the networks …"):
            keep_made(running)
    if running.job.over:
        sentence = _seen(heading, running)
        show_result(running)
        return sentence
    _watch(running)
    return "Two networks are learning"


def _begin(pictures: tuple[TrainingData, str] | None, chosen: Choice) -> None:
    if pictures is None:
        return
    data, source = pictures
    session = st.session_state
    session[_PROBLEM] = ""
    try:
        recipes = contest_recipes(data, chosen.network, chosen.option, chosen.values, chosen.length)
        start(chosen.names, chosen.colours, data, source, recipes, chosen.seed)
    except ValueError as error:
        session[_PROBLEM] = str(error)


def _title(sentence: str, note: str) -> str:
    return (
        f'<h1 class="ds-finding">{sentence_html(sentence)}</h1>'
        f'<p class="ds-note">{sentence_html(note)}</p>'
    )


def _before(
    heading: st.delta_generator.DeltaGenerator,
    pictures: tuple[TrainingData, str] | None,
    chosen: Choice,
) -> str:
    """What there is to learn from, and the start."""
    sentence = "Watch two binary networks learn, side by side"
    if pictures is None:
        heading.html(_title(sentence, "Choose pictures at the left."))
    st.button(
        "Start",
        type="primary",
        icon=":material/play_arrow:",
        key="train_start",
        disabled=pictures is None,
        on_click=_begin,
        args=(pictures, chosen),
    )
    if pictures is None:
        return sentence
    data = pictures[0]
    heading.html(
        _title(
            sentence,
            f"{len(data.train_x):,} pictures of {len(data.class_names)} classes to learn from, "
            f"{len(data.test_x):,} others to be tested on. Both networks begin with the same "
            "weights and see the same batches.",
        )
    )
    st.html(samples_html(samples_by_class(data, _SAMPLES), data.class_names))
    return sentence


@st.fragment(run_every=_TICK)
def _watch(running: Contest) -> None:
    """The networks under way; the page is drawn anew when they have ended."""
    job = running.job
    if job.over:
        st.rerun(scope="app")
    if running.taken < len(job.made):
        keep_made(running)
    heading = st.empty()
    with st.container(horizontal=True, vertical_alignment="center", key="train_controls"):
        speed = st.segmented_control(
            "Speed",
            list(_SPEEDS),
            default="Full speed",
            required=True,
            key="train_speed",
            label_visibility="collapsed",
            help="Slow: a step at a time.",
        )
        if _SPEEDS[str(speed)] != job.speed:
            job.set_speed(_SPEEDS[str(speed)])
        st.button(
            "Take",
            icon=":material/file_save:",
            key="train_take",
            on_click=job.take,
            disabled=job.look is None,
            help="Keep both as they are now, for Predict, Compare and Live; they learn on.",
        )
        st.button("Stop", icon=":material/stop:", key="train_stop", on_click=job.stop)
    _seen(heading, running)
    if running.kept:
        st.caption(f"{len(running.kept)} networks are yours in this session, see Predict.")
    if running.problem:
        st.warning(plain(running.problem), icon=":material/warning:")


def _seen(heading: st.delta_generator.DeltaGenerator, running: Contest) -> str:
    """Finding and pictures of what was seen last; the finding."""
    job, look = running.job, running.job.look
    note, sentence = _note(running), "Two networks are about to learn"
    if look is not None and look.done:
        sentence = contest_finding(look, running.names)
    elif job.over:
        sentence = "This training has ended"
    heading.html(_title(sentence, note))
    if look is not None:
        markup = contest_html(look, running.names, running.colours, running.data.class_names)
        show_markup(markup, key="train_view")
    return sentence


def _note(running: Contest) -> str:
    job, look = running.job, running.job.look
    if job.state == "waiting":
        before = queue().before(job)
        others = "one training is" if before == 1 else f"{before} trainings are"
        return f"Waiting: {others} before yours on this server, which computes one at a time."
    if job.over:
        return _ending(running)
    if look is None:
        return "A process of its own is starting, and loads PyTorch."
    epochs = running.recipes[0].epochs
    told = f"Step {look.done:,} of {look.steps:,}, epoch {1 + look.done // look.steps_per_epoch} "
    told += f"of {epochs}"
    if job.speed == PAUSE:
        return f"{told}. Paused."
    left = look.seconds_left
    return told + (f"; {minutes(left)} left." if left is not None and job.speed == FAST else ".")


def _ending(running: Contest) -> str:
    job = running.job
    if job.state == "done":
        return (
            f"After {running.recipes[0].epochs} epochs, seed {running.seed}. One seed each: chance "
            "alone moves such figures by a point or more."
        )
    return job.reason or "It was stopped."
