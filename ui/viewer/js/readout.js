// One pixel: the cursor and the pinned pixel on the pictures, and what the map says there.

class Readout {
  /** @param {Viewer} viewer  whose state holds the cursor and the pinned pixel as [row, column] */
  constructor(viewer) {
    this.viewer = viewer;
    this.table = viewer.find(".readout");
  }

  inspect(pixel) {
    this.viewer.state.cursor = pixel;
    this.viewer.redraw();
  }

  /** Move the cursor from where it is, or begin in the middle; the pictures follow. */
  moveCursor(rows, columns) {
    const { viewer } = this;
    const { centre, cursor } = viewer.state;
    const [i, j] = cursor ?? [Math.floor(centre.row) - rows, Math.floor(centre.column) - columns];
    const clip = (value, size) => Math.max(0, Math.min(size - 1, value));
    const [row, column] = [clip(i + rows, viewer.map.rows), clip(j + columns, viewer.map.columns)];
    this.inspect([row, column]);
    const { zoom, left, top } = viewer.framing.where();
    const outside = (k, start, room) => start + k * zoom < 0 || start + (k + 1) * zoom > room;
    if (outside(row, top, viewer.panel.height) || outside(column, left, viewer.panel.width)) {
      viewer.framing.panTo(row + 0.5, column + 0.5);
    }
  }

  /** Pin a pixel, or free it if it is pinned. */
  pin(pixel) {
    const { pinned } = this.viewer.state;
    const same = pinned && pixel && pinned[0] === pixel[0] && pinned[1] === pixel[1];
    this.viewer.state.pinned = same ? null : pixel;
    this.inspect(pixel);
    this.viewer.report();
  }

  /** Let go of cursor and pin. */
  clear() {
    const { pinned } = this.viewer.state;
    this.viewer.state.pinned = null;
    this.inspect(null);
    if (pinned) this.viewer.report();
  }

  /** Frame the pixel under the cursor and the pinned one, and read one of them. */
  draw({ zoom, left, top }) {
    const { cursor, pinned } = this.viewer.state;
    for (const { ratio, cursor: frame, pin } of this.viewer.panels) {
      const put = (mark, pixel) => {
        mark.hidden = !pixel;
        if (!pixel) return;
        mark.style.setProperty("--x", `${(left + (pixel[1] + 0.5) * zoom) * ratio}px`);
        mark.style.setProperty("--y", `${(top + (pixel[0] + 0.5) * zoom) * ratio}px`);
        mark.style.setProperty("--side", `${Math.max(7, zoom * ratio)}px`);
      };
      put(frame, cursor);
      put(pin, pinned);
    }
    this.read(cursor ?? pinned);
  }

  read(pixel) {
    const { viewer } = this;
    this.table.dataset.empty = !pixel;
    if (!pixel) return viewer.kernelPanel.light(-1);
    const [i, j] = pixel;
    const { columns } = viewer.map;
    const p = i * columns + j;
    const [slices, d1, d2] = viewer.kernel.shape;
    const slice = viewer.sliceInUse();
    const [a, b] = [i % d1, j % d2];
    const T = sliceThresholds(viewer.kernel, slice)[a * d2 + b];
    const x = viewer.x[p];
    const bits = (name) => viewer.layers[name].index;
    const variation = (name) => localVariation(bits(name), columns, i, j);
    const texts = {
      place: `${i}, ${j}`,
      x: signed(x, 3),
      cell: `${slices > 1 ? `${slice}: ` : ""}${a}, ${b}`,
      threshold: signed(T, 3),
      margin: signed(x - T, 3),
      sign: bits("sign")[p] ? "+1" : "−1",
      design: bits("design")[p] ? "+1" : "−1",
      variation: `${variation("sign")}, ${variation("design")}`,
    };
    for (const cell of this.table.querySelectorAll("[data-read]")) {
      cell.textContent = texts[cell.dataset.read];
    }
    viewer.kernelPanel.light(a * d2 + b, slice);
  }
}
