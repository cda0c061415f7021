// A map on a canvas of its own, at a whole factor in the screen's pixels, with the marked patch.

class Plate {
  /**
   * @param {HTMLElement} host  a figure with a canvas
   * @param {?{moved: (row: number, column: number) => void}} patch  for a map of the reader's picture
   */
  constructor(host, patch = null) {
    Object.assign(this, { host, patch, room: 0 });
    this.canvas = host.querySelector("canvas");
    this.context = this.canvas.getContext("2d", { willReadFrequently: true });
    if (patch) this.addMark();
  }

  /** Take the room there is: called when the page is laid out, not while numbers are dragged. */
  measure() {
    this.room = Math.floor(this.host.clientWidth * devicePixelRatio);
    this.tall = Math.floor((this.host.dataset.tall ? Number(this.host.dataset.tall) : 0.6 * innerHeight) * devicePixelRatio);
  }

  /**
   * @param {{index: Uint8Array, colours: Uint32Array}} layer
   * @param {{rows: number, columns: number}} map
   */
  show(layer, map) {
    if (!this.room) return;
    const zoom = Math.max(1, Math.min(LIMITS.zoom, Math.floor(Math.min(this.room / map.columns, this.tall / map.rows))));
    const [width, height] = [zoom * map.columns, zoom * map.rows];
    if (this.canvas.width !== width || this.canvas.height !== height) {
      Object.assign(this.canvas, { width, height });
      this.canvas.style.width = `${width / devicePixelRatio}px`;
      this.canvas.style.height = `${height / devicePixelRatio}px`;
      this.image = new ImageData(width, height);
      this.pixels = new Uint32Array(this.image.data.buffer);
    }
    paintLayer(this.pixels, { width, height }, map, { zoom, left: 0, top: 0 }, layer);
    this.context.putImageData(this.image, 0, 0);
    this.canvas.dataset.place = `${zoom} 0 0`;
    Object.assign(this, { zoom, map });
  }

  describe(text) {
    if (this.canvas.getAttribute("aria-label") !== text) this.canvas.setAttribute("aria-label", text);
  }

  // ---- the patch

  addMark() {
    this.mark = document.createElement("button");
    this.mark.type = "button";
    this.mark.className = "patch";
    this.canvas.after(this.mark);
    this.canvas.addEventListener("click", (event) => this.moveTo(event));
    this.mark.addEventListener("pointerdown", (event) => this.mark.setPointerCapture(event.pointerId));
    this.mark.addEventListener("pointermove", (event) => {
      if (this.mark.hasPointerCapture(event.pointerId)) this.moveTo(event);
    });
    this.mark.addEventListener("keydown", (event) => {
      const steps = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
      if (!(event.key in steps) || event.ctrlKey || event.altKey || event.metaKey) return;
      const [down, right] = steps[event.key].map((step) => step * (event.shiftKey ? 10 : 1));
      this.patch.moved(this.row + down, this.column + right);
      event.preventDefault();
    });
  }

  /** Its middle under the pointer. */
  moveTo({ clientX, clientY }) {
    const box = this.canvas.getBoundingClientRect();
    const [row, column] = [
      ((clientY - box.top) / box.height) * this.map.rows, ((clientX - box.left) / box.width) * this.map.columns,
    ];
    this.patch.moved(Math.round(row - this.side / 2), Math.round(column - this.side / 2));
  }

  /** Mark side × side pixels. */
  markAt(row, column, side) {
    Object.assign(this, { row, column, side });
    const unit = this.zoom / devicePixelRatio;
    const { style } = this.mark;
    style.left = `${column * unit + this.canvas.offsetLeft}px`;
    style.top = `${row * unit + this.canvas.offsetTop}px`;
    style.width = style.height = `${side * unit}px`;
    this.mark.setAttribute("aria-label", `Patch: rows ${row} to ${row + side - 1}, columns ${column} to ${column + side - 1}. Arrow keys move it.`);
  }
}
