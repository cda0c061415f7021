"""A slice of the fuzz run: every reader meets damaged files; and the run itself tells failures."""

from __future__ import annotations

from random import Random

import pytest

from stress.damage import damaged_json, damaged_png
from stress.fuzz import Outcome, damaged_input, outcome, outcomes
from stress.targets import TARGETS, Target

# Pillow remarks on what it mends, and on bombs that are refused anyway.
pytestmark = [
    pytest.mark.filterwarnings("ignore::UserWarning:PIL"),
    pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning"),
    pytest.mark.filterwarnings("ignore:Reading `.npy`:UserWarning"),
]
INPUTS = 25


@pytest.mark.parametrize("name", TARGETS)
def test_damaged_files_are_read_or_refused(name: str) -> None:
    target = TARGETS[name]
    seeds = target.seeds()
    # Other inputs than those of the full run.
    for number in range(INPUTS):
        found = outcome(target, damaged_input(name, number, seeds, seed=1))
        assert found.kind in ("read", "refused"), (number, found)


@pytest.mark.parametrize("name", TARGETS)
def test_most_sound_files_are_read(name: str) -> None:
    """Seeds that are refused would test nothing but the first check."""
    target = TARGETS[name]
    kinds = [outcome(target, data).kind for data in target.seeds()]
    assert kinds.count("read") > len(kinds) / 4
    assert not set(kinds) - {"read", "refused"}


def test_an_input_is_always_the_same() -> None:
    seeds = TARGETS["bmp"].seeds()
    assert damaged_input("bmp", 7, seeds) == damaged_input("bmp", 7, seeds)
    assert damaged_input("bmp", 7, seeds) != damaged_input("bmp", 7, seeds, seed=1)


def test_failures_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: bytes) -> None:
        raise ValueError("no")

    def escape(_: bytes) -> None:
        raise UnicodeError("a kind of ValueError, but not the documented one")

    def swell(_: bytes) -> int:
        return len(b"x" * (300 * 2**20))

    assert outcome(Target(list, refuse), b"").kind == "refused"
    assert outcome(Target(list, escape), b"").kind == "escaped"
    assert outcome(Target(list, swell), b"").kind == "large"
    monkeypatch.setattr("stress.fuzz.SECONDS", 0)
    assert outcome(Target(list, lambda _: sum(range(10**5))), b"").kind == "slow"


def test_a_process_that_dies_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(data: bytes) -> None:
        if data == b"1":
            exit(3)  # passes `except Exception`, as a crash would

    frail = Target(lambda: [b"0"], read, (), lambda _data, _draw, _others: b"")
    monkeypatch.setitem(TARGETS, "frail", frail)  # type: ignore[arg-type]
    monkeypatch.setattr(
        "stress.fuzz.damaged_input", lambda _name, number, _seeds, **_: str(number).encode()
    )
    kinds = [one.kind for one in outcomes("frail", 4)]
    assert kinds == ["read", "crashed", "read", "read"]


def test_damage_keeps_json_and_checksums() -> None:
    draw = Random(0)
    files = [damaged_json(b'{"a": [1, {"b": 2}]}', draw, [b"{}"]) for _ in range(100)]
    assert sum(file[:1] in b"{[" for file in files) > 50
    (sound, *_) = TARGETS["png"].seeds()
    assert any(damaged_png(sound, draw, [sound]) != sound for _ in range(10))
    assert isinstance(outcome(TARGETS["png"], sound), Outcome)
