// The presenter's bar: steps by key, touch and click, the QR code, and the way out. The same class
// serves the component (bar_mount.js) and the file of a talk (talk.js).

const NEXT = ["PageDown", "ArrowRight", "ArrowDown", " "];
const BACK = ["PageUp", "ArrowLeft", "ArrowUp"];
const PAGE_KEYS = ["PageDown", "PageUp"];
const SWIPE = 60; // CSS pixels
const SHEET = "[role=dialog]"; // of the app; ours stands in a root of its own
const OWN_ARROWS = "[role=slider], input, select, .live canvas[tabindex]";
const DRAGGED = ".pad, input[type=range]";
const CONTROLS = "button, a, dialog, details, .viewer, .live";

class Bar {
  constructor(root) {
    this.root = root;
    this.dialog = root.querySelector("dialog");
    this.wanted = 0;
    this.sent = null; // the scene that was asked for and has not come yet
    this.stop = new AbortController();
    const { signal } = this.stop;
    for (const button of root.querySelectorAll("[data-step]")) {
      button.addEventListener("click", () => this.step(Number(button.dataset.step)), { signal });
    }
    const on = (selector, call) => {
      root.querySelector(selector).addEventListener("click", call, { signal });
    };
    on(".show", () => this.toggle());
    on(".close", () => this.dialog.close());
    on(".leave", () => this.leave());
    on(".take", () => this.trigger("take", true));
    this.dialog.addEventListener("click", (event) => {
      if (event.target === this.dialog) this.dialog.close(); // beside the sheet
    }, { signal });
    window.addEventListener("keydown", (event) => this.onKey(event), { capture: true, signal });
    window.addEventListener("click", (event) => this.onClick(event), { signal });
    window.addEventListener("touchstart", (event) => this.onTouch(event), { passive: true, signal });
    window.addEventListener("touchend", (event) => this.onLift(event), { passive: true, signal });
    window.addEventListener("resize", () => this.fitCode(), { signal });
  }

  /** Take what Python says; a scene that is still on its way is not overtaken by an older one. */
  receive(data) {
    this.data = data;
    if (data.index === this.sent) this.sent = null;
    if (this.sent === null) this.wanted = data.index;
    this.root.querySelector(".code").innerHTML = data.qr;
    this.root.querySelector(".link").textContent = data.link;
    this.root.querySelector(".note").textContent = data.note;
    this.write();
    this.fitCode();
  }

  write() {
    const place = this.root.querySelector(".place");
    const text = `${this.wanted + 1} / ${this.data.titles.length}`;
    if (place.textContent !== text) place.textContent = text;
    place.setAttribute("aria-label", `Scene ${this.wanted + 1} of ${this.data.titles.length}: `
      + this.data.titles[this.wanted]);
    const [back, next] = this.root.querySelectorAll("[data-step]");
    back.disabled = this.wanted === 0;
    next.disabled = this.wanted === this.data.titles.length - 1;
  }

  step(by) {
    this.dialog.close();
    const to = Math.max(0, Math.min(this.data.titles.length - 1, this.wanted + by));
    if (to === this.wanted) return;
    this.wanted = this.sent = to;
    this.write();
    this.send("index", to);
  }

  leave() {
    this.trigger("leave", true);
  }

  toggle() {
    if (this.dialog.open) this.dialog.close();
    else {
      this.dialog.showModal();
      this.fitCode();
    }
  }

  /** The code as large as the window allows, in whole device pixels per module. */
  fitCode() {
    const svg = this.root.querySelector(".code svg");
    if (!svg) return;
    const modules = svg.viewBox.baseVal.width;
    this.dialog.style.setProperty("--side", "0px");
    const words = this.dialog.scrollHeight; // all that stands beneath the code
    const room = Math.min(0.84 * innerWidth, 0.94 * innerHeight - words) * devicePixelRatio;
    const side = (Math.max(2, Math.floor(room / modules)) * modules) / devicePixelRatio;
    this.dialog.style.setProperty("--side", `${side}px`);
  }

  onKey(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || document.querySelector(SHEET)) return;
    const path = event.composedPath();
    const { key } = event;
    const isOwn = !PAGE_KEYS.includes(key)
      && (path[0].matches?.(OWN_ARROWS) || (key === " " && path[0].matches?.("button, summary")));
    if (isOwn) return; // the divider of the wipe, a pad or a map moves by arrows, a button is pressed by space
    if (NEXT.includes(key) && !(key === " " && event.shiftKey)) this.step(1);
    else if (BACK.includes(key) || key === " ") this.step(-1);
    else if (key === "Home") this.step(-Infinity);
    else if (key === "End") this.step(Infinity);
    else if (key.toLowerCase() === "q") this.toggle();
    else if (key === "Escape" && this.dialog.open) this.dialog.close();
    else if (key === "Escape") this.leave();
    else return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }

  /** A click beside pictures and buttons is the next scene, as in any presentation. */
  onClick(event) {
    const inControl = event.composedPath().some((one) => one.matches?.(CONTROLS));
    if (!inControl && !document.querySelector(SHEET) && !String(getSelection())) this.step(1);
  }

  onTouch(event) {
    const drags = event.composedPath().some((one) => one.dataset?.view === "wipe" || one.matches?.(DRAGGED));
    const { clientX, clientY } = event.touches[0];
    this.start = event.touches.length === 1 && !drags ? { clientX, clientY } : null;
  }

  onLift(event) {
    if (!this.start || this.dialog.open) return;
    const { clientX, clientY } = event.changedTouches[0];
    const [dx, dy] = [clientX - this.start.clientX, clientY - this.start.clientY];
    this.start = null;
    if (Math.abs(dx) > SWIPE && Math.abs(dx) > 2 * Math.abs(dy)) this.step(dx < 0 ? 1 : -1);
  }
}
