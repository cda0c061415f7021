// The scenes of a deck as a list: order by dragging and by keys, sentence, notes, build.

const SLIDE_BUILDS = { "": "Shown at once", reveal: "Sign, then DeSign", sweep: "Strength from 0 up" };

class SlideList {
  /** @param {HTMLElement} list */
  constructor(list) {
    this.list = list;
  }

  fill(slides) {
    this.list.replaceChildren(...slides.map((slide) => this.row(slide)));
  }

  /** The slides as they stand. */
  read() {
    return [...this.list.children].map((row) => {
      const value = (name) => row.querySelector(`[name=${name}]`).value;
      return { link: row.dataset.link, sentence: value("sentence").trim(), notes: value("notes"), build: value("build") };
    });
  }

  row({ link, sentence, notes, build, title }) {
    const row = document.createElement("li");
    row.dataset.link = link;
    const make = (tag, properties, label) => {
      const element = Object.assign(document.createElement(tag), properties);
      if (label) element.setAttribute("aria-label", label);
      return element;
    };
    const handle = make("button", { type: "button", className: "handle", textContent: "⠿", title: "Drag, or Alt with ↑ and ↓" }, "Move this scene");
    const page = link.split("?")[0];
    const name = make("span", { className: "page", textContent: page[0].toUpperCase() + page.slice(1) });
    const text = make("input", { name: "sentence", value: sentence, maxLength: 400, placeholder: title || "What the page itself says" }, "Sentence");
    const words = make("textarea", { name: "notes", value: notes, maxLength: 2000, rows: 2, placeholder: "Notes for the speaker" }, "Speaker's notes");
    const choice = make("select", { name: "build" }, "Build");
    for (const [key, said] of Object.entries(SLIDE_BUILDS)) choice.append(new Option(said, key, false, key === build));
    choice.hidden = page !== "explore"; // where there is a strength to build up
    const remove = make("button", { type: "button", className: "remove", textContent: "Remove" });
    remove.addEventListener("click", () => {
      const next = row.nextElementSibling ?? row.previousElementSibling;
      row.remove();
      next?.querySelector(".handle").focus();
    });
    row.addEventListener("keydown", (event) => this.onKey(event, row));
    this.drag(handle, row);
    row.append(handle, name, text, choice, remove, words);
    return row;
  }

  onKey(event, row) {
    const before = { ArrowUp: row.previousElementSibling, ArrowDown: row.nextElementSibling?.nextElementSibling };
    if (!event.altKey || !(event.key in before)) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.key === "ArrowUp" ? before.ArrowUp : row.nextElementSibling) {
      this.list.insertBefore(row, before[event.key] ?? null);
      row.querySelector(".handle").focus();
    }
  }

  /** By pointer: the row goes where the pointer is. */
  drag(handle, row) {
    handle.addEventListener("pointerdown", (event) => {
      handle.setPointerCapture(event.pointerId);
      row.classList.add("held");
    });
    handle.addEventListener("pointermove", (event) => {
      if (!handle.hasPointerCapture(event.pointerId)) return;
      const others = [...this.list.children].filter((one) => one !== row);
      const after = others.find((one) => {
        const box = one.getBoundingClientRect();
        return event.clientY < box.top + box.height / 2;
      });
      if ((after ?? null) === row.nextElementSibling) return;
      this.list.insertBefore(row, after ?? null);
      handle.setPointerCapture(event.pointerId); // which moving the element has ended
    });
    for (const end of ["pointerup", "pointercancel"]) handle.addEventListener(end, () => row.classList.remove("held"));
  }
}
