// Cards of a chart's kernels. The chart is plotly's and belongs to the page; the map is the viewer's.

const ROOM = 208; // what a map gets on a card, in CSS pixels
const CELL = 24; // side of a kernel's cell in its drawing's own units
const APART = 14; // between a point and its card, CSS pixels

class Cards {
  constructor(root) {
    this.root = root;
    this.walk = root.querySelector(".walk");
    this.card = root.querySelector(".card");
    this.place = 0; // on the walk
    this.bound = new WeakSet();
    this.onMove = (event) => this.bind(event);
    document.addEventListener("pointerover", this.onMove, true);
    this.onScroll = () => (this.isWalked() ? this.step(0) : this.hide());
    document.addEventListener("scroll", this.onScroll, true);
    this.walk.addEventListener("focus", () => this.step(0));
    this.walk.addEventListener("blur", () => this.hide());
    this.walk.addEventListener("keydown", (event) => this.onKey(event));
  }

  receive(data) {
    this.data = data;
    this.walk.hidden = data.walk.length === 0;
    this.place = Math.min(this.place, Math.max(0, data.walk.length - 1));
    this.walk.setAttribute("aria-valuemin", 1);
    this.walk.setAttribute("aria-valuemax", data.walk.length);
    this.walk.setAttribute("aria-valuenow", this.place + 1); // a slider has a value, used or not
    if (this.isWalked()) this.step(0);
    else this.hide();
  }

  isWalked() {
    return this.root.getRootNode().activeElement === this.walk;
  }

  chart() {
    return document.querySelector(`.st-key-${this.data.chart} .js-plotly-plot`);
  }

  /** Plotly makes its drawing anew when it likes: listen to the one that is pointed at. */
  bind({ target }) {
    const chart = target.closest?.(`.st-key-${this.data?.chart} .js-plotly-plot`);
    if (!chart && !this.isWalked()) this.hide(); // plotly does not tell once it has drawn anew
    if (!chart?.on || this.bound.has(chart)) return;
    this.bound.add(chart);
    chart.on("plotly_hover", ({ points }) => {
      const point = points.find(({ customdata }) => customdata !== undefined);
      const box = point?.bbox;
      if (!box) return;
      const frame = chart.getBoundingClientRect();
      this.show(String(point.customdata), frame.left + (box.x0 + box.x1) / 2, frame.top + (box.y0 + box.y1) / 2);
    });
    chart.on("plotly_unhover", () => this.hide());
  }

  /** Show a card beside a place of the window. */
  show(name, x, y) {
    const card = this.data.cards[name];
    if (!card) return;
    this.drawKernel(card);
    this.drawMap(card);
    this.root.querySelector(".words").replaceChildren(...card.words.map((words) => {
      const line = document.createElement("div");
      line.textContent = words;
      return line;
    }));
    this.card.dataset.card = name;
    if (!this.card.matches(":popover-open")) this.card.showPopover();
    const { width, height } = this.card.getBoundingClientRect();
    const left = x + APART + width <= innerWidth ? x + APART : x - APART - width;
    const top = y - APART - height >= 0 ? y - APART - height : y + APART;
    this.card.style.left = `${Math.max(0, left)}px`;
    this.card.style.top = `${Math.max(0, Math.min(top, innerHeight - height))}px`;
  }

  hide() {
    if (this.card.matches(":popover-open")) this.card.hidePopover();
  }

  drawKernel({ size: [rows, columns], levels, thresholds }) {
    const drawing = this.root.querySelector(".kernel");
    drawing.setAttribute("viewBox", `0 0 ${columns * CELL} ${rows * CELL}`);
    drawing.setAttribute("aria-label", `Kernel of ${rows} by ${columns} levels: ${levels.join(", ")}`);
    const [low, high] = [Math.min(...thresholds), Math.max(...thresholds)];
    drawing.replaceChildren(...levels.flatMap((level, place) => {
      const [x, y] = [(place % columns) * CELL, Math.floor(place / columns) * CELL];
      const grey = shade(thresholds[place], low, high);
      const fill = `rgb(${grey},${grey},${grey})`;
      const square = svgElement("rect", { x, y, width: CELL, height: CELL, fill });
      const text = svgElement("text", { x: x + CELL / 2, y: y + 16, "font-size": 12 });
      text.textContent = String(level).replace("-", "−");
      text.classList.toggle("dark", grey < 140);
      return Math.max(rows, columns) <= 8 ? [square, text] : [square];
    }));
  }

  /** The map that the viewer shows, cut by the card's kernel, at a whole factor of the screen's pixels. */
  drawMap({ size, thresholds, words }) {
    const canvas = this.root.querySelector("canvas");
    const viewer = globalThis[Symbol.for("design.channels")]?.get(this.data.viewer)?.instrument;
    canvas.hidden = !viewer?.x;
    if (canvas.hidden) return;
    const { x, map } = viewer;
    const index = new Uint8Array(x.length);
    binarize(x, map.columns, Float32Array.from(thresholds), size, index);
    const room = { width: ROOM * devicePixelRatio, height: ROOM * devicePixelRatio };
    const zoom = fittingZoom(map, room);
    canvas.width = map.columns * zoom;
    canvas.height = map.rows * zoom;
    canvas.style.width = `${canvas.width / devicePixelRatio}px`;
    const context = canvas.getContext("2d");
    const image = new ImageData(canvas.width, canvas.height);
    paintLayer(
      new Uint32Array(image.data.buffer), canvas, map, { zoom, left: 0, top: 0 },
      { index, colours: COLOURS.bits },
    );
    context.putImageData(image, 0, 0);
    canvas.setAttribute("aria-label", `Its map of ${viewer.settings.alt}: ${words.join(", ")}`);
  }

  // ---- by keys

  onKey(event) {
    const { length } = this.data.walk;
    const steps = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, Home: -length, End: length };
    if (event.key in steps) this.step(steps[event.key]);
    else if (event.key === "Enter") this.setTriggerValue("taken", this.data.walk[this.place]);
    else if (event.key === "Escape") this.hide();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  step(by) {
    const { walk, cards } = this.data;
    if (!walk.length) return;
    this.place = Math.max(0, Math.min(walk.length - 1, this.place + by));
    const name = walk[this.place];
    const { levels, words } = cards[name];
    this.walk.setAttribute("aria-valuenow", this.place + 1);
    this.walk.setAttribute("aria-valuetext", `Levels ${levels.join(", ")}. ${words.join(", ")}`);
    const at = this.placeOnChart(name) ?? this.walk.getBoundingClientRect();
    this.show(name, at.left, at.top);
  }

  /** Where the chart draws a card's point. */
  placeOnChart(name) {
    const chart = this.chart();
    if (!chart?._fullData) return null;
    const { xaxis, yaxis } = chart._fullLayout;
    for (const trace of chart._fullData) { // numbers as numbers, which `data` holds packed
      const place = trace.customdata ? [...trace.customdata].findIndex((one) => String(one) === name) : -1;
      if (place < 0) continue;
      const box = chart.getBoundingClientRect();
      return {
        left: box.left + xaxis._offset + xaxis.d2p(trace.x[place]),
        top: box.top + yaxis._offset + yaxis.d2p(trace.y[place]),
      };
    }
    return null;
  }

  close() {
    document.removeEventListener("pointerover", this.onMove, true);
    document.removeEventListener("scroll", this.onScroll, true);
  }
}

const mounted = new WeakMap();

/** Streamlit calls this when the component appears and whenever its data are new. */
export default function mount({ data, parentElement, setTriggerValue }) {
  let cards = mounted.get(parentElement);
  if (!cards) {
    cards = new Cards(parentElement.querySelector(".cards"));
    mounted.set(parentElement, cards);
  }
  cards.setTriggerValue = setTriggerValue;
  cards.receive(data);
  return () => cards.close();
}
