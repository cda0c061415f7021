// Charts of the article: lines over one axis with a mark that moves, and rows of dots.

const CHART = { left: 44, right: 12, top: 10, bottom: 34 };

class LineChart {
  /**
   * @param {HTMLElement} host
   * @param {object} about
   * @param {[number, number]} about.x  ends of the axis
   * @param {[number, number]} about.y
   * @param {number[]} about.xTicks
   * @param {number[]} about.yTicks
   * @param {string} about.xTitle
   * @param {string} about.yTitle
   * @param {(y: number) => string} [about.yText]
   */
  constructor(host, about) {
    Object.assign(this, { host, about, lines: new Map() });
    this.svg = svgElement("svg", { role: "img" });
    this.frame = svgElement("g", { class: "frame" });
    this.marks = svgElement("g", {});
    this.svg.append(this.frame, this.marks);
    host.replaceChildren(this.svg);
  }

  /** Another end of the upright axis. */
  reach(most, yTicks) {
    Object.assign(this.about, { y: [0, most], yTicks });
    if (this.width) this.drawFrame();
  }

  measure() {
    const width = Math.max(240, Math.round(this.host.clientWidth));
    if (width === this.width) return;
    this.width = width;
    this.height = Math.min(280, Math.max(190, Math.round(0.55 * width)));
    this.svg.setAttribute("viewBox", `0 0 ${this.width} ${this.height}`);
    this.drawFrame();
  }

  at(x, y) {
    const { x: [x0, x1], y: [y0, y1] } = this.about;
    const { left, right, top, bottom } = CHART;
    return [
      left + ((x - x0) / (x1 - x0)) * (this.width - left - right),
      this.height - bottom - ((y - y0) / (y1 - y0)) * (this.height - top - bottom),
    ];
  }

  drawFrame() {
    const { x: [x0, x1], y: [y0, y1], xTicks, yTicks, xTitle, yTitle, yText = String } = this.about;
    const parts = [];
    const line = (from, to, kind) => parts.push(svgElement("line", { x1: from[0], y1: from[1], x2: to[0], y2: to[1], class: kind }));
    const write = (text, [x, y], anchor, kind = "number") => {
      const element = svgElement("text", { x, y, "text-anchor": anchor, class: kind });
      element.textContent = text;
      parts.push(element);
    };
    for (const tick of yTicks) {
      line(this.at(x0, tick), this.at(x1, tick), "grid");
      const [x, y] = this.at(x0, tick);
      write(yText(tick), [x - 6, y + 4], "end");
    }
    line(this.at(x0, y0), this.at(x1, y0), "axis");
    for (const tick of xTicks) {
      const [x, y] = this.at(tick, y0);
      write(signed(tick, String(tick).split(".")[1]?.length ?? 0), [x, y + 15], "middle");
    }
    write(xTitle, [this.at((x0 + x1) / 2, y0)[0], this.height - 3], "middle", "title");
    write(yTitle, [CHART.left + 4, CHART.top + 8], "start", "title");
    this.frame.replaceChildren(...parts);
  }

  describe(text) {
    this.svg.setAttribute("aria-label", text);
  }

  /**
   * Draw all that changes.
   * @param {object} shown
   * @param {{kind: string, points: [number, number][], stepped?: boolean, label?: string, labelAt?: number}[]} shown.lines
   * @param {{kind: string, x: number, y: number}[]} [shown.dots]
   * @param {{x: number, label: string, kind?: string}[]} [shown.verticals]
   * @param {{from: number, to: number, label: string}[]} [shown.bands]
   */
  draw({ lines = [], dots = [], verticals = [], bands = [] }) {
    const { y: [y0, y1] } = this.about;
    const parts = [];
    for (const { from, to, label } of bands) {
      const [[x, top], [end, base]] = [this.at(from, y1), this.at(to, y0)];
      parts.push(svgElement("rect", { x, y: top, width: end - x, height: base - top, class: "band" }));
      const text = svgElement("text", { x: (x + end) / 2, y: base - 8, class: "label", "text-anchor": "middle" });
      text.textContent = label;
      parts.push(text);
    }
    verticals.forEach(({ x, label, kind = "vertical", row = 0 }) => {
      const [[px, top], [, base]] = [this.at(x, y1), this.at(x, y0)];
      parts.push(svgElement("line", { x1: px, y1: top + 14 * row, x2: px, y2: base, class: kind }));
      if (!label) return;
      const flips = px > this.width - 90;
      const text = svgElement("text", { x: px + (flips ? -4 : 4), y: top + 10 + 14 * row, class: "label", "text-anchor": flips ? "end" : "start" });
      text.textContent = label;
      parts.push(text);
    });
    for (const { kind, points, stepped, label, labelAt = points.length - 1, below } of lines) {
      const places = points.map(([x, y]) => this.at(x, y));
      const path = places.map(([x, y], k) => (k === 0 ? `M${x} ${y}` : stepped ? `H${x}V${y}` : `L${x} ${y}`)).join("");
      parts.push(svgElement("path", { d: path, class: `line ${kind}` }));
      if (!label) continue;
      const [x, y] = places[labelAt];
      const text = svgElement("text", { x, y: y + (below ? 18 : -8), class: `label ${kind}`, "text-anchor": x > 0.6 * this.width ? "end" : "start" });
      text.textContent = label;
      parts.push(text);
    }
    for (const { kind, x, y } of dots) {
      const [cx, cy] = this.at(x, y);
      parts.push(svgElement("circle", { cx, cy, r: 6, class: `dot ${kind}` }));
    }
    this.marks.replaceChildren(...parts);
  }
}

/** Rows of dots, one for each seed, their interval behind them. */
function drawDotRows(host, { rows, title }, label) {
  const heading = Object.assign(document.createElement("p"), { className: "chart-title", textContent: title });
  const ends = rows.flatMap(({ values }) => values);
  const [low, high] = [Math.floor(Math.min(...ends) - 0.5), Math.ceil(Math.max(...ends) + 0.5)];
  const at = (value) => `${(100 * (value - low)) / (high - low)}%`;
  const list = document.createElement("ul");
  list.className = "dot-rows";
  list.setAttribute("aria-label", label);
  for (const { label: name, values, seeds, colour, interval } of rows) {
    const row = document.createElement("li");
    const track = document.createElement("span");
    track.className = "track";
    track.style.setProperty("--c", { sign: "var(--sign)", this: "var(--accent)", text: "var(--text)" }[colour] ?? colour ?? "var(--quiet)");
    if (interval) {
      const band = document.createElement("i");
      band.className = "band";
      const [from, to] = interval.map((bound) => Math.min(high, Math.max(low, bound)));
      Object.assign(band.style, { left: at(from), width: `${(100 * (to - from)) / (high - low)}%` });
      track.append(band);
    }
    values.forEach((value, k) => {
      const dot = document.createElement("i");
      dot.className = "seed";
      dot.style.left = at(value);
      dot.title = `seed ${seeds[k]}: ${value.toFixed(2)} %`;
      track.append(dot);
    });
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const words = ["name", "mean"].map((kind) => Object.assign(document.createElement("span"), { className: kind }));
    words[0].textContent = name;
    words[1].textContent = `${mean.toFixed(1)} %`;
    words[1].title = `Mean of ${values.length} ${values.length === 1 ? "seed" : "seeds"}`;
    row.append(words[0], track, words[1]);
    list.append(row);
  }
  const scale = Object.assign(document.createElement("p"), { className: "dot-scale" });
  scale.append(...[`${low} %`, "test accuracy", `${high} %`].map((text) => Object.assign(document.createElement("span"), { textContent: text })));
  host.replaceChildren(heading, list, scale);
}
