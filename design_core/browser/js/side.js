// One of the two networks that look at the same pictures: what it sees, its answer, its maps.

const BARS = 5; // classes shown
const STRIP = 8; // maps of each layer in the overview
const STAGE_STRIP = 6; // before an audience
const SEES_SIDE = 160; // CSS pixels of what the network sees, where there is room
const SEES_SMALL = 96; // beside its answer in a narrow place
const SEES_ROOM = 380; // from which width on there is room
const STRIP_SIDE = 42; // of each map in the overview, at most
const STRIP_NAME = 66; // CSS pixels of a layer's name beside them
const ALL_SIDE = 22; // of a map among all of a layer
const LARGE_SIDE = 208; // of the chosen map
const RESORT_MS = 300; // classes change places no more often, while pictures move
const TIMES = 40; // frames over which the time is a mean; clocks of pages tick in tenths of ms

class Side {
  /**
   * @param {HTMLElement} root
   * @param {Live} live  what it belongs to
   */
  constructor(root, live) {
    Object.assign(this, { root, live, strips: [], times: [], sorted: 0 });
    const { changed, settled } = live;
    this.kernels = new KernelControl(this.find(".kernel-box"), live.offered, {
      changed, settled, channel: () => live.state.channel,
    });
    this.sees = new Mosaic(this.find(".sees"), () => {});
    this.maps = new Mosaic(this.find(".maps"), (channel) => live.choose(live.state.layer, channel));
    this.large = new Mosaic(this.find(".large"), () => {});
    this.bars = Array.from({ length: BARS }, answerBar);
    this.find(".bars").replaceChildren(...this.bars.map(({ row }) => row));
    this.select = this.find(".network");
    this.select.addEventListener("change", () => live.takeNetwork(this, Number(this.select.value)));
    this.readout = new Readout(this);
  }

  find(selector) {
    return this.root.querySelector(selector);
  }

  /** Offer networks by their names. */
  offer(names) {
    this.select.replaceChildren(...names.map((name, k) => new Option(name, k)));
  }

  /** Show this network, its kernels as the codes say. */
  take(network, number, codes) {
    Object.assign(this, { network, number, times: [], sorted: 0, order: null });
    this.select.value = number;
    this.find(".about").textContent = network.about.about;
    this.kernels.take(network, codes);
    this.buffers = network.activations.map(({ bits }) => new Uint8Array(bits.height * bits.width));
    this.strips = network.layerNames.map((name, layer) => this.strip(name, layer));
    this.find(".strips").replaceChildren(...this.strips.map(({ row }) => row));
  }

  strip(name, layer) {
    const row = this.live.clone(".strip-row");
    const button = row.querySelector("button");
    button.textContent = name;
    button.addEventListener("click", () => this.live.choose(layer, 0));
    const { channels, height, width } = this.network.activations[layer].bits;
    button.title = `${channels} maps of ${height}×${width} bits`;
    const mosaic = new Mosaic(row.querySelector(".strip"), (channel) => this.live.choose(layer, channel));
    return { row, button, mosaic };
  }

  /** Look at the picture: uint8 (side, side, channels). */
  look(pixels) {
    this.network.see(pixels);
    this.pixels = pixels;
    this.times = [...this.times.slice(1 - TIMES), this.network.milliseconds];
    this.probabilities = this.network.probabilities();
    this.best = this.probabilities.indexOf(Math.max(...this.probabilities));
  }

  /** Mean time of the network for a picture, the slowest tenth left out. */
  get milliseconds() {
    const sorted = [...this.times].sort((a, b) => a - b);
    const kept = sorted.slice(0, Math.ceil(0.9 * sorted.length));
    return kept.reduce((sum, time) => sum + time, 0) / Math.max(1, kept.length);
  }

  /** The class that it names. */
  get answer() {
    return this.network.about.classes[this.best];
  }

  // ---- drawing

  /** Bring all that is visible up to date. */
  draw(now) {
    if (!this.probabilities) return;
    this.drawBars(now);
    if (this.live.apart) return;
    this.measure();
    this.drawSeen();
    this.find(".ms").textContent = `${this.milliseconds.toFixed(2)} ms`;
    if (this.live.state.view === "frames") {
      this.strips.forEach((_, layer) => this.drawStrip(layer));
      this.drawChosen();
    }
  }

  /** Take the width that maps have, once for each layout of the page: to ask for it costs a layout. */
  measure() {
    if (this.measured === this.live.layouts) return;
    this.measured = this.live.layouts;
    const { phone, presenter } = this.live;
    const wide = this.find(".answer").clientWidth;
    this.seesSide = phone || wide >= SEES_ROOM ? Math.min(SEES_SIDE, wide) : SEES_SMALL;
    this.room = this.find(".strips").clientWidth;
    this.count = presenter ? STAGE_STRIP : STRIP;
    const room = this.room - (presenter ? 0 : STRIP_NAME);
    this.fitting = Math.floor((room + MOSAIC_GAP) / this.count) - MOSAIC_GAP;
    if (presenter && !phone) {
      this.seesSide = Math.min(0.45 * wide, 0.34 * innerHeight);
      this.fitting = Math.min(0.1 * innerHeight, this.fitting);
    } else this.fitting = Math.min(STRIP_SIDE, this.fitting);
  }

  drawBars(now) {
    const { classes } = this.network.about;
    const calm = this.order && this.live.playing && now - this.sorted < RESORT_MS;
    if (!calm) {
      this.sorted = now;
      this.order = [...classes.keys()].sort((a, b) => this.probabilities[b] - this.probabilities[a]).slice(0, BARS);
    }
    this.bars.forEach((bar, k) => {
      bar.row.hidden = k >= this.order.length;
      if (k < this.order.length) drawAnswerBar(bar, classes[this.order[k]], this.probabilities[this.order[k]]);
    });
  }

  /** Pixels as they are, or, of a network that cuts its picture, the bits of its colours. */
  drawSeen() {
    const { network, seesSide } = this;
    const { side } = network;
    this.sees.layOut(1, { rows: side, columns: side }, seesSide, seesSide);
    const { colours, index } = network.cutsPicture ? this.seenBits() : seenPixels(this.pixels, network.channels);
    this.sees.paint(0, index, colours);
    this.sees.show();
  }

  /** A colour for each pixel, made of the bits of its channels; several bits of a colour are added up. */
  seenBits() {
    const { bits } = this.network.activations[0];
    const count = bits.height * bits.width;
    const copies = bits.channels / this.network.channels;
    const levels = new Uint8Array(bits.channels * count);
    for (let c = 0; c < bits.channels; c++) this.network.engine.readBits(bits, c, levels.subarray(c * count));
    const shade = (pixel, colour) => {
      let on = 0;
      for (let k = 0; k < copies; k++) on += levels[(colour * copies + k) * count + pixel];
      return 20 + Math.round((227 * on) / copies); // between ink and paper
    };
    const pixels = Uint8Array.from({ length: count * this.network.channels }, (_, k) => (
      shade(Math.floor(k / this.network.channels), k % this.network.channels)
    ));
    return seenPixels(pixels, this.network.channels);
  }

  bitsOf(layer, channel) {
    const buffer = this.buffers[layer];
    this.network.engine.readBits(this.network.activations[layer].bits, channel, buffer);
    return buffer;
  }

  drawStrip(layer) {
    const { mosaic, button } = this.strips[layer];
    const { channels, height: rows, width: columns } = this.network.activations[layer].bits;
    const count = Math.min(this.count, channels);
    const isChosen = layer === this.live.state.layer;
    mosaic.layOut(count, { rows, columns }, this.fitting, Infinity);
    button.setAttribute("aria-pressed", isChosen);
    for (let channel = 0; channel < count; channel++) mosaic.paint(channel, this.bitsOf(layer, channel));
    mosaic.show();
    mosaic.mark(isChosen ? this.live.state.channel : -1);
  }

  /** All maps of the chosen layer, and the chosen one large. */
  drawChosen() {
    const { layer, channel } = this.chosen();
    const { channels, height: rows, width: columns } = this.network.activations[layer].bits;
    this.maps.layOut(channels, { rows, columns }, ALL_SIDE, this.room);
    for (let k = 0; k < channels; k++) this.maps.paint(k, this.bitsOf(layer, k));
    this.maps.show();
    this.maps.mark(channel);
    this.large.layOut(1, { rows, columns }, LARGE_SIDE, LARGE_SIDE);
    this.large.paint(0, this.bitsOf(layer, channel));
    this.large.show();
    this.find(".large canvas").setAttribute("aria-label", `${this.network.layerNames[layer]}, map ${channel}, ${rows} by ${columns} bits`);
    this.find(".closer-title").textContent = `${this.network.layerNames[layer]}, map ${channel} of ${channels}`;
    this.readout.draw();
  }

  /** Layer and channel looked at, as far as this network has them. */
  chosen() {
    const { activations } = this.network;
    const layer = Math.min(this.live.state.layer, activations.length - 1);
    return { layer, channel: this.live.state.channel % activations[layer].bits.channels };
  }
}

/** RGB or grey pixels as indices into their own colours. */
function seenPixels(pixels, channels) {
  const count = pixels.length / channels;
  const colours = new Uint32Array(count);
  for (let k = 0; k < count; k++) {
    const at = k * channels;
    const [r, g, b] = channels === 3 ? [pixels[at], pixels[at + 1], pixels[at + 2]] : [pixels[at], pixels[at], pixels[at]];
    colours[k] = ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;
  }
  return { colours, index: Uint16Array.from(colours.keys()) };
}

/** One class of an answer: its name, its probability, a bar. */
function answerBar() {
  const row = document.createElement("li");
  const [name, share, track] = ["span", "b", "i"].map((tag) => document.createElement(tag));
  const fill = document.createElement("i");
  track.append(fill);
  row.append(name, share, track);
  return { row, name, share, fill };
}

function drawAnswerBar(bar, name, probability) {
  if (bar.name.textContent !== name) bar.name.textContent = name;
  bar.share.textContent = `${(100 * probability).toFixed(1)} %`;
  bar.fill.style.transform = `scaleX(${probability})`;
}

/** One pixel of the chosen map: x, T and the bit under the pointer, read anew with every frame. */
class Readout {
  /** @param {Side} side */
  constructor(side) {
    this.side = side;
    const canvas = side.find(".large canvas");
    canvas.addEventListener("pointermove", (event) => side.live.point(side.large.pixelAt(event)));
    canvas.addEventListener("pointerleave", () => side.live.point(null));
    canvas.addEventListener("click", (event) => side.live.pin(side.large.pixelAt(event)));
    canvas.addEventListener("keydown", (event) => {
      const steps = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
      if (!(event.key in steps) || event.ctrlKey || event.altKey || event.metaKey) return;
      const { row, column } = side.live.pointed ?? { row: 0, column: 0 };
      const [down, right] = side.live.pointed ? steps[event.key] : [0, 0];
      const { rows, columns } = side.large.map;
      side.live.pin({ row: (row + down + rows) % rows, column: (column + right + columns) % columns });
      event.preventDefault();
      event.stopPropagation();
    });
  }

  draw() {
    const { side } = this;
    const { rows, columns } = side.large.map;
    const at = side.live.pointed;
    const inside = at && at.row < rows && at.column < columns;
    const list = side.find(".read");
    list.dataset.empty = !inside;
    side.find(".cursor").hidden = !inside;
    if (!inside) {
      side.kernels.panel.light(-1, 0);
      return;
    }
    const { layer, channel } = side.chosen();
    const probe = probeBit(side.network, layer, channel, at.row, at.column);
    const sum = side.network.activations[layer].x.kind === "sums";
    const told = {
      place: `${at.row}, ${at.column}`, x: signed(probe.x, 3), threshold: signed(probe.threshold, 3),
      bit: probe.bit ? "+1" : "−1", sum: sum ? signed(probe.value, 0) : "",
    };
    for (const [name, text] of Object.entries(told)) {
      const cell = list.querySelector(`[data-read=${name}]`);
      cell.textContent = text;
      cell.parentElement.hidden = text === "";
    }
    const cursor = side.find(".cursor");
    const unit = side.large.zoom / side.large.ratio;
    cursor.style.left = `${at.column * unit}px`;
    cursor.style.top = `${at.row * unit}px`;
    cursor.style.width = cursor.style.height = `${unit}px`;
    side.kernels.showLayer(layer);
    side.kernels.panel.light(probe.place.cell, probe.place.slice);
  }
}
