// What a component tells the app, once it has come to rest.
//
// A report that reaches the app while a page turns would bring the old page back: Streamlit answers
// it with the page that it was sent from, and sends it a little later than it is told to. So what
// waits is told as soon as the pointer goes down on anything else; and from the click on a link to
// another page until that page has come, nothing is told at all.

const TURN_MS = 5000; // a page that does not come in this time was not turned to

const turning = (globalThis[Symbol.for("design.turning")] ??= (() => {
  const state = { waiting: new Set(), from: null, until: 0 };
  const turns = (event) => {
    const link = event.composedPath().find((one) => one.matches?.("a[href]"));
    const elsewhere = event.ctrlKey || event.metaKey || event.shiftKey || link?.target === "_blank";
    return Boolean(link) && !elsewhere && link.pathname !== location.pathname;
  };
  document.addEventListener("pointerdown", (event) => {
    for (const report of turns(event) ? [] : [...state.waiting]) report.send();
  }, { capture: true });
  document.addEventListener("click", (event) => {
    if (!turns(event)) return;
    for (const report of [...state.waiting]) report.drop();
    state.from = location.pathname;
    state.until = performance.now() + TURN_MS;
  }, { capture: true });
  return state;
})());

/** Whether another page was asked for and has not come. */
function isTurning() {
  return location.pathname === turning.from && performance.now() < turning.until;
}

class Report {
  /** @param {() => void} tell  sends what there is to tell, as it is then */
  constructor(tell) {
    this.tell = tell;
  }

  /** Tell after `delay` ms without another call. */
  soon(delay) {
    clearTimeout(this.timer);
    turning.waiting.add(this);
    this.timer = setTimeout(() => this.send(), delay);
  }

  /** Tell now, if there is something waiting to be told. */
  send() {
    if (!turning.waiting.has(this)) return;
    this.drop();
    if (!isTurning()) this.tell();
  }

  drop() {
    clearTimeout(this.timer);
    turning.waiting.delete(this);
  }
}
