// A packed network in WebAssembly: engine.c computes, this plans its memory and calls it.
//
// Each network has an instance of the module, and so a memory of its own. All of it is planned before
// any is taken: while pictures come, nothing is allocated. Maps in that memory are told by descriptors
// like those of packed.js with `at`, their first byte, and `bytes` (of bits) or `lanes` per pixel.

const MAX_MEMORY = 1 << 28; // bytes of weights and maps of one network
const PAGE = 65536;
const MAX_CELLS = 256; // of one slice of a kernel that is swapped in
const MAX_THRESHOLDS = 16 * MAX_CELLS; // of all its slices

/** The module, compiled; null where the browser lacks WebAssembly or its 128-bit SIMD. */
async function compiledEngine(bytes) {
  if (typeof WebAssembly !== "object" || !WebAssembly.validate(bytes)) return null;
  return WebAssembly.compile(bytes);
}

/** Places in the memory of a module: planned first, then taken all at once. */
class Plan {
  constructor(exports) {
    this.exports = exports;
    this.end = exports.__heap_base.value;
    this.fillings = [];
  }

  /** Room for so many bytes, which are 0 at first; vectors may be read a little beyond. */
  room(bytes) {
    const at = this.end;
    this.end = at + 16 * Math.ceil(bytes / 16) + 16;
    if (this.end > MAX_MEMORY) {
      throw new UnreadableError("This network is too large to run here: it takes more memory than a page has.");
    }
    return at;
  }

  /** Do this once the memory is there. */
  later(filling) {
    this.fillings.push(filling);
  }

  /** Room for these numbers. */
  copy(values) {
    const at = this.room(values.byteLength);
    const { constructor: Numbers, length } = values;
    this.later(() => new Numbers(this.exports.memory.buffer, at, length).set(values));
    return at;
  }

  /** Room for maps; at a convolution more than their kind needs, for sums before pooling. */
  maps(maps, { height, width } = maps) {
    const pixels = height * width;
    if (maps.kind === "bits") {
      const bytes = Math.ceil(maps.channels / 8);
      return { ...maps, bytes, at: this.room(pixels * bytes) };
    }
    const lanes = lanesOf(maps.channels);
    return { ...maps, lanes, at: this.room(pixels * lanes * (maps.kind === "sums" ? 2 : 4)) };
  }

  /** Rows of so many numbers, each filled up with zeros (or `rest`) to as many lanes. */
  spread(values, channels, lanes, rest = 0) {
    const rows = values.length / channels;
    const at = this.room(rows * lanes * values.BYTES_PER_ELEMENT);
    this.later(() => {
      const to = new values.constructor(this.exports.memory.buffer, at, rows * lanes).fill(rest);
      for (let k = 0; k < rows; k++) to.set(values.subarray(k * channels, (k + 1) * channels), k * lanes);
    });
    return at;
  }

  open() {
    const missing = this.end - this.exports.memory.buffer.byteLength;
    if (missing > 0) this.exports.memory.grow(Math.ceil(missing / PAGE));
    for (const fill of this.fillings) fill();
  }
}

/**
 * Where bits are made: what is cut, and by what.
 * @typedef {object} Activation
 * @property {object} x  the maps that are cut: sums, or real values
 * @property {object} bits  the maps that come out
 * @property {number} fanIn  products of a sum; 0 for real values
 * @property {number} rows  of the cuts, as `columns`
 * @property {number} cuts  where they lie: (rows, columns, lanes) of x's type
 * @property {number} flips  where they lie: a bit for each lane
 * @property {number} room  cells that there is room for
 * @property {?Convolution} conv  the convolution before it, whose sums it cuts
 * @property {(first: number, last: number) => void} refresh  brings channels first … last − 1 of x up
 *   to date: real sums are else computed only as far as bits hang on them
 */

/**
 * A convolution within a block.
 * @typedef {object} Convolution
 * @property {object} layer  as packed.js reads it
 * @property {object} input  maps
 * @property {number} weights  where they lie, in the order of engine.c
 * @property {number} lanes  of its sums
 * @property {boolean} pool
 * @property {() => void} changed  to be called when weights were changed
 */

class PackedEngine {
  /**
   * @param {WebAssembly.Module} module
   * @param {ReturnType<typeof readPacked>} network
   */
  constructor(module, network) {
    this.exports = new WebAssembly.Instance(module).exports;
    this.steps = [];
    /** @type {Activation[]} */
    this.activations = [];
    const plan = new Plan(this.exports);
    const [channels, height, width] = network.inputShape;
    const size = channels * height * width;
    this.input = { kind: "real", channels, height, width, lanes: channels, at: plan.room(4 * size) };
    this.maps = []; // what each layer gives
    for (const layer of network.layers) this.maps.push(this.plan(layer, this.maps.at(-1) ?? this.input, plan));
    const widest = Math.max(16, ...this.activations.map(({ x }) => x.lanes));
    this.scratch = { norm: plan.room(12 * widest), thresholds: plan.room(4 * MAX_THRESHOLDS), widest };
    plan.open();
    const { buffer } = this.exports.memory;
    this.u8 = new Uint8Array(buffer);
    this.i16 = new Int16Array(buffer);
    this.f32 = new Float32Array(buffer);
    this.pixels = this.f32.subarray(this.input.at / 4, this.input.at / 4 + size);
    this.prove();
  }

  /** As load_packed: ramps from −2 to 2 must get finite scores. */
  prove() {
    this.pixels.forEach((_, k) => { this.pixels[k] = -2 + (k % 257) / 64; });
    this.run();
    if (!this.scores().every(Number.isFinite)) {
      throw new UnreadableError("The network gives scores that are not finite, even for plain ramps.");
    }
  }

  /** Compute all layers for what stands in `pixels`: normalized, float32, (H, W, C). */
  run() {
    for (const step of this.steps) step();
  }

  /** The class scores of the last run. */
  scores() {
    const { at, channels } = this.maps.at(-1);
    return this.f32.slice(at / 4, at / 4 + channels);
  }

  /** Bits of one channel, 0 or 1, written to `out` (H·W). */
  readBits({ at, bytes, height, width }, channel, out) {
    const [first, shift] = [at + (channel >> 3), channel & 7];
    for (let k = 0; k < height * width; k++) out[k] = (this.u8[first + k * bytes] >> shift) & 1;
  }

  /** Values of one channel of real maps or sums, written to `out` (H·W). */
  readValues({ kind, at, lanes, height, width }, channel, out) {
    const [values, first] = kind === "sums" ? [this.i16, at / 2] : [this.f32, at / 4];
    for (let k = 0; k < height * width; k++) out[k] = values[first + channel + k * lanes];
  }

  /**
   * Cut an activation otherwise: batch norm and thresholds become cuts and flips, as pack() makes
   * them. Without a norm, x is cut by the thresholds as they are.
   * @param {Activation} activation
   * @param {?{scale: Float32Array, slope: Float32Array, offset: Float32Array}} norm
   * @param {Float32Array} thresholds  (slices, rows, columns)
   * @param {[number, number, number]} shape
   */
  fold(activation, norm, thresholds, [slices, rows, columns]) {
    const cells = rows * columns;
    if (cells > activation.room || thresholds.length > MAX_THRESHOLDS) {
      throw new RangeError(`Kernels here have up to ${MAX_CELLS} cells and ${MAX_THRESHOLDS} thresholds.`);
    }
    const { x, fanIn, cuts, flips } = activation;
    const { channels, lanes } = x;
    Object.assign(activation, { rows, columns });
    if (!norm) {
      const to = this.f32.subarray(cuts / 4, cuts / 4 + cells * lanes).fill(Infinity);
      for (let cell = 0; cell < cells; cell++) {
        for (let c = 0; c < channels; c++) to[cell * lanes + c] = thresholds[(c % slices) * cells + cell];
      }
      return;
    }
    const places = ["scale", "slope", "offset"].map((name, k) => {
      const at = this.scratch.norm + 4 * k * this.scratch.widest;
      this.f32.set(norm[name], at / 4);
      return at;
    });
    this.f32.set(thresholds, this.scratch.thresholds / 4);
    this.exports.fold(...places, channels, lanes, this.scratch.thresholds, slices, cells, fanIn, cuts, flips);
  }

  // ---- single weights

  /** Weight of a convolution: ±1, or a real number. */
  weight(conv, output, tap, channel) {
    if (conv.layer.kind === "RealConv") return this.f32[this.realWeight(conv, output, tap, channel)];
    const { at, bit } = this.weightBit(conv, output, tap, channel);
    return (this.u8[at] >> bit) & 1 ? 1 : -1;
  }

  /** Turn the sign of a weight. */
  flip(conv, output, tap, channel) {
    if (conv.layer.kind === "RealConv") this.f32[this.realWeight(conv, output, tap, channel)] *= -1;
    else {
      const { at, bit } = this.weightBit(conv, output, tap, channel);
      this.u8[at] ^= 1 << bit;
    }
    conv.changed();
  }

  realWeight({ weights, input, lanes }, output, tap, channel) {
    return weights / 4 + (tap * input.lanes + channel) * lanes + output;
  }

  weightBit({ layer, weights, input: { bytes } }, output, tap, channel) {
    const window = layer.words.shape[0] ** 2 * bytes;
    const row = (output >> 4) * window + tap * bytes + (channel >> 3);
    return { at: weights + row * 16 + (output & 15), bit: channel & 7 };
  }

  // ---- planning, layer by layer

  /** Plan a layer's memory and work; its output. */
  plan(layer, maps, plan) {
    const bare = maps.kind === "real" && maps.lanes % 16 > 0; // a picture, whose pixels fill no lanes
    const filled = bare && !["Block", "RealConv", "Repeat"].includes(layer.kind);
    return this[`plan${layer.kind}`](layer, filled ? this.planRepeat({ copies: 1 }, maps, plan) : maps, plan);
  }

  planBlock({ conv, pool, cut }, maps, plan) {
    return conv.kind === "RealConv"
      ? this.planRealBlock(conv, pool, cut, maps, plan)
      : this.planBitBlock(conv, pool, cut, maps, plan);
  }

  planBitBlock(conv, pool, cut, maps, plan) {
    const { sums, weights, changed } = this.planSums(conv, maps, plan);
    const x = pool ? { ...sums, ...pooled(sums) } : sums;
    if (pool) this.steps.push(() => this.exports.pool(sums.at, sums.height, sums.width, sums.lanes));
    const activation = this.cutting(cut, x, plan);
    activation.fanIn = fanIn(conv);
    activation.conv = { layer: conv, input: maps, weights, lanes: sums.lanes, pool, changed };
    return activation.bits;
  }

  planRealBlock(conv, pool, cut, maps, plan) {
    const real = this.planReal(conv, maps, plan);
    const { padded, paddedWidth, depth, weights, size, stride, whole } = real;
    const x = plan.maps(pool ? pooled(whole) : whole, whole); // room for sums before pooling
    const { lanes } = x;
    const bounds = plan.room(4 * lanes);
    const activation = this.planActivation(cut, x, plan);
    const { bits } = activation;
    const { exports } = this;
    this.steps.push(() => {
      const largest = exports.largest(maps.at, maps.height * maps.width * maps.lanes);
      exports.real_block(
        padded, paddedWidth, depth, weights, lanes, size, stride, whole.height, whole.width, pool, bounds, largest,
        activation.cuts, activation.rows, activation.columns, activation.flips, bits.bytes, bits.at,
      );
    });
    const changed = () => exports.bound_errors(weights, size * size * depth, lanes, bounds);
    plan.later(changed);
    activation.conv = { layer: conv, input: maps, weights, lanes, pool, changed };
    activation.refresh = (first, last) => {
      exports.real_sums(
        padded, paddedWidth, depth, weights, lanes, size, stride, whole.height, whole.width, first, last, x.at,
      );
      if (pool) exports.pool_real(x.at, whole.height, whole.width, lanes, first, last);
    };
    return bits;
  }

  /** A convolution of bits: its sums, before any pooling. */
  planSums(conv, maps, plan) {
    const { exports } = this;
    const [size, , outputs, channels] = conv.words.shape;
    const { stride, padding } = conv;
    const sums = plan.maps(GIVES.BitConv(conv, maps, { bits: 0 }));
    const { height, width, lanes } = sums;
    const file = plan.copy(conv.words.bytes);
    const weights = plan.room(size * size * maps.bytes * lanes);
    plan.later(() => exports.arrange_bits(file, size * size, outputs, channels, weights));
    const fill = padding === "one" ? bitsOfAll(channels) : padding === "replicate" ? null : new Uint8Array(maps.bytes);
    const { padded, paddedWidth } = this.planPadded(maps, maps.bytes, marginOf(conv), fill, plan);
    const products = fanIn(conv);
    this.steps.push(() => exports.bit_sums(
      padded, paddedWidth, maps.bytes, weights, lanes, size, stride, products, height, width, sums.at,
    ));
    let changed = () => {};
    if (padding === "zero") {
      const lacking = plan.room(2 * size * size * lanes);
      changed = () => exports.sum_weights(weights, size * size, lanes, channels, outputs, lacking);
      plan.later(changed);
      this.steps.push(() => exports.add_lacking(
        sums.at, height, width, lanes, lacking, size, stride, maps.height, maps.width,
      ));
    }
    return { sums, weights, changed };
  }

  /** A convolution of real maps: all that its routines are told. */
  planReal(conv, maps, plan) {
    const [size, , channels, outputs] = conv.weights.shape;
    const whole = GIVES.RealConv(conv, maps, { real: 0 });
    const depth = maps.lanes; // values per pixel, those beyond the channels are 0
    const lanes = lanesOf(outputs);
    // A row of the window is a row of its pixels' values; each pixel's are filled up to the depth.
    const weights = plan.spread(rowsFilled(conv.weights.values, channels, depth, outputs), outputs, lanes);
    const padded = this.planPadded(maps, 4 * depth, marginOf(conv), new Uint8Array(4 * depth), plan);
    return { ...padded, depth, weights, size, stride: conv.stride, whole };
  }

  /** Maps of so many bytes per pixel widened by a margin of `fill`, or of the nearest pixel if null. */
  planPadded(maps, bytes, margin, fill, plan) {
    const { exports } = this;
    const { at, height, width } = maps;
    if (margin === 0) return { padded: at, paddedWidth: width };
    const padded = plan.room((height + 2 * margin) * (width + 2 * margin) * bytes);
    const filled = fill ? plan.copy(fill) : 0;
    this.steps.push(() => exports.pad(at, height, width, bytes, margin, filled, padded));
    return { padded, paddedWidth: width + 2 * margin };
  }

  cutting(cut, maps, plan) {
    const { exports } = this;
    const activation = this.planActivation(cut, maps, plan);
    const { x, bits } = activation;
    const routine = x.kind === "sums" ? exports.cut_sums : exports.cut_real;
    this.steps.push(() => routine(
      x.at, x.height, x.width, x.lanes, activation.cuts, activation.rows, activation.columns, activation.flips,
      bits.bytes, bits.at,
    ));
    return activation;
  }

  planActivation(cut, x, plan) {
    const [rows, columns, channels] = cut.cuts.shape;
    const room = Math.max(MAX_CELLS, rows * columns);
    const sums = x.kind === "sums";
    const [values, rest] = sums ? [shortCuts(cut.cuts.values), MAX_CUT] : [cut.cuts.values, Infinity];
    const whole = new values.constructor(room * channels);
    whole.set(values);
    const flips = new Uint8Array(2 * Math.ceil(channels / 16));
    flips.set(cut.flips.bytes.subarray(0, flips.length));
    const activation = {
      x, rows, columns, room, fanIn: 0, conv: null,
      bits: plan.maps({ ...x, kind: "bits" }),
      cuts: plan.spread(whole, channels, x.lanes, rest),
      flips: plan.copy(flips),
      refresh() {},
    };
    this.activations.push(activation);
    return activation;
  }

  planBitConv(conv, maps, plan) {
    return this.planSums(conv, maps, plan).sums;
  }

  planRealConv(conv, maps, plan) {
    const { exports } = this;
    const { padded, paddedWidth, depth, weights, size, stride, whole } = this.planReal(conv, maps, plan);
    const out = plan.maps(whole);
    this.steps.push(() => exports.real_sums(
      padded, paddedWidth, depth, weights, out.lanes, size, stride, out.height, out.width, 0, out.channels, out.at,
    ));
    return out;
  }

  planScaleShift(layer, maps, plan, shortcut = null) {
    const { exports } = this;
    const out = plan.maps({ ...maps, kind: "real" });
    const { channels, lanes } = out;
    const pixels = out.height * out.width;
    const numbers = [layer.scale, layer.slope, layer.offset].map(({ values }) => plan.spread(values, channels, lanes));
    const carried = shortcut ? [shortcut.at, shortcut.lanes, shortcut.channels] : [0, 0, 0];
    const copy = maps.kind === "sums" ? exports.real_of_sums : exports.copy_real;
    this.steps.push(() => {
      copy(maps.at, pixels * lanes, out.at);
      exports.scale_shift(out.at, pixels, lanes, ...numbers, ...carried);
    });
    return out;
  }

  planCut(cut, maps, plan) {
    return this.cutting(cut, maps, plan).bits;
  }

  planRepeat({ copies }, maps, plan) {
    const out = plan.maps(GIVES.Repeat({ copies }, maps));
    const pixels = maps.height * maps.width;
    this.steps.push(() => this.exports.repeat(maps.at, pixels, maps.channels, maps.lanes, copies, out.lanes, out.at));
    return out;
  }

  planResidual({ act, conv, norm }, maps, plan) {
    const { exports } = this;
    const { bits } = this.cutting(act, maps, plan);
    const { sums } = this.planSums(conv, bits, plan);
    let shortcut = maps;
    if (conv.stride > 1) {
      const [height, width] = [maps.height, maps.width].map((side) => Math.ceil(side / conv.stride));
      shortcut = plan.maps({ ...maps, height, width });
      this.steps.push(() => exports.average(maps.at, maps.height, maps.width, maps.lanes, conv.stride, shortcut.at));
    }
    return this.planScaleShift(norm, sums, plan, shortcut);
  }

  planGlobalMean(_, maps, plan) {
    const out = plan.maps({ ...maps, height: 1, width: 1 });
    this.steps.push(() => this.exports.global_mean(maps.at, maps.height * maps.width, maps.lanes, out.at));
    return out;
  }

  planBitDense({ weights: { shape, values } }, maps, plan) {
    const { exports } = this;
    const [height, width, channels, outputs] = shape;
    const out = plan.maps({ kind: "real", channels: outputs, height: 1, width: 1 });
    const weights = plan.spread(values, outputs, out.lanes);
    const totals = plan.room(8 * out.lanes);
    this.steps.push(() => exports.dense(
      maps.at, height * width, channels, maps.bytes, weights, out.lanes, totals, out.at,
    ));
    return out;
  }
}

const MAX_CUT = 32767; // no sum reaches it

/** Cuts as int16, which is all that sums here can reach. */
function shortCuts(cuts) {
  return Int16Array.from(cuts, (cut) => Math.max(-MAX_CUT, Math.min(MAX_CUT, cut)));
}

/** A pixel whose channels are all +1. */
function bitsOfAll(channels) {
  const bytes = new Uint8Array(Math.ceil(channels / 8)).fill(255);
  if (channels % 8) bytes[bytes.length - 1] = (1 << channels % 8) - 1;
  return bytes;
}

/** Weights (taps, channels, outputs) with rows of zeros where pixels are deeper than the channels. */
function rowsFilled(weights, channels, depth, outputs) {
  if (channels === depth) return weights;
  const taps = weights.length / (channels * outputs);
  const filled = new Float32Array(taps * depth * outputs);
  for (let tap = 0; tap < taps; tap++) {
    const from = tap * channels * outputs;
    filled.set(weights.subarray(from, from + channels * outputs), tap * depth * outputs);
  }
  return filled;
}
