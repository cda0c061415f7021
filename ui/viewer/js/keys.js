// Keys of the whole viewer. Sliders keep their arrows, buttons their Space and Enter.

const ARROWS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
const VIEW_KEYS = {
  s: "single", b: "side-by-side", w: "wipe", f: "flicker", d: "difference", t: "tv",
  e: "diffusion",
};
const ZOOM_KEYS = { "+": "in", "=": "in", "-": "out", 0: "fit", 1: "one" };
const STRENGTH_KEYS = { ",": -0.05, ".": 0.05 };
const MAP_KEYS = { "[": -1, "]": 1 };

class Keys {
  /** @param {Viewer} viewer */
  constructor(viewer) {
    this.viewer = viewer;
    viewer.root.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || !viewer.x) return;
      const act = this.meaning(event);
      if (!act) return;
      act();
      event.preventDefault();
      event.stopPropagation();
    });
  }

  /** What a key does here, or nothing if it is not ours. */
  meaning(event) {
    const { viewer } = this;
    const { state } = viewer;
    const origin = event.composedPath()[0];
    const onButton = origin.matches("button");
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (key in ARROWS && !origin.matches("input")) return () => this.move(ARROWS[key], event);
    if (event.altKey) return null;
    if (key === " " && !onButton && ["flicker", "single"].includes(state.view)) {
      return () => viewer.swapOnce();
    }
    if (key === "Enter" && !onButton && state.cursor) return () => viewer.readout.pin(state.cursor);
    if (key === "Escape" && (state.pinned || state.cursor)) return () => viewer.readout.clear();
    if (key in VIEW_KEYS) return () => viewer.setView(VIEW_KEYS[key]);
    if (key in ZOOM_KEYS) return () => viewer.framing.zoomBy(ZOOM_KEYS[key]);
    if (key in STRENGTH_KEYS) return () => this.strengthen(STRENGTH_KEYS[key]);
    if (key in MAP_KEYS) return () => viewer.select(state.selected + MAP_KEYS[key]);
    if (key === "?") return () => viewer.find(".help").togglePopover();
    return null;
  }

  /** The cursor by one pixel, or by ten with Shift; with Alt the picture instead. */
  move(direction, { shiftKey, altKey }) {
    const { viewer } = this;
    const [rows, columns] = direction.map((step) => step * (shiftKey ? 10 : 1));
    if (!altKey) return viewer.readout.moveCursor(rows, columns);
    const step = viewer.panel.height / viewer.framing.zoomNow() / 8;
    viewer.framing.panBy(rows * step, columns * step);
  }

  strengthen(step) {
    const { min, max } = this.viewer.find("input[name=strength]");
    const next = Math.round((this.viewer.kernel.strength + step) * 100) / 100;
    this.viewer.setScale("strength", Math.max(Number(min), Math.min(Number(max), next)));
    this.viewer.report(300);
  }
}
