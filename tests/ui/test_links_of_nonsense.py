"""Links of nonsense: each field refuses them in words for people, and never in Python's."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ui.batch.address import BATCH
from ui.compare.address import COMPARE
from ui.design.address import DESIGN
from ui.explore.address import EXPLORE
from ui.learn.address import LEARN
from ui.links.fields import Address
from ui.live.address import LIVE
from ui.predict.address import PREDICT
from ui.present.address import PRESENT
from ui.segment.address import SEGMENT
from ui.speed.address import SPEED
from ui.train.address import TRAIN

ADDRESSES = {
    one.page: one
    for one in (
        *(EXPLORE, DESIGN, PREDICT, COMPARE, SPEED, BATCH),
        *(LEARN, PRESENT, LIVE, TRAIN, SEGMENT),
    )
}

# How Python, NumPy and PyTorch speak.
PYTHON = re.compile(
    r"invalid literal|could not convert|unpack|base 10|out of range|Exceeds the limit| at 0x|Errno"
    r"|object|argument|tuple|sequence|codec|decode|subscriptable|dtype|ThresholdKernel|Traceback"
    r"|Error\b|\bdict\b|\bint\b|\bfloat\b|\bstr\b|\bndarray|\bNone\b|NoneType|__"
)

NONSENSE = (
    *("bayer", "bayer-4", "bayer-4-4", "bayer--4", "bayer-²", "bayer-99999999999", "symmetric-"),
    *(
        "x",
        "-",
        ".",
        "..",
        "~",
        "~~~~",
        "~~~~~~",
        "_",
        "__",
        "1",
        "1_",
        "1__",
        "11_0",
        "1._2.",
        "1.2",
    ),
    *("11_11~a", "11_11~1.x", "11_11~~x", "11_11~~lloyd-max~1", "11_11~~lloyd-max~a_b", "²²_²²"),
    *("11_11~~lloyd-max~1_2_3", "11_11~~custom~~a", "11_11~~custom~~1_2_3", "11_11~~data~1_0~nan"),
    *(
        "11_11~~published~inf_0",
        "11_11~~published~1e999_0",
        "9" * 5000,
        "9" * 5000 + ".",
        "--1._2.",
    ),
    *(
        "set~x~1",
        "set~cifar10-test~99999999",
        "upload~0~x",
        "set~~1",
        "nan",
        "inf",
        "1e400",
        "0x10",
    ),
    *(
        "1,5",
        "½",
        "\x00",
        "a.b.c",
        "own:x",
        "../../etc/passwd",
        "k.json",
        "noise.x",
        "noise.",
        "true",
    ),
    *("<b>", "🙂", "%", " ", "None", "[1 1; 3 3]", "0.5.5", "-1", "99999999999999999999", "block0"),
)


def told(address: Address, name: str, code: str) -> tuple[str, ...]:
    return address.reading({name: code}).ignored


def own_words(phrase: str) -> str:
    """A phrase without what it quotes of the link."""
    return re.sub(r"'[^']*'", "", phrase)


@pytest.mark.parametrize("page", ADDRESSES)
def test_no_word_of_python_reaches_a_person(page: str) -> None:
    address = ADDRESSES[page]
    refused = 0
    for field in address.fields:
        for code in NONSENSE:
            for phrase in told(address, field.name, code):
                refused += 1
                assert not PYTHON.search(own_words(phrase)), (field.name, code, phrase)
                assert len(phrase) < 700
    assert refused > len(NONSENSE) // 2 or page in ("learn", "present")


@pytest.mark.parametrize("page", ["explore", "design", "predict"])
@settings(max_examples=300)
@given(code=st.text(alphabet="0123456789._~-+ae²x", max_size=24))
def test_no_code_of_a_kernel_is_answered_in_python(page: str, code: str) -> None:
    for phrase in told(ADDRESSES[page], "kernel", code):
        assert not PYTHON.search(own_words(phrase)), phrase
