// The presenter's bar: steps by key, touch and click, builds, black, notes, pointer, the deck, the QR
// code, and the way out. The same class serves the component (bar_mount.js) and the file of a talk
// (talk.js).

const NEXT = ["PageDown", "ArrowRight", "ArrowDown", " "];
const BACK = ["PageUp", "ArrowLeft", "ArrowUp"];
const PAGE_KEYS = ["PageDown", "PageUp"];
const SWIPE = 60; // CSS pixels
const SHEET = "[role=dialog]"; // of the app; ours stands in a root of its own
const OWN_ARROWS = "[role=slider], input, select, textarea, .live canvas[tabindex]";
const DRAGGED = ".pad, input[type=range]";
const CONTROLS = "button, a, dialog, details, .viewer, .live, .article";
const SWEEP_MS = 2000;
const SWEEP_STEPS = 5; // where motion is to be reduced
const JUMP_MS = 3000; // after which typed digits are forgotten

class Bar {
  constructor(root) {
    this.root = root;
    this.dialog = root.querySelector(".code-sheet");
    this.wanted = 0;
    this.turns = null; // how often a scene was asked for, in this session
    this.sent = null; // the turn that was asked for and has not come yet
    this.digits = "";
    this.built = 1; // share of the build that has been shown
    this.calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.stop = new AbortController();
    const { signal } = this.stop;
    for (const button of root.querySelectorAll("[data-step]")) {
      button.addEventListener("click", () => this.step(Number(button.dataset.step)), { signal });
    }
    const on = (selector, call) => {
      for (const one of root.querySelectorAll(selector)) one.addEventListener("click", call, { signal });
    };
    on(".show", () => this.toggle());
    on(".ask", () => this.sheet("keys-sheet"));
    on(".edit", () => this.openDeck());
    on(".close", (event) => event.target.closest("dialog").close());
    on(".leave", () => this.leave());
    on(".take", () => this.trigger("take", true));
    on(".done", () => this.takeDeck());
    on(".black", () => this.darken(false));
    on("dialog", (event) => {
      if (event.target.matches("dialog:not(.deck-sheet)")) event.target.close(); // beside the sheet
    });
    this.slides = new SlideList(root.querySelector(".slides"));
    window.addEventListener("keydown", (event) => this.onKey(event), { capture: true, signal });
    window.addEventListener("click", (event) => this.onClick(event), { signal });
    window.addEventListener("pointermove", (event) => this.point(event), { passive: true, signal });
    window.addEventListener("touchstart", (event) => this.onTouch(event), { passive: true, signal });
    window.addEventListener("touchend", (event) => this.onLift(event), { passive: true, signal });
    window.addEventListener("resize", () => this.fitCode(), { signal });
  }

  find(selector) {
    return this.root.querySelector(selector);
  }

  get scene() {
    return this.data.scenes?.[this.data.index] ?? {};
  }

  /** Take what Python says; a scene that is still on its way is not overtaken by an older one. */
  receive(data) {
    const turned = data.index !== this.data?.index || data.scenes?.[data.index]?.link !== this.scene.link;
    this.data = data;
    this.turns ??= data.turn ?? 0;
    if ((data.turn ?? this.sent) >= this.sent) this.sent = null;
    if (this.sent === null) this.wanted = data.index;
    if (turned) {
      cancelAnimationFrame(this.sweeping);
      this.built = this.scene.build ? 0 : 1;
    }
    this.find(".code").innerHTML = data.qr;
    this.find(".link").textContent = data.link;
    this.find(".note").textContent = data.note;
    this.write();
    this.fitCode();
    this.writeNotes();
  }

  write() {
    const place = this.find(".place");
    const text = this.digits ? `→ ${this.digits}` : `${this.wanted + 1} / ${this.data.titles.length}`;
    if (place.textContent !== text) place.textContent = text;
    place.setAttribute("aria-label", `Scene ${this.wanted + 1} of ${this.data.titles.length}: `
      + this.data.titles[this.wanted]);
    const [back, next] = this.root.querySelectorAll("[data-step]");
    back.disabled = this.wanted === 0;
    next.disabled = this.wanted === this.data.titles.length - 1 && this.built === 1;
  }

  step(by) {
    this.dialog.close();
    if (by === 1 && this.wanted === this.data.index && this.build()) return;
    this.jump(this.wanted + by);
  }

  jump(index) {
    const to = Math.max(0, Math.min(this.data.titles.length - 1, index));
    if (to === this.wanted) return;
    this.wanted = to;
    this.sent = this.turns += 1;
    this.write();
    // With the link, since the deck may be rearranged before this arrives; a number alone would be
    // no news where it is the one that was asked for last.
    this.send("turn", { number: this.sent, index: to, link: this.data.scenes?.[to]?.link ?? "" });
  }

  // ---- builds

  /** Show more of a scene that builds up; whether there was more. */
  build() {
    const viewer = this.viewer?.();
    if (this.built >= 1 || !viewer) return false;
    const { build } = this.scene;
    if (build === "sweep" && this.calm) this.buildTo(Math.min(1, this.built + 1 / SWEEP_STEPS));
    else if (build === "sweep" && !this.started) this.sweep();
    else this.buildTo(1); // a second press ends a sweep
    return true;
  }

  sweep() {
    const begun = performance.now();
    this.started = true;
    const frame = (now) => {
      const share = Math.min(1, Math.max(0, (now - begun) / SWEEP_MS));
      this.buildTo(share, { ends: false });
      if (share < 1) this.sweeping = requestAnimationFrame(frame);
      else this.buildTo(1);
    };
    this.sweeping = requestAnimationFrame(frame);
  }

  buildTo(share, { ends = true } = {}) {
    if (ends) {
      cancelAnimationFrame(this.sweeping);
      this.started = false;
    }
    this.built = share;
    this.viewer().setScale("strength", share === 1 ? this.data.strength : Number((share * this.data.strength).toFixed(3)));
    this.write();
  }

  // ---- black, full screen, pointer

  darken(dark) {
    this.find(".black").hidden = !dark;
  }

  get dark() {
    return !this.find(".black").hidden;
  }

  fill() {
    if (document.fullscreenElement) document.exitFullscreen();
    else document.documentElement.requestFullscreen?.().catch(() => {}); // not every window may
  }

  point({ clientX, clientY }) {
    this.at = { clientX, clientY };
    const pointer = this.find(".pointer");
    if (pointer.hidden) return;
    pointer.style.left = `${clientX}px`;
    pointer.style.top = `${clientY}px`;
  }

  togglePointer() {
    const pointer = this.find(".pointer");
    pointer.hidden = !pointer.hidden;
    this.point(this.at ?? { clientX: innerWidth / 2, clientY: innerHeight / 2 });
  }

  // ---- notes

  openNotes() {
    this.notes = window.open("", "design-notes", "popup,width=640,height=520");
    if (!this.notes) return; // the browser forbids a second window
    const { document: page } = this.notes;
    page.title = "Speaker's notes";
    page.documentElement.lang = "en";
    page.body.replaceChildren();
    page.body.style.cssText = "font: 22px/1.45 system-ui, sans-serif; margin: 1.5rem; color: #14161A; background: #F7F5F0";
    for (const [tag, name] of [["p", "place"], ["h1", "sentence"], ["p", "notes"], ["p", "next"]]) {
      page.body.append(Object.assign(page.createElement(tag), { id: name }));
    }
    page.getElementById("notes").style.whiteSpace = "pre-wrap";
    page.getElementById("sentence").style.fontSize = "1.2em";
    this.notes.addEventListener("keydown", (event) => this.onKey(event));
    this.writeNotes();
  }

  writeNotes() {
    if (!this.notes || this.notes.closed) return;
    const { document: page } = this.notes;
    const { titles, index, scenes = [] } = this.data;
    const texts = {
      place: `Scene ${index + 1} of ${titles.length}`,
      sentence: scenes[index]?.sentence || titles[index],
      notes: scenes[index]?.notes || "No notes for this scene.",
      next: index + 1 < titles.length ? `Next: ${titles[index + 1]}` : "This is the last scene.",
    };
    for (const [name, text] of Object.entries(texts)) {
      const place = page.getElementById(name);
      if (place) place.textContent = text;
    }
  }

  // ---- sheets

  leave() {
    this.trigger("leave", true);
  }

  get open() {
    return this.root.querySelector("dialog[open]");
  }

  sheet(name) {
    const dialog = this.find(`.${name}`);
    const was = dialog.open;
    this.open?.close();
    if (!was) dialog.showModal();
  }

  toggle() {
    this.sheet("code-sheet");
    this.fitCode();
  }

  openDeck() {
    const { deck, deckLink } = this.data;
    if (!deck) return;
    this.slides.fill(deck.length ? deck : this.data.scenes);
    this.find(".deck-words").textContent = deck.length
      ? "Drag a scene by its handle, or move it with Alt and the arrow keys."
      : "There is no deck of your own yet: these scenes may begin one. More are added by Share, on each page.";
    this.find(".deck-link").textContent = deckLink;
    this.sheet("deck-sheet");
  }

  takeDeck() {
    this.trigger("deck", this.slides.read());
    this.find(".deck-sheet").close();
  }

  /** The code as large as the window allows, in whole device pixels per module. */
  fitCode() {
    const svg = this.find(".code svg");
    if (!svg) return;
    const modules = svg.viewBox.baseVal.width;
    this.dialog.style.setProperty("--side", "0px");
    const words = this.dialog.scrollHeight; // all that stands beneath the code
    const room = Math.min(0.84 * innerWidth, 0.94 * innerHeight - words) * devicePixelRatio;
    const side = (Math.max(2, Math.floor(room / modules)) * modules) / devicePixelRatio;
    this.dialog.style.setProperty("--side", `${side}px`);
  }

  // ---- input

  onKey(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || document.querySelector(SHEET)) return;
    const path = event.composedPath();
    const { key } = event;
    if (this.find(".deck-sheet").open) return; // which has fields of its own
    const isOwn = !PAGE_KEYS.includes(key)
      && (path[0].matches?.(OWN_ARROWS) || ([" ", "Enter"].includes(key) && path[0].matches?.("button, summary")));
    // The divider of the wipe, a pad or a map moves by arrows, a button is pressed by space.
    if (isOwn && !(key === "Enter" && this.digits)) return;
    if (this.dark) this.darken(false);
    else if (!this.act(key, event.shiftKey)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }

  /** What a key does; false for one that does nothing. */
  act(key, shift) {
    const letters = {
      b: () => this.darken(true), ".": () => this.darken(true), f: () => this.fill(), n: () => this.openNotes(),
      l: () => this.togglePointer(), "?": () => this.sheet("keys-sheet"), d: () => this.openDeck(), q: () => this.toggle(),
    };
    const letter = letters[key.toLowerCase()];
    if (/^[0-9]$/.test(key)) this.type(key);
    else if (key === "Enter" && this.digits) this.arrive();
    else if (NEXT.includes(key) && !(key === " " && shift)) this.step(1);
    else if (BACK.includes(key) || key === " ") this.step(-1);
    else if (key === "Home") this.jump(0);
    else if (key === "End") this.jump(Infinity);
    else if (letter) letter();
    else if (key === "Escape" && this.open) this.open.close();
    else if (key === "Escape") this.leave();
    else return false;
    return true;
  }

  /** Digits of a scene's number, until Enter. */
  type(digit) {
    this.digits = (this.digits + digit).slice(-3);
    this.write();
    clearTimeout(this.forgetting);
    this.forgetting = setTimeout(() => {
      this.digits = "";
      this.write();
    }, JUMP_MS);
  }

  arrive() {
    const number = Number(this.digits);
    this.digits = "";
    this.write();
    this.open?.close();
    if (number >= 1) this.jump(number - 1);
  }

  /** A click beside pictures and buttons is the next scene, as in any presentation. */
  onClick(event) {
    const inControl = event.composedPath().some((one) => one.matches?.(`${CONTROLS}, .black`));
    if (!inControl && !document.querySelector(SHEET) && !String(getSelection())) this.step(1);
  }

  onTouch(event) {
    const drags = event.composedPath().some((one) => one.dataset?.view === "wipe" || one.matches?.(DRAGGED));
    const { clientX, clientY } = event.touches[0];
    this.start = event.touches.length === 1 && !drags ? { clientX, clientY } : null;
  }

  onLift(event) {
    if (!this.start || this.open) return;
    const { clientX, clientY } = event.changedTouches[0];
    const [dx, dy] = [clientX - this.start.clientX, clientY - this.start.clientY];
    this.start = null;
    if (Math.abs(dx) > SWIPE && Math.abs(dx) > 2 * Math.abs(dy)) this.step(dx < 0 ? 1 : -1);
  }
}
