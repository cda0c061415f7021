// Pointers on the pictures: hover, click, drag, pinch, wheel; and the divider of the wipe view.

const CLICK_PIXELS = 4; // a press that moves less is a click
const WHEEL_STEP = 24; // wheel travel per whole factor

class Gestures {
  /** @param {Viewer} viewer */
  constructor(viewer) {
    this.viewer = viewer;
    this.framing = viewer.framing;
    this.pointers = new Map(); // last event of each pressed pointer
    this.wheel = 0;
    for (const panel of viewer.panels) this.listenTo(panel);
    this.listenToDivider();
  }

  listenTo(panel) {
    const { viewer, framing } = this;
    const { figure } = panel;
    figure.addEventListener("pointerdown", (event) => this.press(panel, event));
    figure.addEventListener("pointermove", (event) => this.move(panel, event));
    figure.addEventListener("pointerup", (event) => this.release(panel, event));
    figure.addEventListener("pointercancel", (event) => this.pointers.delete(event.pointerId));
    figure.addEventListener("pointerleave", (event) => {
      if (event.pointerType === "mouse") viewer.readout.inspect(viewer.state.pinned);
    });
    const zoom = (event) => {
      if (!event.ctrlKey && !event.metaKey) return; // a plain wheel scrolls the page
      event.preventDefault();
      this.wheel -= event.deltaY;
      if (Math.abs(this.wheel) < WHEEL_STEP) return;
      framing.setZoom(framing.zoomNow() + Math.sign(this.wheel), framing.locate(panel, event));
      this.wheel = 0;
    };
    figure.addEventListener("wheel", zoom, { passive: false });
  }

  press(panel, event) {
    if (event.button !== 0) return;
    panel.figure.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, event);
    const { centre } = this.viewer.state;
    this.pressed = { x: event.clientX, y: event.clientY, centre, moved: false };
    if (this.pointers.size === 2) {
      this.pinch = { distance: this.fingerDistance(), zoom: this.framing.zoomNow() };
      this.pressed.moved = true;
    }
  }

  move(panel, event) {
    const { viewer, framing, pressed } = this;
    if (!this.pointers.has(event.pointerId)) {
      if (event.pointerType === "mouse") viewer.readout.inspect(framing.locate(panel, event).pixel);
      return;
    }
    this.pointers.set(event.pointerId, event);
    if (this.pointers.size === 2) return this.pinchTo(panel);
    const [dx, dy] = [event.clientX - pressed.x, event.clientY - pressed.y];
    pressed.moved ||= Math.hypot(dx, dy) > CLICK_PIXELS;
    if (!pressed.moved) return;
    if (framing.overflows()) {
      const perPixel = panel.ratio * framing.zoomNow(); // CSS pixels per pixel of the map
      framing.panTo(pressed.centre.row - dy / perPixel, pressed.centre.column - dx / perPixel);
    } else if (viewer.state.view === "wipe") this.dragDivider(event);
  }

  pinchTo(panel) {
    const { framing, pinch } = this;
    const [a, b] = [...this.pointers.values()];
    const middle = { clientX: (a.clientX + b.clientX) / 2, clientY: (a.clientY + b.clientY) / 2 };
    const zoom = Math.round((pinch.zoom * this.fingerDistance()) / pinch.distance);
    if (zoom !== framing.zoomNow()) framing.setZoom(zoom, framing.locate(panel, middle));
  }

  fingerDistance() {
    const [a, b] = [...this.pointers.values()];
    return Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
  }

  release(panel, event) {
    const { viewer, framing } = this;
    if (!this.pointers.delete(event.pointerId)) return;
    if (!this.pressed.moved) viewer.readout.pin(framing.locate(panel, event).pixel);
    else if (viewer.state.view === "wipe" && !framing.overflows()) viewer.report();
  }

  listenToDivider() {
    const { viewer } = this;
    const { divider } = viewer;
    divider.addEventListener("pointerdown", (event) => {
      divider.setPointerCapture(event.pointerId);
      event.preventDefault();
      divider.focus();
    });
    divider.addEventListener("pointermove", (event) => {
      if (divider.hasPointerCapture(event.pointerId)) this.dragDivider(event);
    });
    divider.addEventListener("lostpointercapture", () => viewer.report());
    divider.addEventListener("keydown", (event) => {
      const steps = { ArrowLeft: -0.02, ArrowRight: 0.02, Home: -1, End: 1 };
      if (!(event.key in steps) || event.altKey) return;
      viewer.setDivider(viewer.state.divider + steps[event.key]);
      viewer.report(300);
      event.preventDefault();
      event.stopPropagation();
    });
  }

  dragDivider(event) {
    const box = this.viewer.panels[0].canvas.getBoundingClientRect();
    this.viewer.setDivider((event.clientX - box.left) / box.width);
  }
}
