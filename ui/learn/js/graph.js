// A trained network as a graph, down to one bit: the products of its window, their sum, its threshold.

const GRAPH_MAPS = 5; // of each layer that are drawn
const BLOCK_GAP = 3; // between the 3×3 products of two maps, in products
const ANSWERS = 3;

class Graph {
  /**
   * @param {HTMLElement} root
   * @param {WebAssembly.Module} module
   * @param {Uint8Array} file  of network.py
   * @param {Article} article
   */
  constructor(root, module, file, article) {
    Object.assign(this, { root, article });
    this.network = new LiveNetwork(module, file);
    const { network } = this;
    this.pixel = { row: 12, column: 16 };
    this.stations = this.find(".stations");
    this.edges = svgElement("svg", { class: "edges", "aria-hidden": "true" });
    this.layers = network.layerNames.map((name, layer) => this.column(name, (tile, event) => this.pick(layer, tile, event)));
    this.input = this.column("picture", () => {});
    this.answers = document.createElement("ol");
    this.stations.replaceChildren(this.edges, this.input.host, ...this.layers.map(({ host }) => host), this.answers);
    this.large = new Plate(this.find(".large"), { moved: (row, column) => this.point(row, column) });
    this.products = this.find(".products canvas");
    this.line = this.find(".number-line");
    this.lineDrawing = svgElement("svg", { role: "img" });
    this.line.replaceChildren(this.lineDrawing);
    this.blocks = this.find(".blocks");
    this.blocks.replaceChildren(...network.layerNames.map((name) => this.blockButton(name)));
    this.strength = 1;
  }

  find(selector) {
    return this.root.querySelector(selector);
  }

  column(name, onPick) {
    const host = document.createElement("figure");
    const canvas = document.createElement("canvas");
    const mark = Object.assign(document.createElement("i"), { className: "mark", hidden: true });
    const caption = Object.assign(document.createElement("figcaption"), { textContent: name });
    canvas.setAttribute("aria-hidden", "true");
    host.append(canvas, mark, caption);
    const maps = new Mosaic(host, () => {});
    canvas.addEventListener("click", (event) => {
      const place = maps.pixelAt(event);
      if (place) onPick(place.tile, place);
    });
    return { host, maps };
  }

  blockButton(name) {
    const label = document.createElement("label");
    const input = Object.assign(document.createElement("input"), { type: "radio", name: "block", value: name });
    input.addEventListener("change", () => this.article.set("block", name));
    label.append(input, Object.assign(document.createElement("span"), { textContent: name }));
    return label;
  }

  /** Look at the picture: uint8 (side, side, channels). */
  look(pixels) {
    this.pixels = pixels;
    this.network.see(pixels);
  }

  get layer() {
    const found = this.network.layerNames.indexOf(this.article.values.block);
    return found >= 0 ? found : 1; // the first layer that keeps to bits
  }

  get channel() {
    return Math.min(this.article.values.map, this.network.activations[this.layer].bits.channels - 1);
  }

  pick(layer, tile, { row, column }) {
    const channel = this.firstShown(layer) + tile;
    this.pixel = { row, column };
    this.article.set("block", this.network.layerNames[layer]);
    this.article.set("map", channel);
  }

  point(row, column) {
    const { height, width } = this.network.activations[this.layer].bits;
    this.pixel = { row: Math.max(0, Math.min(height - 1, row)), column: Math.max(0, Math.min(width - 1, column)) };
    this.article.touch("map");
  }

  firstShown(layer) {
    if (layer !== this.layer) return 0;
    const { channels } = this.network.activations[layer].bits;
    return Math.max(0, Math.min(this.channel - (GRAPH_MAPS >> 1), channels - GRAPH_MAPS));
  }

  measure() {
    const room = this.stations.clientWidth;
    const columns = this.layers.length + 2;
    this.side = Math.max(28, Math.min(64, Math.floor((room - 8 * columns) / columns)));
    this.large.measure();
    this.productRoom = this.find(".products").clientWidth;
    this.lineRoom = this.line.clientWidth;
  }

  // ---- drawing

  draw() {
    const { network, article } = this;
    if (article.values.inside !== this.strength) this.cut(article.values.inside);
    const { channels, height, width } = network.activations[this.layer].bits;
    article.limit("map", channels - 1);
    this.pixel.row = Math.min(this.pixel.row, height - 1);
    this.pixel.column = Math.min(this.pixel.column, width - 1);
    for (const input of this.blocks.querySelectorAll("input")) input.checked = input.value === network.layerNames[this.layer];
    this.drawColumns();
    this.drawBit();
    this.drawEdges();
    this.drawAnswers();
  }

  /** All layers by their own kernel at another strength. */
  cut(strength) {
    this.strength = strength;
    this.network.trained.forEach((plain, layer) => {
      this.network.setKernel(layer, { ...kernelOf(plain), strength });
    });
    this.network.see(this.pixels);
  }

  bitsOf(layer, channel) {
    const { bits } = this.network.activations[layer];
    const out = new Uint8Array(bits.height * bits.width);
    this.network.engine.readBits(bits, channel, out);
    return out;
  }

  drawColumns() {
    const { network, side } = this;
    const edge = network.side;
    this.input.maps.layOut(1, { rows: edge, columns: edge }, side, side);
    paintColours(this.input.maps, this.pixels, edge);
    this.layers.forEach(({ maps, host }, layer) => {
      const { bits } = network.activations[layer];
      const count = Math.min(GRAPH_MAPS, bits.channels);
      maps.layOut(count, { rows: bits.height, columns: bits.width }, side, side);
      for (let k = 0; k < count; k++) maps.paint(k, this.bitsOf(layer, this.firstShown(layer) + k));
      maps.show();
      maps.mark(layer === this.layer ? this.channel - this.firstShown(layer) : -1);
      host.querySelector("figcaption").textContent = `${network.layerNames[layer]}: ${bits.channels}`;
    });
  }

  /** The chosen bit: its map enlarged, its products, its sum against the threshold. */
  drawBit() {
    const { network, layer, channel, pixel, article } = this;
    const { bits, conv, fanIn } = network.activations[layer];
    this.large.show({ index: this.bitsOf(layer, channel), colours: COLOURS.bits }, { rows: bits.height, columns: bits.width });
    this.large.describe(`Bits of ${network.layerNames[layer]}, map ${channel}`);
    this.large.markAt(pixel.row, pixel.column, 1);
    const made = probeBit(network, layer, channel, pixel.row, pixel.column);
    const whole = fanIn > 0;
    const write = (value) => signed(value, whole ? 0 : 2);
    this.drawProducts(made.products, conv.input.channels, windowSize(conv));
    this.drawLine(made, write);
    const agree = made.products.filter(({ input, weight }) => input * weight > 0).length;
    article.say({
      "bit-place": `${network.layerNames[layer]}, map ${channel}, row ${pixel.row}, column ${pixel.column}`,
      "bit-sum": whole
        ? `${made.products.length} products: ${agree} agree, ${made.products.length - agree} differ, the sum is ${write(made.windows[made.best].sum)}.`
        : `${made.products.length} products of real pixels: the sum is ${write(made.value)}. Only this first layer multiplies.`,
      "bit-pool": made.windows.length > 1 ? `The largest of four such sums counts: ${write(made.value)}.` : "",
      "bit-cut": `Batch norm and threshold together ask for ${made.flipped ? "less than" : "at least"} ${write(made.cut)}: the bit is ${made.bit ? "+1" : "−1"}.`,
    });
  }

  drawProducts(products, channels, size) {
    const { products: canvas } = this;
    const ratio = devicePixelRatio;
    const room = Math.max(120, this.productRoom);
    const unit = Math.max(2, Math.floor(Math.min(channels > 64 ? 4 : 6, room / 24))) * Math.ceil(ratio);
    const block = size * unit + BLOCK_GAP * Math.ceil(ratio);
    const across = Math.max(1, Math.min(channels, Math.floor((room * ratio) / block)));
    const [width, height] = [across * block, Math.ceil(channels / across) * block];
    if (canvas.width !== width || canvas.height !== height) {
      Object.assign(canvas, { width, height });
      canvas.style.width = `${width / ratio}px`;
    }
    const context = canvas.getContext("2d");
    context.clearRect(0, 0, width, height);
    for (const { tap, channel, input, weight } of products) {
      const [x, y] = [(channel % across) * block + (tap % size) * unit, Math.floor(channel / across) * block + Math.floor(tap / size) * unit];
      const value = input * weight;
      context.fillStyle = value > 0 ? SWITCHED_ON : value < 0 ? SWITCHED_OFF : "#9BA0AA";
      context.fillRect(x, y, unit - 1, unit - 1);
    }
    canvas.setAttribute("aria-label", `The products of the window, ${size} by ${size} for each of ${channels} maps`);
  }

  drawLine(made, write) {
    const width = Math.max(200, this.lineRoom);
    const height = 74;
    const svg = this.lineDrawing;
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const most = 1.25 * Math.max(Math.abs(made.value), Math.abs(made.cut) < MAX_CUT ? Math.abs(made.cut) : 0, made.products.length / 8);
    const at = (value) => width / 2 + (Math.max(-most, Math.min(most, value)) / most) * (width / 2 - 12);
    const parts = [];
    const add = (name, attributes, text) => {
      const element = svgElement(name, attributes);
      if (text) element.textContent = text;
      parts.push(element);
    };
    const [from, to] = made.flipped ? [12, at(made.cut)] : [at(made.cut), width - 12];
    add("rect", { x: from, y: 30, width: Math.max(0, to - from), height: 12, class: "fires" });
    add("line", { x1: 12, y1: 36, x2: width - 12, y2: 36, class: "axis" });
    add("line", { x1: at(0), y1: 32, x2: at(0), y2: 40, class: "axis" });
    add("text", { x: at(0), y: 56, "text-anchor": "middle", class: "number" }, "0");
    add("line", { x1: at(made.cut), y1: 20, x2: at(made.cut), y2: 46, class: "threshold" });
    add("text", { x: at(made.cut), y: 14, "text-anchor": at(made.cut) > width - 90 ? "end" : "start", class: "label this" }, `fires ${made.flipped ? "below" : "from"} ${write(made.cut)}`);
    add("circle", { cx: at(made.value), cy: 36, r: 6, class: `dot ${made.bit ? "this" : "sign"}` });
    add("text", { x: at(made.value), y: 70, "text-anchor": "middle", class: "label" }, `sum ${write(made.value)}`);
    svg.replaceChildren(...parts);
    svg.setAttribute("aria-label", `The sum ${write(made.value)} against the threshold ${write(made.cut)}`);
  }

  /** Weights from the maps before to the chosen one: how many of the nine are +1, or −1. */
  drawEdges() {
    const { network, layer, channel } = this;
    const { conv } = network.activations[layer];
    const frame = this.stations.getBoundingClientRect();
    this.edges.setAttribute("viewBox", `0 0 ${frame.width} ${frame.height}`);
    const middle = (maps, tile, right) => {
      const box = maps.canvas.getBoundingClientRect();
      const unit = maps.wide / maps.ratio;
      const { left, top } = maps.corner(tile);
      return [box.left - frame.left + left / maps.ratio + (right ? unit : 0), box.top - frame.top + top / maps.ratio + unit / 2];
    };
    const [x2, y2] = middle(this.layers[layer].maps, channel - this.firstShown(layer), false);
    const before = layer > 0 ? this.layers[layer - 1].maps : this.input.maps;
    const taps = windowSize(conv) ** 2;
    const lines = [];
    for (let k = 0; k < before.count; k++) {
      let sum = 0;
      const from = layer > 0 ? [this.firstShown(layer - 1) + k] : Array.from({ length: conv.input.channels }, (_, c) => c);
      for (const one of from) {
        for (let tap = 0; tap < taps; tap++) sum += Math.sign(network.engine.weight(conv, channel, tap, one));
      }
      const [x1, y1] = middle(before, k, true);
      const share = Math.abs(sum) / (taps * from.length);
      lines.push(svgElement("path", {
        d: `M${x1} ${y1}C${(x1 + x2) / 2} ${y1} ${(x1 + x2) / 2} ${y2} ${x2} ${y2}`,
        class: sum >= 0 ? "plus" : "minus", "stroke-width": 1 + 3 * share,
      }));
    }
    this.edges.replaceChildren(...lines);
  }

  drawAnswers() {
    const shares = this.network.probabilities();
    const order = [...shares.keys()].sort((a, b) => shares[b] - shares[a]).slice(0, ANSWERS);
    this.answers.replaceChildren(...order.map((k) => {
      const row = document.createElement("li");
      row.textContent = `${this.network.about.classes[k]} ${(100 * shares[k]).toFixed(0)} %`;
      row.style.setProperty("--share", shares[k]);
      return row;
    }));
  }
}

/** Pixels in colour on the first tile of a mosaic: RGB bytes, side × side. */
function paintColours(maps, pixels, side) {
  const colours = new Uint32Array(side * side);
  for (let p = 0; p < colours.length; p++) {
    colours[p] = ((255 << 24) | (pixels[3 * p + 2] << 16) | (pixels[3 * p + 1] << 8) | pixels[3 * p]) >>> 0;
  }
  const where = { zoom: maps.zoom, left: 0, top: 0 };
  const index = Uint16Array.from(colours, (_, p) => p);
  paintLayer(maps.pixels, maps.canvas, maps.map, where, { index, colours });
  maps.show();
}
