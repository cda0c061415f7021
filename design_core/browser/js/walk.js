// The living walk: one network as one drawing, and a bit of it taken apart.
//
// Every layer is a station: x as batch norm gives it, the tile of thresholds, the bits. Pointing at a
// bit lights its window in the layer before, its threshold and its kernel cell, and writes out its sum.
// Weights are flipped where their products are drawn; whatever is changed, all stations follow.

const STATION_SIDE = 96; // CSS pixels of the maps
const STAGE_SIDE = 144;
const PHONE_SIDE = 232; // where a station has the screen to itself, and fingers point

class Walk {
  /**
   * @param {HTMLElement} root
   * @param {Live} live
   */
  constructor(root, live) {
    // Before an audience the right one is taken apart: the other one is Sign as a rule.
    Object.assign(this, { root, live, which: live.presenter ? 1 : 0 });
    this.products = new Products(this.find(".products"), (tap, channel) => this.flip(tap, channel));
    this.all("[data-which]").forEach((button, k) => button.addEventListener("click", () => {
      this.which = k;
      this.take();
    }));
    this.find(".unflip").addEventListener("click", () => this.unflip());
    this.find(".stations").addEventListener("scroll", () => this.drawLinks());
    this.take();
  }

  find(selector) {
    return this.root.querySelector(selector);
  }

  all(selector) {
    return [...this.root.querySelectorAll(selector)];
  }

  get side() {
    return this.live.sides[this.which];
  }

  get network() {
    return this.side.network;
  }

  /** CSS pixels that a map of a station may take. */
  get room() {
    if (this.live.phone) return PHONE_SIDE;
    return this.live.presenter ? STAGE_SIDE : STATION_SIDE;
  }

  /** Draw the stations of the network, which may be another one. */
  take() {
    const { network, live } = this;
    this.all("[data-which]").forEach((button, k) => {
      button.textContent = live.names()[k];
      button.setAttribute("aria-pressed", k === this.which);
    });
    live.root.dataset.which = this.which;
    this.flips = 0;
    this.channels = network.activations.map(() => 0);
    const first = Math.min(1, network.activations.length - 1);
    const { bits } = network.activations[first];
    this.probe = { layer: first, row: bits.height >> 1, column: bits.width >> 1 };
    this.held = false;
    const chain = network.activations.every(({ conv }, layer) => conv || (layer === 0 && network.cutsPicture));
    this.find(".chain").hidden = !chain;
    this.find(".no-chain").hidden = chain;
    this.stations = chain ? network.activations.map((activation, layer) => this.station(activation, layer)) : [];
    this.picture = this.pictureStation();
    this.bars = Array.from({ length: BARS }, answerBar);
    const classes = live.clone(".station.classes");
    classes.querySelector("ol").replaceChildren(...this.bars.map(({ row }) => row));
    this.find(".row").replaceChildren(this.picture.root, ...this.stations.map(({ root }) => root), classes);
    live.drawn = false;
  }

  pictureStation() {
    const root = this.live.clone(".station.picture");
    return { root, maps: new Mosaic(root.querySelector(".map"), () => {}) };
  }

  station(activation, layer) {
    const { network } = this;
    const root = this.live.clone(".station.layer");
    const find = (selector) => root.querySelector(selector);
    find("h4").textContent = network.layerNames[layer];
    find(".op").textContent = operationWords(activation);
    const station = {
      root,
      x: new Mosaic(find(".x"), () => {}),
      tile: find(".tile"),
      bits: new Mosaic(find(".bits"), () => {}),
    };
    for (const maps of [station.x, station.bits]) this.listenTo(maps, layer);
    for (const button of root.querySelectorAll("[data-turn]")) {
      button.addEventListener("click", () => this.turn(layer, Number(button.dataset.turn)));
    }
    return station;
  }

  listenTo(maps, layer) {
    const { canvas } = maps;
    const take = (event, held) => {
      const pixel = maps.pixelAt(event);
      if (!pixel) return;
      this.held = held;
      this.point(layer, pixel.row, pixel.column);
    };
    // A finger that is drawn over bits reads one after the other, and leaves the last one held.
    canvas.addEventListener("pointermove", (event) => {
      if (event.pointerType === "touch") take(event, true);
      else if (!this.held) take(event, false);
    });
    canvas.addEventListener("click", (event) => {
      const pixel = maps.pixelAt(event);
      const same = this.held && pixel && this.probe.layer === layer
        && this.probe.row === pixel.row && this.probe.column === pixel.column;
      take(event, !same);
    });
    canvas.addEventListener("keydown", (event) => {
      const steps = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
      if (!(event.key in steps) || event.ctrlKey || event.altKey || event.metaKey) return;
      const { height, width } = this.network.activations[layer].bits;
      const [down, right] = steps[event.key];
      const from = this.probe.layer === layer ? this.probe : { row: -down, column: -right };
      this.held = true;
      this.point(layer, (from.row + down + height) % height, (from.column + right + width) % width);
      event.preventDefault();
      event.stopPropagation();
    });
  }

  point(layer, row, column) {
    this.probe = { layer, row, column };
    this.side.kernels.showLayer(layer);
    this.live.drawn = false;
  }

  /** Show another map of a layer. */
  turn(layer, by) {
    const { channels } = this.network.activations[layer].bits;
    this.channels[layer] = (this.channels[layer] + by + channels) % channels;
    this.live.drawn = false;
  }

  flip(tap, channel) {
    const { layer } = this.probe;
    this.network.engine.flip(this.network.activations[layer].conv, this.channels[layer], tap, channel);
    this.flips += 1;
    this.live.changed();
    this.live.settled();
  }

  /** All weights as trained; kernels stay as they are. */
  unflip() {
    const { side, live, probe, channels } = this;
    live.giveNetwork(side, side.number, side.kernels.codes());
    this.take();
    Object.assign(this, { probe, channels });
    live.again();
  }

  // ---- drawing

  draw() {
    if (!this.stations.length) return;
    const { network, side } = this;
    const { channels } = network;
    const edge = network.side;
    this.picture.maps.layOut(1, { rows: edge, columns: edge }, this.room, this.room);
    const { colours, index } = seenPixels(side.pixels, channels);
    this.picture.maps.paint(0, index, colours);
    this.picture.maps.show();
    this.stations.forEach((station, layer) => this.drawStation(station, layer));
    const { classes } = network.about;
    this.bars.forEach((bar, k) => {
      bar.row.hidden = k >= side.order.length;
      if (k < side.order.length) drawAnswerBar(bar, classes[side.order[k]], side.probabilities[side.order[k]]);
    });
    this.drawProbe();
    this.drawLinks();
  }

  drawStation(station, layer) {
    const { network, channels } = this;
    const activation = network.activations[layer];
    const { height: rows, width: columns } = activation.bits;
    const channel = channels[layer];
    const values = new Float32Array(rows * columns);
    activation.refresh(channel, channel + 1);
    network.engine.readValues(activation.x, channel, values);
    const grey = new Uint8Array(values.length);
    greyMap(values.map((value) => network.realValue(layer, channel, value)), grey);
    station.x.layOut(1, { rows, columns }, this.room, this.room);
    station.x.paint(0, grey, COLOURS.grey);
    station.x.show();
    station.bits.layOut(1, { rows, columns }, this.room, this.room);
    station.bits.paint(0, this.side.bitsOf(layer, channel));
    station.bits.show();
    drawTile(station.tile, network.kernels[layer], channel, { rows, columns });
    station.root.querySelector(".channel").textContent = `map ${channel}`;
    station.root.classList.toggle("probed", layer === this.probe.layer);
    const what = `${network.layerNames[layer]}, map ${channel}`;
    station.x.canvas.setAttribute("aria-label", `x of ${what}`);
    station.bits.canvas.setAttribute("aria-label", `Bits of ${what}. Arrow keys point at one.`);
  }

  /** The bit that is pointed at, in numbers. */
  drawProbe() {
    const { network, probe: { layer, row, column }, channels } = this;
    const { conv, fanIn } = network.activations[layer];
    const made = probeBit(network, layer, channels[layer], row, column);
    this.made = made;
    this.find(".probe-title").textContent = `${network.layerNames[layer]}, map ${channels[layer]}, row ${row}, column ${column}`;
    const list = probeWords(made, {
      fanIn, kernel: network.kernels[layer], norm: network.norms[layer], channel: channels[layer],
    });
    this.find(".made").replaceChildren(...list.map(([term, text]) => {
      const line = document.createElement("div");
      const [dt, dd] = ["dt", "dd"].map((tag) => document.createElement(tag));
      dt.textContent = term;
      dd.textContent = text;
      line.append(dt, dd);
      return line;
    }));
    this.products.draw(conv, made.products, this.live.phone);
    this.find(".products").hidden = !conv;
    const button = this.find(".unflip");
    button.hidden = this.flips === 0;
    button.textContent = `${this.flips} flipped: weights as trained`;
    this.side.kernels.panel.light(made.place.cell, made.place.slice);
  }

  /** Lines from the window in the layer before to the pixel, and frames around both. */
  drawLinks() {
    const svg = this.find(".links");
    const { stations, probe, network } = this;
    if (!stations.length || !this.made) return;
    const frame = this.find(".row").getBoundingClientRect();
    svg.setAttribute("viewBox", `0 0 ${frame.width} ${frame.height}`);
    svg.style.width = `${frame.width}px`;
    svg.style.height = `${frame.height}px`;
    const own = stations[probe.layer];
    const at = (maps, row, column, rows = 1, columns = 1) => {
      const box = maps.canvas.getBoundingClientRect();
      const unit = box.width / maps.map.columns;
      return {
        x: box.left - frame.left + column * unit, y: box.top - frame.top + row * unit,
        width: columns * unit, height: rows * unit,
      };
    };
    const pixel = at(own.x, probe.row, probe.column);
    const shapes = [pixel, at(own.bits, probe.row, probe.column)].map((box) => svgElement("rect", box));
    const { conv } = network.activations[probe.layer];
    if (conv) {
      const before = probe.layer > 0 ? stations[probe.layer - 1].bits : this.picture.maps;
      const size = windowSize(conv);
      const { row, column } = tapPlace(conv, this.made.windows[this.made.best], 0);
      const window = at(before, row, column, size, size);
      shapes.push(svgElement("rect", window));
      for (const side of [0, 1]) {
        shapes.push(svgElement("line", {
          x1: window.x + window.width, y1: window.y + side * window.height,
          x2: pixel.x, y2: pixel.y + side * pixel.height,
        }));
      }
    }
    svg.replaceChildren(...shapes);
  }
}

/** What comes before the cut, in words. */
function operationWords({ conv, x }) {
  if (!conv) return "cut as it is";
  const size = windowSize(conv);
  const pool = conv.pool ? ", largest of 2×2" : "";
  const kind = conv.layer.kind === "RealConv" ? "real weights" : "XNOR and count";
  return `${size}×${size}, ${conv.input.channels} → ${x.channels}: ${kind}${pool}`;
}

/** The thresholds as they lie over the map: the kernel's slice, tiled. */
function drawTile(canvas, kernel, channel, { rows, columns }) {
  const [slices, d1, d2] = kernel.shape;
  const thresholds = sliceThresholds(kernel, channel % slices);
  const [low, high] = [Math.min(...levelThresholds(kernel)), Math.max(...levelThresholds(kernel))];
  const [tall, wide] = [Math.min(rows, Math.max(4, d1)), Math.min(columns, Math.max(4, d2))];
  const layout = `${tall} ${wide}`;
  if (canvas.dataset.layout !== layout) {
    canvas.dataset.layout = layout;
    [canvas.width, canvas.height] = [wide, tall];
  }
  const image = new ImageData(wide, tall);
  for (let i = 0; i < tall; i++) {
    for (let j = 0; j < wide; j++) {
      const grey = shade(thresholds[(i % d1) * d2 + (j % d2)], low, high);
      image.data.set([grey, grey, grey, 255], 4 * (i * wide + j));
    }
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
}

/** A probe as terms and numbers. */
function probeWords(made, { fanIn, kernel, norm, channel }) {
  const words = [];
  const whole = fanIn > 0;
  const write = (value) => signed(value, whole ? 0 : 3);
  if (made.windows.length) {
    const agree = made.products.filter(({ input, weight }) => input * weight > 0).length;
    const differ = made.products.filter(({ input, weight }) => input * weight < 0).length;
    const sum = made.windows[made.best].sum;
    words.push(whole
      ? ["XNOR and count", `${agree} agree − ${differ} differ = ${write(sum)}`]
      : ["Sum of products", write(sum)]);
    if (made.windows.length > 1) {
      words.push(["Largest of four", `${made.windows.map((one) => write(one.sum)).join(", ")} → ${write(made.value)}`]);
    }
  }
  if (norm) {
    const slope = norm.scale[channel] * norm.slope[channel];
    words.push(["Batch norm", `${write(made.value)} · ${signed(slope, 4)} + ${signed(norm.offset[channel], 3)} = ${signed(made.x, 3)}`]);
  }
  const [, , d2] = kernel.shape;
  const { cell, slice } = made.place;
  const level = kernel.levelSet[kernel.ranks[slice * kernel.shape[1] * d2 + cell]];
  const where = kernel.shape[1] * d2 > 1 ? `, cell ${Math.floor(cell / d2)}, ${cell % d2} (level ${level})` : "";
  words.push(["Threshold", `${signed(made.threshold, 3)}${where}`]);
  const fires = made.x >= made.threshold;
  words.push(["Bit", `${signed(made.x, 3)} ${fires ? "≥" : "<"} ${signed(made.threshold, 3)}: ${made.bit ? "+1" : "−1"}`]);
  if (whole) {
    const rule = made.flipped ? `below ${write(made.cut)}` : `from ${write(made.cut)} on`;
    words.push(["On the engine", `fires ${rule}; the sum is ${write(made.value)}`]);
  }
  return words;
}

const PRODUCT_UNIT = 7; // CSS pixels of a product among many
const PHONE_UNIT = 16; // for fingers
const PRODUCT_LARGE = 34; // of one among so few that numbers fit
const PRODUCT_GAP = 8;

/** The products of a window: bits above, weights in the middle, what agrees below. */
class Products {
  /**
   * @param {HTMLElement} root
   * @param {(tap: number, channel: number) => void} onFlip
   */
  constructor(root, onFlip) {
    Object.assign(this, { root, onFlip, chosen: null });
    this.canvas = root.querySelector("canvas");
    this.context = this.canvas.getContext("2d");
    this.canvas.addEventListener("click", (event) => {
      const at = this.at(event);
      if (!at) return;
      this.chosen = at;
      onFlip(at.tap, at.channel);
    });
    this.canvas.addEventListener("keydown", (event) => this.onKey(event));
  }

  onKey(event) {
    const { size, channels } = this.shape ?? {};
    if (!size || event.ctrlKey || event.altKey || event.metaKey) return;
    const { tap, channel } = this.chosen ?? { tap: 0, channel: 0 };
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -size, ArrowDown: size };
    if (event.key in steps) {
      const place = channel * size * size + tap + steps[event.key];
      const total = channels * size * size;
      const next = (place + total) % total;
      this.chosen = { tap: next % (size * size), channel: Math.floor(next / (size * size)) };
      this.draw(this.conv, this.made);
    } else if (event.key === "Enter") this.onFlip(tap, channel);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  draw(conv, products, phone = this.phone) {
    Object.assign(this, { conv, made: products, phone });
    if (!conv) return;
    const size = windowSize(conv);
    const channels = conv.input.channels;
    const large = conv.layer.kind === "RealConv";
    const unit = large ? PRODUCT_LARGE : phone ? PHONE_UNIT : PRODUCT_UNIT;
    const tall = large ? 18 : unit;
    const room = Math.max(160, this.root.clientWidth);
    const width = size * unit;
    const perRow = Math.max(1, Math.floor((room + PRODUCT_GAP) / (width + PRODUCT_GAP)));
    const height = 3 * (size * tall + 3) + PRODUCT_GAP;
    const rows = Math.ceil(channels / perRow);
    this.shape = { size, channels, unit, tall, width, height, perRow };
    this.fit(Math.min(channels, perRow) * (width + PRODUCT_GAP), rows * height);
    this.context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    for (const one of products) this.drawProduct(one, large);
    if (this.chosen && this.chosen.channel < channels) this.drawChosen();
    this.tellChosen();
  }

  fit(width, height) {
    const ratio = devicePixelRatio;
    const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (this.canvas.width !== w) this.canvas.width = w;
    if (this.canvas.height !== h) this.canvas.height = h;
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${height}px`;
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
  }

  /** Where one of the three grids of a product's channel begins. */
  corner(channel, grid) {
    const { size, tall, width, height, perRow } = this.shape;
    return {
      left: (channel % perRow) * (width + PRODUCT_GAP),
      top: Math.floor(channel / perRow) * height + grid * (size * tall + 3),
    };
  }

  drawProduct({ tap, channel, input, weight }, large) {
    const { size, unit, tall } = this.shape;
    const [i, j] = [Math.floor(tap / size), tap % size];
    const values = [input, weight, input * weight];
    values.forEach((value, grid) => {
      const { left, top } = this.corner(channel, grid);
      const box = [left + j * unit, top + i * tall, unit - 1, tall - 1];
      this.context.fillStyle = productColour(value, grid, large);
      this.context.fillRect(...box);
      if (!large) return;
      this.context.fillStyle = "#14161A";
      this.context.font = "10px system-ui, sans-serif";
      this.context.textAlign = "center";
      this.context.textBaseline = "middle";
      this.context.fillText(signed(value, 2), box[0] + unit / 2, box[1] + tall / 2);
    });
  }

  drawChosen() {
    const { size, unit, tall } = this.shape;
    const { tap, channel } = this.chosen;
    const { left, top } = this.corner(channel, 1);
    this.context.strokeStyle = getComputedStyle(this.canvas).getPropertyValue("--accent") || "#3B5BDB";
    this.context.lineWidth = 2;
    this.context.strokeRect(left + (tap % size) * unit - 1, top + Math.floor(tap / size) * tall - 1, unit + 1, tall + 1);
  }

  /** What the keys have chosen, in words. */
  tellChosen() {
    const place = this.root.querySelector(".product");
    const { chosen, shape: { size, channels } } = this;
    if (!chosen || chosen.channel >= channels || chosen.tap >= size * size) {
      place.textContent = "";
      return;
    }
    const { input, weight } = this.made.find(({ tap, channel }) => tap === chosen.tap && channel === chosen.channel);
    const digits = Number.isInteger(input) && Number.isInteger(weight) ? 0 : 2;
    place.textContent = `Channel ${chosen.channel}, row ${Math.floor(chosen.tap / size)}, column ${chosen.tap % size}: `
      + `${signed(input, digits)} times weight ${signed(weight, digits)}`;
  }

  /** Tap and channel under the pointer; null beside the products. */
  at({ clientX, clientY }) {
    if (!this.shape) return null;
    const { size, channels, unit, tall, width, height, perRow } = this.shape;
    const box = this.canvas.getBoundingClientRect();
    const [x, y] = [clientX - box.left, clientY - box.top];
    const [across, down] = [Math.floor(x / (width + PRODUCT_GAP)), Math.floor(y / height)];
    const channel = down * perRow + across;
    const j = Math.floor((x - across * (width + PRODUCT_GAP)) / unit);
    const i = Math.floor(((y - down * height) % (size * tall + 3)) / tall);
    const beside = x < 0 || y < 0 || channel >= channels || across >= perRow || j >= size || i >= size;
    return beside ? null : { tap: i * size + j, channel };
  }
}

/** Bits and weights in ink and paper, products in blue where they agree and orange where not. */
function productColour(value, grid, large) {
  if (large) {
    const share = Math.min(1, Math.abs(value) / (grid === 1 ? 0.6 : 2));
    const [from, to] = [[247, 245, 240], value > 0 ? [142, 190, 222] : [240, 205, 130]];
    return `rgb(${from.map((one, k) => Math.round(one + share * (to[k] - one))).join(",")})`;
  }
  if (value === 0) return "#8C9098";
  if (grid < 2) return value > 0 ? PAPER : INK;
  return value > 0 ? SWITCHED_ON : SWITCHED_OFF;
}
