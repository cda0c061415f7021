"""``diagnose``, from what comes with the project alone."""

from __future__ import annotations

import json

import pytest

from design_core.__main__ import main
from design_core.lab.diagnosis import diagnose
from design_core.lab.subset import Subset, held_out_subset, picture_subset, sample_subset
from design_core.paths import DATA
from design_core.pictures.samples import sample
from design_core.zoo.entry import open_entry

DESIGN = "digits-tiny-w16-design_2x2-v2-affine_on"


def report(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, object]:
    main(["diagnose", f"{DESIGN}@1", *arguments, "--json"])
    content: dict[str, object] = json.loads(capsys.readouterr().out)
    return content


@pytest.mark.parametrize(
    ("arguments", "make"),
    [
        ((), lambda c: sample_subset(c.pictures, "digits")),
        (("--picture", "sample:digit-3"), lambda c: picture_subset(c.pictures, sample("digit-3"))),
        (
            ("--data", "digits", "--count", "50"),
            lambda c: held_out_subset(c.pictures, "digits", count=50),
        ),
    ],
)
def test_json_is_the_librarys_diagnosis(
    arguments: tuple[str, ...], make: object, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint = open_entry(f"{DESIGN}@1").checkpoint
    subset: Subset = make(checkpoint)  # type: ignore[operator]
    expected = {"name": DESIGN, "seed": 1, **diagnose(checkpoint, subset).to_dict()}
    assert report(capsys, *arguments) == expected


def test_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diagnose", DESIGN]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"{DESIGN}@0 on the 10 embedded samples of digits: ")
    assert [line for line in lines if not line.startswith(" ")][1:] == [
        *("block1", "block2", "block3", "block4", "all blocks")
    ]
    assert "  fine   Scaling: T = " in "\n".join(lines)
    assert lines[-1].startswith("  look   Cost against Sign: Further operations: none")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--picture", "sample:digit-3", "--data", "digits"), "not both"),
        (("--data", "digits", "--count", "0"), "from 1; got 0"),
        (("--data", "cifar10", "--data-root", "nowhere"), "cifar10 is not in nowhere"),
        (("--data", "pets"), f"pets is not in {DATA}"),
    ],
)
def test_what_cannot_be_looked_at(
    arguments: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["diagnose", DESIGN, *arguments]) == 1
    assert message in capsys.readouterr().err
