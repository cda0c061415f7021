// The threshold kernel as a drawing whose cells can be lit, chosen and changed.

const SVG = "http://www.w3.org/2000/svg";

/** An SVG element with attributes. */
function svgElement(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

/** Minus signs as people write them. */
function signed(value, digits) {
  return value.toFixed(digits).replace("-", "−");
}

/** Grey from 236 (lowest threshold of the kernel) to 40 (highest); a uniform kernel is mid-grey. */
function shade(threshold, low, high) {
  const rank = high > low ? (threshold - low) / (high - low) : 0.5;
  return Math.round(236 - 196 * rank);
}

/**
 * One slice of a kernel: darker is a higher threshold, the level in the cell, the threshold
 * beneath it where there is room.
 */
class KernelDrawing {
  /**
   * @param {HTMLElement} host
   * @param {{onStep: (cell: number, step: number) => void, onChoose: (cell: number) => void}} calls
   */
  constructor(host, { onStep, onChoose }) {
    this.host = host;
    this.svg = svgElement("svg", { role: "group", tabindex: "0" });
    host.replaceChildren(this.svg);
    this.chosen = -1;
    this.svg.addEventListener("click", (event) => {
      const cell = this.cellAt(event.target);
      if (cell < 0) return;
      this.choose(cell);
      onStep(cell, event.shiftKey ? -1 : 1);
    });
    this.svg.addEventListener("contextmenu", (event) => {
      const cell = this.cellAt(event.target);
      if (cell < 0) return;
      event.preventDefault();
      this.choose(cell);
      onStep(cell, -1);
    });
    this.svg.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const [, rows, columns] = this.kernel.shape;
      const cell = Math.max(0, this.chosen);
      const moves = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns };
      const steps = { "+": 1, "=": 1, "-": -1, PageUp: 1, PageDown: -1 };
      if (event.key in moves) {
        const next = cell + moves[event.key];
        const sameRow = Math.floor(next / columns) === Math.floor(cell / columns);
        const vertical = Math.abs(moves[event.key]) === columns && columns > 1;
        if (this.chosen < 0) this.choose(0);
        else if (next >= 0 && next < rows * columns && (sameRow || vertical || columns === 1)) {
          this.choose(next);
        }
      } else if (event.key in steps) {
        this.choose(cell);
        onStep(cell, steps[event.key]);
      } else return;
      event.preventDefault();
      event.stopPropagation();
    });
    this.svg.addEventListener("focus", () => {
      if (this.chosen < 0 && this.svg.matches(":focus-visible")) this.choose(0);
    });
    this.onChoose = onChoose;
  }

  cellAt(target) {
    const place = target.closest?.("g[data-cell]")?.dataset.cell;
    return place === undefined ? -1 : Number(place);
  }

  /** Draw a slice anew; cheap enough to be called while a slider is dragged. */
  draw(kernel, slice) {
    const [, rows, columns] = kernel.shape;
    const layout = `${rows}x${columns}`;
    this.kernel = kernel;
    if (this.layout !== layout) this.lay(rows, columns, layout);
    const byRank = levelThresholds(kernel);
    const used = Array.from(new Set(kernel.ranks), (rank) => byRank[rank]);
    const low = Math.min(...used);
    const high = Math.max(...used);
    const first = slice * rows * columns;
    this.cells.forEach((cell, place) => {
      const rank = kernel.ranks[first + place];
      const grey = shade(byRank[rank], low, high);
      if (cell.grey !== grey) {
        cell.grey = grey;
        cell.square.setAttribute("fill", `rgb(${grey},${grey},${grey})`);
        cell.group.classList.toggle("dark", grey < 140);
      }
      if (!cell.level) return; // a large kernel: its cells are read by choosing them
      const level = kernel.levelSet[rank];
      cell.level.textContent = String(level).replace("-", "−");
      if (cell.threshold) cell.threshold.textContent = signed(byRank[rank], 2);
      const [i, j] = [Math.floor(place / columns), place % columns];
      cell.group.setAttribute(
        "aria-label", `Cell ${i}, ${j}: level ${level}, threshold ${signed(byRank[rank], 3)}`,
      );
    });
    this.svg.setAttribute(
      "aria-label", `Kernel ${kernel.name}, slice ${slice}: ${rows} by ${columns} levels`,
    );
  }

  lay(rows, columns, layout) {
    this.layout = layout;
    const side = 48;
    const room = 160 / Math.max(rows, columns); // what a cell gets on screen
    this.svg.setAttribute("viewBox", `0 0 ${columns * side} ${rows * side}`);
    this.svg.style.aspectRatio = `${columns} / ${rows}`;
    this.cells = [];
    for (let place = 0; place < rows * columns; place++) {
      const [x, y] = [(place % columns) * side, Math.floor(place / columns) * side];
      const group = svgElement("g", { "data-cell": place, role: "img" });
      const square = svgElement("rect", { x, y, width: side, height: side });
      const cell = { group, square };
      group.append(square);
      const write = (kind, dy, size) => {
        cell[kind] = svgElement("text", { x: x + side / 2, y: y + dy, "font-size": size });
        group.append(cell[kind]);
      };
      if (room >= 16) write("level", room >= 36 ? 24 : 31, room >= 36 ? 16 : 20);
      if (room >= 36) write("threshold", 37, 9.5);
      this.cells.push(cell);
    }
    this.marks = Object.fromEntries(
      ["lit", "chosen"].map((kind) => [
        kind, svgElement("rect", { class: kind, width: side, height: side, visibility: "hidden" }),
      ]),
    );
    this.svg.replaceChildren(...this.cells.map((cell) => cell.group), ...Object.values(this.marks));
    this.chosen = -1;
  }

  /** Light the cell that cuts the pixel under the pointer; −1 for none. */
  light(cell) {
    this.outline("lit", cell);
  }

  /** Choose the cell that keys and the stepper change. */
  choose(cell) {
    this.outline("chosen", cell);
    this.chosen = cell;
    this.onChoose(cell);
  }

  /** The drawing as a file of its own. */
  toSvg() {
    const copy = this.svg.cloneNode(true);
    for (const mark of copy.querySelectorAll(".lit, .chosen")) mark.remove();
    copy.setAttribute("xmlns", SVG);
    const style = svgElement("style", {});
    style.textContent = "text { text-anchor: middle; font-family: Inter, system-ui, sans-serif; "
      + "font-variant-numeric: tabular-nums; fill: #14161A } .dark text { fill: #FFFFFF }";
    copy.prepend(style);
    return new XMLSerializer().serializeToString(copy);
  }

  outline(kind, cell) {
    const mark = this.marks[kind];
    const square = this.cells[cell]?.square;
    mark.setAttribute("visibility", square ? "visible" : "hidden");
    if (!square) return;
    for (const axis of ["x", "y"]) mark.setAttribute(axis, square.getAttribute(axis));
  }
}
