"""Waiting for what is to happen, rather than for the clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar

__all__ = ["painted", "settle", "until"]

Found = TypeVar("Found")

# Still for a third of a second of frames: no script runs, nothing is animated, no element changes.
_STILL = """() => new Promise(done => {
    const streamlit = document.querySelector('[data-testid=stApp]');
    let changed = false, still = 0;
    const observer = new MutationObserver(() => { changed = true; });
    observer.observe(document.body, {
        attributes: true, characterData: true, childList: true, subtree: true,
    });
    const moves = animation => animation.playState === 'running'
        && animation.effect?.getTiming().iterations !== Infinity;
    const look = () => {
        const busy = streamlit?.dataset.testScriptState !== 'notRunning'
            || document.fonts.status !== 'loaded' || document.getAnimations().some(moves);
        still = busy || changed ? 0 : still + 1;
        changed = false;
        if (still < 20) return requestAnimationFrame(look);
        observer.disconnect();
        done();
    };
    requestAnimationFrame(look);
})"""


def settle(page: Any) -> None:
    """Wait until a page of the app has run its script and what it drew is still."""
    page.wait_for_selector("[data-testid=stApp]")
    page.evaluate(_STILL)


def painted(page: Any, frames: int = 2) -> None:
    """Wait until a page has painted so often: what was asked for is there, or shows that it is not.

    Two frames are as many as it takes for what a script has just changed.
    """
    page.evaluate(
        """frames => new Promise(done => {
            const next = () => (frames-- > 0 ? requestAnimationFrame(next) : done());
            next();
        })""",
        frames,
    )


def until(look: Callable[[], Found], what: str, *, seconds: float = 60) -> Found:
    """Look again and again until something is found, and return it; TimeoutError if never."""
    end = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > end:
            raise TimeoutError(f"Waited {seconds:g} s in vain for {what}.")
        time.sleep(0.05)
    return found
