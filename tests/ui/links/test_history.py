"""The way back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ui.links.history import MAX_STEPS, History

STATES = st.integers(0, 3).map(lambda number: {"maps": str(number)})


def test_undo_and_redo_walk_through_the_states() -> None:
    history = History()
    for number in range(4):
        history.record({"maps": str(number)})
        history.record({"maps": str(number)})  # a run that changes nothing is no step
    assert history.undo() == {"maps": "2"}
    history.record({"maps": "2"})
    assert history.undo() == {"maps": "1"}
    history.record({"maps": "1"})
    assert history.redo() == {"maps": "2"}
    history.record({"maps": "2"})
    history.record({"maps": "9"})
    assert history.redo() is None
    assert history.undo() == {"maps": "2"}


def test_a_state_that_cannot_come_back_whole_is_no_step_of_its_own() -> None:
    history = History()
    history.record({"maps": "1"})
    history.record({"maps": "2"})
    history.undo()
    history.record({"maps": "1", "zoom": "2"})  # not quite what was asked for
    assert history.past == []
    assert history.redo() == {"maps": "2"}


def test_there_is_nothing_before_the_first() -> None:
    history = History()
    assert history.undo() is None
    history.record({})
    assert history.undo() is None
    assert history.redo() is None


@given(states=st.lists(STATES, min_size=1, max_size=30))
def test_undoing_all_leads_to_the_first(states: list[dict[str, str]]) -> None:
    history = History()
    for state in states:
        history.record(state)
    while (back := history.undo()) is not None:
        history.record(back)
    assert history.present == states[0]


def test_it_is_bounded() -> None:
    history = History()
    for number in range(3 * MAX_STEPS):
        history.record({"maps": str(number)})
    assert len(history.past) == MAX_STEPS
