"""Fields of an address: what is written comes back, and nothing else gets through."""

from __future__ import annotations

import string
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui.links.fields import (
    MAX_PARAMETER,
    Address,
    Field,
    choice,
    number,
    several,
    slug,
    switch,
    text,
    whole,
)

OPTIONS = ("Find the best", "Sweep", "What it selects")
FIELDS = (
    choice("panel", OPTIONS, "Sweep"),
    several("nets", ["a", "b-1", "c_2"], ["a"], name="networks", code=str),
    whole("maps", 1, 64, 16),
    number("strength", -1e6, 1e6, 1.0),
    switch("calm", False),
    text("note", 40),
)
ADDRESS = Address("page", FIELDS[:2], FIELDS[2:])

states = st.fixed_dictionaries(
    {},
    optional={
        "panel": st.sampled_from(OPTIONS),
        "nets": st.lists(st.sampled_from(["a", "b-1", "c_2"]), unique=True),
        "maps": st.integers(1, 64),
        "strength": st.floats(-1e6, 1e6),
        "calm": st.booleans(),
        "note": st.text(st.characters(categories=["L", "N", "P", "Zs"]), max_size=40).filter(
            str.isprintable
        ),
    },
)
DEFAULTS = {
    "panel": "Sweep",
    "nets": ["a"],
    "maps": 16,
    "strength": 1.0,
    "calm": False,
    "note": "",
}


@given(state=states)
def test_a_state_comes_back_through_a_link(state: dict[str, Any]) -> None:
    parameters, missing = ADDRESS.parameters(state)
    assert missing == ()
    sent = dict(parse_qsl(urlencode(parameters)))
    reading = ADDRESS.reading(sent)
    assert reading.ignored == ()
    assert reading.entries == DEFAULTS | state


@given(state=states)
def test_a_link_holds_only_what_differs(state: dict[str, Any]) -> None:
    parameters, _ = ADDRESS.parameters(state)
    keys = {"networks": "nets"}
    for name in parameters:
        key = keys.get(name, name)
        assert state[key] != DEFAULTS[key]
    assert ADDRESS.parameters(DEFAULTS) == ({}, ())


names = st.sampled_from([field.name for field in FIELDS]) | st.text(max_size=8)


@given(parameters=st.dictionaries(names, st.text(max_size=30), max_size=8))
def test_whatever_a_stranger_writes_gives_a_valid_state(parameters: dict[str, str]) -> None:
    reading = ADDRESS.reading(parameters)
    state = reading.entries
    assert set(state) == set(DEFAULTS)
    assert state["panel"] in OPTIONS
    assert set(state["nets"]) <= {"a", "b-1", "c_2"}
    assert 1 <= state["maps"] <= 64
    assert -1e6 <= state["strength"] <= 1e6
    assert len(state["note"]) <= 40
    refused = {phrase.split(" (")[0] for phrase in reading.ignored}
    written, _ = ADDRESS.parameters(state)
    for name in set(written) - refused:
        assert name in parameters


def test_one_bad_field_does_not_spoil_the_others() -> None:
    reading = ADDRESS.reading({"panel": "nonsense", "maps": "7", "utm": "x"})
    assert reading.entries["panel"] == "Sweep"
    assert reading.entries["maps"] == 7
    unknown, bad = reading.ignored
    assert unknown == "utm (unknown)"
    assert bad.startswith("panel ('nonsense' is none of find-the-best, sweep")


def test_a_page_may_read_its_own_fields_only() -> None:
    assert set(ADDRESS.reading({"maps": "3"}, own_only=True).entries) == {
        "maps",
        "strength",
        "calm",
        "note",
    }


@pytest.mark.parametrize("code", ["65", "0", "1e1", "1.0", " 3", "٣", "-1", "9" * 5000, "0x3"])
def test_whole_numbers_are_plain_and_within_their_limits(code: str) -> None:
    assert ADDRESS.reading({"maps": code}).entries["maps"] == 16


@pytest.mark.parametrize("code", ["nan", "inf", "1e99", "x", "1,5"])
def test_numbers_are_finite_and_within_their_limits(code: str) -> None:
    assert ADDRESS.reading({"strength": code}).entries["strength"] == 1.0


def test_a_parameter_of_any_length_is_refused_in_few_words() -> None:
    reading = ADDRESS.reading({"note": "x" * (MAX_PARAMETER + 1), "panel": "y" * 5000})
    assert reading.entries == DEFAULTS
    assert all(len(phrase) < 200 for phrase in reading.ignored)


def test_options_may_be_known_only_later() -> None:
    offered = ["one"]
    field = choice("what", lambda: offered, "one")
    offered.append("two")
    assert field.write("two") == {"what": "two"}


def test_a_field_may_count_only_sometimes() -> None:
    field = whole("seed", 0, 9, 0).only(lambda state: state.get("source") == "random")
    assert field.read({"seed": 3, "source": "random"}) == "3"
    assert field.read({"seed": 3, "source": "picture"}) == ""


def test_what_no_link_can_hold_is_told() -> None:
    def read(_: Any) -> str:
        raise ValueError("too large for a link")

    address = Address("page", (), (Field("huge", read, lambda _: {}), whole("maps", 1, 9, 1)))
    assert address.parameters({"maps": 2}) == ({"maps": "2"}, ("too large for a link",))


def test_a_parameter_has_one_meaning() -> None:
    with pytest.raises(ValueError, match="'maps' twice"):
        Address("page", (whole("maps", 1, 9, 1),), (whole("other", 1, 9, 1, name="maps"),))


@given(words=st.text())
def test_slugs_stand_in_a_link_as_they_are(words: str) -> None:
    assert set(slug(words)) <= set(string.ascii_lowercase + string.digits + "-_")
