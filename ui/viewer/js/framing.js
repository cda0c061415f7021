// Which part of the map is on screen, and how large: whole factors, panning, the overview.

class Framing {
  /** @param {Viewer} viewer  whose state holds the factor (null: fit) and the centre */
  constructor(viewer) {
    this.viewer = viewer;
    this.overview = viewer.find(".overview");
    for (const button of viewer.all("[data-zoom]")) {
      button.addEventListener("click", () => this.zoomBy(button.dataset.zoom));
    }
    this.overview.addEventListener("pointerdown", (event) => {
      this.overview.setPointerCapture(event.pointerId);
      this.follow(event);
    });
    this.overview.addEventListener("pointermove", (event) => this.follow(event));
  }

  /** Show the part of the map at which one points on the overview. */
  follow(event) {
    if (!event.buttons) return;
    const { rows, columns } = this.viewer.map;
    const box = this.overview.querySelector("canvas").getBoundingClientRect();
    const row = ((event.clientY - box.top) / box.height) * rows;
    this.panTo(row, ((event.clientX - box.left) / box.width) * columns);
  }

  zoomNow() {
    const { state, map, panel } = this.viewer;
    return state.zoom ?? fittingZoom(map, panel);
  }

  /** The factor, and where the map's corner stands on a panel, in device pixels. */
  where() {
    const { state, map, panel } = this.viewer;
    return place(map, panel, this.zoomNow(), state.centre);
  }

  zoomBy(how) {
    const zoom = { in: this.zoomNow() + 1, out: this.zoomNow() - 1, fit: null, one: 1 }[how];
    this.setZoom(zoom);
  }

  /**
   * @param {number | null} zoom  whole factor, or null to fit
   * @param {{x: number, y: number}} [anchor]  device pixel of the panel that stays where it is
   */
  setZoom(zoom, anchor) {
    const before = this.where();
    const { state, panel: { width, height } } = this.viewer;
    const { x, y } = anchor ?? { x: width / 2, y: height / 2 };
    const row = (y - before.top) / before.zoom;
    const column = (x - before.left) / before.zoom;
    state.zoom = zoom === null ? null : Math.max(1, Math.min(LIMITS.zoom, Math.round(zoom)));
    const factor = this.zoomNow();
    this.panTo(row + (height / 2 - y) / factor, column + (width / 2 - x) / factor);
    this.viewer.report(500);
  }

  /** Move the map point that stands in the middle; kept where the panel is covered. */
  panTo(row, column) {
    const { state, map, panel } = this.viewer;
    const zoom = this.zoomNow();
    const within = (middle, size, room) => {
      const half = room / 2 / zoom;
      return size <= 2 * half ? size / 2 : Math.min(size - half, Math.max(half, middle));
    };
    state.centre = {
      row: within(row, map.rows, panel.height),
      column: within(column, map.columns, panel.width),
    };
    this.viewer.redraw();
  }

  panBy(rows, columns) {
    const { row, column } = this.viewer.state.centre;
    this.panTo(row + rows, column + columns);
  }

  overflows() {
    const { map, panel } = this.viewer;
    const zoom = this.zoomNow();
    return map.columns * zoom > panel.width || map.rows * zoom > panel.height;
  }

  /** Device pixel of the panel, and the map pixel there or null. */
  locate(panel, event) {
    const { map } = this.viewer;
    const box = panel.canvas.getBoundingClientRect();
    const ratio = panel.canvas.width / box.width;
    const x = (event.clientX - box.left) * ratio;
    const y = (event.clientY - box.top) * ratio;
    const { zoom, left, top } = this.where();
    const row = Math.floor((y - top) / zoom);
    const column = Math.floor((x - left) / zoom);
    const inside = row >= 0 && row < map.rows && column >= 0 && column < map.columns;
    return { x, y, pixel: inside ? [row, column] : null };
  }

  /** Write the factor, and show on the overview which part of the map the panels show. */
  draw({ zoom, left, top }) {
    const { viewer } = this;
    const { map, panel } = viewer;
    viewer.find(".factor").textContent = `${zoom}×`;
    const frame = viewer.find(".window");
    frame.hidden = !this.overflows();
    viewer.stage.classList.toggle("roams", !frame.hidden);
    if (frame.hidden) return;
    const share = (start, room, size) => {
      const from = Math.max(0, -start / (size * zoom));
      return [from, Math.min(1, (room - start) / (size * zoom)) - from];
    };
    const [x, width] = share(left, panel.width, map.columns);
    const [y, height] = share(top, panel.height, map.rows);
    const values = { left: x, top: y, width, height };
    for (const [side, value] of Object.entries(values)) frame.style[side] = `${100 * value}%`;
  }
}
