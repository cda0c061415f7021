// A few pixels as a table of numbers.

class Table {
  /** @param {HTMLElement} host */
  constructor(host) {
    this.host = host;
    this.layout = "";
  }

  /**
   * @param {{text: string, grey: number, right?: boolean, down?: boolean}[]} cells  row by row; `right`
   *   and `down` where the bit flips towards that neighbour
   * @param {number} columns
   */
  show(cells, columns) {
    if (this.layout !== `${cells.length} ${columns}`) {
      this.layout = `${cells.length} ${columns}`;
      this.host.style.setProperty("--columns", columns);
      this.host.replaceChildren(...cells.map(() => document.createElement("i")));
    }
    cells.forEach(({ text, grey, right, down }, k) => {
      const cell = this.host.children[k];
      if (cell.textContent !== text) cell.textContent = text;
      cell.style.background = `rgb(${grey},${grey},${grey})`;
      cell.className = `${grey < 140 ? "dark" : ""}${right ? " right" : ""}${down ? " down" : ""}`;
    });
  }
}

/** Cells of bits, ink and paper. */
function bitCell(bit) {
  return { text: bit ? "+1" : "−1", grey: bit ? 246 : 22 };
}
