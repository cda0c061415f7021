// The kernel editor: darker is a higher threshold; the level in the cell, the threshold beneath.

const SVG = "http://www.w3.org/2000/svg";
const SIDE = 48;
const BOARD = 340; // what the board gets on screen, in CSS pixels
const MOST_BRUSHES = 16; // more levels than this are stepped through, not painted

function svgElement(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

/** Numbers with minus signs as people write them. */
function written(value, digits = 0) {
  return value.toFixed(digits).replace("-", "−");
}

class Editor {
  constructor(root) {
    this.root = root;
    this.board = root.querySelector(".board");
    this.number = 0; // of the last report
    this.slice = 0;
    this.cursor = 0;
    this.brush = null; // a rank to paint, or null: a click steps
    this.waits = false; // whether an edit is still to be reported
    this.waiting = new Report(() => this.flush());
    this.listen();
  }

  find(selector) {
    return this.root.querySelector(selector);
  }

  // ---- what comes from Python

  receive(data) {
    if (data.answered < this.number) return; // a newer report is on its way
    this.number = data.answered;
    const sameLevels = this.kernel && String(this.kernel.levelSet) === String(data.levelSet);
    this.kernel = { ...data, ranks: [...data.ranks] };
    if (!sameLevels) this.brush = null;
    this.slice = Math.min(this.slice, data.shape[0] - 1);
    this.cursor = Math.min(this.cursor, data.shape[1] * data.shape[2] - 1);
    this.lay();
    this.layPalette();
    this.draw();
  }

  // ---- what goes to Python

  report(kind) {
    this.waiting.drop();
    this.number += 1;
    this.setStateValue("report", { number: this.number, kind, ranks: this.kernel.ranks });
  }

  /** Quick clicks become one step of the history. */
  reportSoon() {
    if (!this.waits) this.number += 1; // answers to anything older are out of date from now on
    this.waits = true;
    this.waiting.soon(180);
  }

  /** Send what is waiting now, alone or with an undo. */
  flush(kind = "levels") {
    if (this.waits) this.number -= 1;
    else if (kind === "levels") return;
    this.waits = false;
    this.report(kind);
  }

  // ---- drawing

  /**
   * Shade of a rank as everywhere: from 236 (lowest threshold of the kernel) to 40 (highest), and
   * mid-grey where all are alike. What lies beyond, in the palette, is as light or as dark.
   */
  shade(rank) {
    const { thresholds, ranks } = this.kernel;
    const used = ranks.map((one) => thresholds[one]);
    const [low, high] = [Math.min(...used), Math.max(...used)];
    const share = high > low ? (thresholds[rank] - low) / (high - low) : 0.5;
    return Math.round(236 - 196 * Math.min(1, Math.max(0, share)));
  }

  /** Let the pictures beside the editor be cut at once; Python's answer comes later. */
  preview() {
    const viewer = globalThis[Symbol.for("design.channels")]?.get("design_viewer")?.instrument;
    viewer?.preview(this.kernel.shape, this.kernel.ranks);
  }

  lay() {
    const [slices, rows, columns] = this.kernel.shape;
    const layout = `${slices}x${rows}x${columns}`;
    if (layout === this.layout) return;
    this.layout = layout;
    this.room = BOARD / Math.max(rows, columns);
    this.board.setAttribute("viewBox", `0 0 ${columns * SIDE} ${rows * SIDE}`);
    this.board.style.aspectRatio = `${columns} / ${rows}`;
    this.board.style.width = `min(100%, ${Math.round((BOARD * columns) / rows)}px)`;
    this.cells = Array.from({ length: rows * columns }, (_, place) => this.cell(place, columns));
    this.chosen = svgElement("rect", { class: "chosen", width: SIDE, height: SIDE });
    const edge = svgElement("rect", { class: "edge", width: columns * SIDE, height: rows * SIDE });
    const lines = Array.from({ length: rows }, (_, row) => {
      const line = svgElement("g", { role: "row" });
      const cells = this.cells.slice(row * columns, (row + 1) * columns);
      line.append(...cells.map(({ group }) => group));
      return line;
    });
    this.board.replaceChildren(...lines, edge, this.chosen);
    const tabs = Array.from({ length: slices > 1 ? slices : 0 }, (_, slice) => {
      const tab = document.createElement("button");
      Object.assign(tab, { type: "button", textContent: slice, title: `Slice ${slice}` });
      tab.setAttribute("role", "tab");
      tab.addEventListener("click", () => this.turn(slice));
      return tab;
    });
    this.find(".slices").replaceChildren(...tabs);
  }

  cell(place, columns) {
    const [x, y] = [(place % columns) * SIDE, Math.floor(place / columns) * SIDE];
    const group = svgElement("g", { "data-cell": place, role: "gridcell", id: `cell-${place}` });
    const square = svgElement("rect", { x, y, width: SIDE, height: SIDE });
    group.append(square);
    const cell = { group, square };
    const write = (kind, dy, size) => {
      cell[kind] = svgElement("text", { x: x + SIDE / 2, y: y + dy, "font-size": size });
      group.append(cell[kind]);
    };
    if (this.room >= 16) write("level", this.room >= 44 ? 24 : 31, this.room >= 44 ? 17 : 20);
    if (this.room >= 44) write("threshold", 38, this.room >= 80 ? 8 : 10);
    return cell;
  }

  draw() {
    const { kernel } = this;
    const [slices, rows, columns] = kernel.shape;
    const first = this.slice * rows * columns;
    this.cells.forEach(({ group, square, level, threshold }, place) => {
      const rank = kernel.ranks[first + place];
      const grey = this.shade(rank);
      square.setAttribute("fill", `rgb(${grey},${grey},${grey})`);
      group.classList.toggle("dark", grey < 140);
      if (level) level.textContent = written(kernel.levelSet[rank]);
      if (threshold) threshold.textContent = written(kernel.thresholds[rank], 2);
      group.setAttribute("aria-label", this.describe(place));
    });
    this.find(".name").textContent = kernel.name || "kernel";
    this.find(".name").title = kernel.name;
    this.board.setAttribute(
      "aria-label",
      `Slice ${this.slice} of ${slices}: ${rows} by ${columns} levels. Arrow keys move, plus and `
      + "minus change the level, digits set it, control Z undoes.",
    );
    [...this.find(".slices").children].forEach((tab, slice) => {
      tab.setAttribute("aria-selected", slice === this.slice);
    });
    this.markCursor();
    this.markBrush();
  }

  describe(place) {
    const { kernel } = this;
    const [, rows, columns] = kernel.shape;
    const rank = kernel.ranks[this.slice * rows * columns + place];
    const [i, j] = [Math.floor(place / columns), place % columns];
    const threshold = written(kernel.thresholds[rank], 3);
    return `Row ${i}, column ${j}: level ${written(kernel.levelSet[rank])}, threshold ${threshold}`;
  }

  markCursor() {
    const square = this.cells[this.cursor].square;
    for (const axis of ["x", "y"]) this.chosen.setAttribute(axis, square.getAttribute(axis));
    const focused = this.board.matches(":focus");
    this.chosen.setAttribute("visibility", focused ? "visible" : "hidden");
    this.board.setAttribute("aria-activedescendant", `cell-${this.cursor}`);
    const how = this.brush === null
      ? "Click: level up. Shift-click: down. Keys: arrows, + and −, digits."
      : `Click or drag paints level ${written(this.kernel.levelSet[this.brush])}.`;
    this.find(".hint").textContent = focused && this.room >= 16 ? this.describe(this.cursor) : how;
  }

  layPalette() {
    const { levelSet } = this.kernel;
    const drawn = `${levelSet}|${this.kernel.thresholds}|${[...new Set(this.kernel.ranks)].sort()}`;
    if (drawn === this.palette) return;
    this.palette = drawn;
    const step = this.brushButton(null, "±", "Step: each click raises the level by one");
    step.classList.add("step");
    const few = levelSet.length <= MOST_BRUSHES ? levelSet : [];
    const levels = few.map((level, rank) => {
      const threshold = written(this.kernel.thresholds[rank], 3);
      const button = this.brushButton(
        rank, written(level), `Paint level ${written(level)}, threshold ${threshold}`,
      );
      const grey = this.shade(rank);
      button.classList.add("level");
      button.style.setProperty("--shade", `rgb(${grey},${grey},${grey})`);
      button.style.setProperty("--ink", grey < 140 ? "#FFFFFF" : "#14161A");
      return button;
    });
    this.find(".palette").replaceChildren(step, ...levels);
    this.markBrush();
  }

  brushButton(brush, text, title) {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", textContent: text, title });
    button.setAttribute("role", "radio");
    button.setAttribute("aria-label", title);
    button.dataset.brush = brush ?? "step";
    button.addEventListener("click", () => {
      this.brush = this.brush === brush ? null : brush;
      this.markBrush();
      this.markCursor();
    });
    return button;
  }

  markBrush() {
    for (const button of this.find(".palette").children) {
      button.setAttribute("aria-checked", button.dataset.brush === String(this.brush ?? "step"));
    }
  }

  // ---- what the user does

  turn(slice) {
    if (slice < 0 || slice >= this.kernel.shape[0]) return;
    this.slice = slice;
    this.draw();
  }

  /** Set a cell of the slice on screen; true if that changed it. */
  set(place, rank) {
    const [, rows, columns] = this.kernel.shape;
    const at = this.slice * rows * columns + place;
    if (this.kernel.ranks[at] === rank) return false;
    this.kernel.ranks[at] = rank;
    this.draw();
    this.layPalette();
    this.preview();
    return true;
  }

  /** One level up or down; past the last one it starts again. */
  step(place, by) {
    const [, rows, columns] = this.kernel.shape;
    const n = this.kernel.levelSet.length;
    const rank = this.kernel.ranks[this.slice * rows * columns + place];
    if (this.set(place, (rank + by + n) % n)) this.reportSoon();
  }

  cellAt({ clientX, clientY }) {
    const [, rows, columns] = this.kernel.shape;
    const box = this.board.getBoundingClientRect();
    const i = Math.floor(((clientY - box.top) / box.height) * rows);
    const j = Math.floor(((clientX - box.left) / box.width) * columns);
    return i >= 0 && j >= 0 && i < rows && j < columns ? i * columns + j : -1;
  }

  listen() {
    const { board } = this;
    board.addEventListener("contextmenu", (event) => event.preventDefault());
    board.addEventListener("pointerdown", (event) => {
      const place = this.cellAt(event);
      if (place < 0) return;
      this.cursor = place;
      if (this.brush === null) this.step(place, event.shiftKey || event.button === 2 ? -1 : 1);
      else {
        board.setPointerCapture(event.pointerId);
        this.painted = this.set(place, this.brush);
      }
      this.markCursor();
    });
    board.addEventListener("pointermove", (event) => {
      const place = this.cellAt(event);
      if (this.brush === null || !board.hasPointerCapture(event.pointerId) || place < 0) return;
      this.cursor = place;
      this.painted = this.set(place, this.brush) || this.painted;
    });
    board.addEventListener("lostpointercapture", () => {
      if (this.painted) this.reportSoon();
      this.painted = false;
    });
    board.addEventListener("keydown", (event) => this.onKey(event));
    for (const kind of ["focus", "blur"]) {
      board.addEventListener(kind, () => this.kernel && this.markCursor());
    }
  }

  onKey(event) {
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (event.ctrlKey || event.metaKey) {
      if (key !== "z" && key !== "y") return;
      this.flush(key === "y" || event.shiftKey ? "redo" : "undo");
    } else if (event.altKey) return;
    else if (!this.move(key) && !this.type(key)) return;
    event.preventDefault();
    event.stopPropagation();
  }

  move(key) {
    const [, rows, columns] = this.kernel.shape;
    const [i, j] = [Math.floor(this.cursor / columns), this.cursor % columns];
    const to = {
      ArrowLeft: [i, j - 1], ArrowRight: [i, j + 1], ArrowUp: [i - 1, j], ArrowDown: [i + 1, j],
      Home: [i, 0], End: [i, columns - 1],
    }[key];
    if (key === "PageUp" || key === "PageDown") this.turn(this.slice + (key === "PageUp" ? -1 : 1));
    else if (!to) return false;
    else if (to[0] >= 0 && to[0] < rows && to[1] >= 0 && to[1] < columns) {
      this.cursor = to[0] * columns + to[1];
      this.markCursor();
    }
    return true;
  }

  type(key) {
    const steps = { "+": 1, "=": 1, "-": -1 };
    const digit = /^\d$/.test(key) ? this.kernel.levelSet.indexOf(Number(key)) : -1;
    if (key in steps) this.step(this.cursor, steps[key]);
    else if (digit >= 0) {
      if (this.set(this.cursor, digit)) this.reportSoon();
    } else if (key === "Enter" || key === " ") {
      if (this.brush === null) this.step(this.cursor, 1);
      else if (this.set(this.cursor, this.brush)) this.reportSoon();
    } else return false;
    return true;
  }

  close() {
    this.flush();
  }
}

const editors = new WeakMap();

/** Streamlit calls this when the component appears and whenever its data are new. */
export default function mount({ data, parentElement, setStateValue }) {
  let editor = editors.get(parentElement);
  if (!editor) {
    editor = new Editor(parentElement.querySelector(".editor"));
    editor.number = data.answered;
    editors.set(parentElement, editor);
  }
  editor.setStateValue = setStateValue;
  editor.receive(data);
  return () => editor.close();
}
