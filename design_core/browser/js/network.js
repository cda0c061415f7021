// A network in use: pictures in, classes out, its kernels exchanged. The file is that of
// design_core/browser/network.py; normalization is that of training/data.py.

const LIVE_FORMAT = "design-live-1";

/** Plain Sign as a kernel of one cell at 0. */
const SIGN_KERNEL = { name: "Sign", shape: [1, 1, 1], level_set: [0], unit: [0], ranks: [0], strength: 1, offset: 0 };

/** A kernel of one's own to change, from the plain data of kernels.py; null is Sign. */
function kernelOf(plain) {
  const { name, shape, level_set: levelSet, unit, ranks, strength, offset } = plain ?? SIGN_KERNEL;
  return { name: name || "Kernel", shape, levelSet, unit, ranks: Int32Array.from(ranks), strength, offset };
}

class LiveNetwork {
  /**
   * @param {WebAssembly.Module} module
   * @param {Uint8Array} file
   */
  constructor(module, file) {
    const { metadata, tensors } = readSafetensors(file);
    this.about = readAbout(parsedJson(metadata.live));
    const packed = tensors.get("packed");
    if (packed?.type !== "U8") throw new UnreadableError("The file holds no packed network.");
    const network = readPacked(packed.bytes);
    this.packed = network;
    this.engine = new PackedEngine(module, network);
    this.checkForm(network);
    this.norms = this.engine.activations.map((activation, layer) => readNorm(tensors, layer, activation));
    /** Normalized values of the 256 pixel values, by channel. */
    this.normalized = this.about.mean.map((mean, channel) => normalizedValues(mean, this.about.deviation[channel]));
    this.trained = this.about.kernels;
    /** The kernel that cuts each activation. */
    this.kernels = this.trained.map(kernelOf);
    this.milliseconds = 0;
  }

  checkForm({ inputShape: [channels, height, width], classes }) {
    const { about } = this;
    const layers = this.engine.activations.length;
    if (height !== width || about.layers.length !== layers || about.kernels.length !== layers) {
      throw new UnreadableError("The file's layers are not those of its network.");
    }
    if (about.mean.length !== channels || about.deviation.length !== channels || about.classes.length !== classes) {
      throw new UnreadableError("The file's classes or colours are not those of its network.");
    }
  }

  /** Rows, and columns, of the pictures. */
  get side() {
    return this.packed.inputShape[1];
  }

  get channels() {
    return this.packed.inputShape[0];
  }

  get activations() {
    return this.engine.activations;
  }

  /** Names of the layers that make bits, from the input on. */
  get layerNames() {
    return this.about.layers;
  }

  /** Whether the picture itself is cut into bits. */
  get cutsPicture() {
    return this.layerNames[0] === "picture";
  }

  /** Answer for a picture: uint8 (H, W, C). */
  see(pixels) {
    const { normalized, engine, channels } = this;
    const start = performance.now();
    for (let c = 0; c < channels; c++) {
      const values = normalized[c];
      for (let k = c; k < pixels.length; k += channels) engine.pixels[k] = values[pixels[k]];
    }
    engine.run();
    this.milliseconds = performance.now() - start;
  }

  /** Softmax of the scores, by class. */
  probabilities() {
    const scores = Float64Array.from(this.engine.scores());
    const most = Math.max(...scores);
    const shares = scores.map((score) => Math.exp(score - most));
    const total = shares.reduce((sum, share) => sum + share, 0);
    return shares.map((share) => share / total);
  }

  /** Cut an activation by a kernel; batch norms keep the statistics that they learned. */
  setKernel(layer, kernel) {
    this.kernels[layer] = kernel;
    const [slices, d1, d2] = kernel.shape;
    const thresholds = new Float32Array(slices * d1 * d2);
    for (let slice = 0; slice < slices; slice++) thresholds.set(sliceThresholds(kernel, slice), slice * d1 * d2);
    this.engine.fold(this.activations[layer], this.norms[layer], thresholds, kernel.shape);
  }

  /** The real value that the activation cuts, of a value of its map: batch norm of a sum. */
  realValue(layer, channel, value) {
    const norm = this.norms[layer];
    if (!norm) return value;
    return Math.fround(Math.fround(value * norm.scale[channel]) * norm.slope[channel] + norm.offset[channel]);
  }
}

/** (p / 255 − mean) / deviation in float32, for the 256 values of p. */
function normalizedValues(mean, deviation) {
  const [m, d] = [Math.fround(mean), Math.fround(deviation)];
  return Float32Array.from({ length: 256 }, (_, p) => Math.fround(Math.fround(p / 255) - m) / d);
}

function readAbout(plain) {
  const words = ["key", "name", "about"];
  const lists = ["classes", "mean", "deviation", "layers", "kernels"];
  const fits = isPlainObject(plain) && plain.format === LIVE_FORMAT
    && words.every((field) => typeof plain[field] === "string")
    && lists.every((field) => Array.isArray(plain[field]))
    && [...plain.classes, ...plain.layers].every((one) => typeof one === "string")
    && [...plain.mean, ...plain.deviation].every(Number.isFinite)
    && plain.kernels.every((one) => one === null || isPlainKernel(one));
  if (!fits) throw new UnreadableError(`This is no network of format ${LIVE_FORMAT}.`);
  return plain;
}

const MAX_KERNEL = 1 << 20; // thresholds of a kernel, all slices together

/** Whether this is what kernels.py writes: places in the memory are computed from it. */
function isPlainKernel(plain) {
  if (!isPlainObject(plain)) return false;
  const { name, shape, level_set: levels, unit, ranks, strength, offset } = plain;
  const numbers = (list) => Array.isArray(list) && list.every(Number.isFinite);
  return typeof name === "string" && [shape, levels, unit, ranks, [strength, offset]].every(numbers)
    && shape.length === 3 && shape.every((side) => isCount(side) && side > 0)
    && ranks.length <= MAX_KERNEL && shape[0] * shape[1] * shape[2] === ranks.length
    && levels.length > 0 && unit.length === levels.length
    && ranks.every((rank) => isCount(rank) && rank < levels.length);
}

/** The batch norm before an activation; null where there is none, as in residual networks. */
function readNorm(tensors, layer, { x: { channels } }) {
  const parts = ["scale", "slope", "offset"].map((part) => tensors.get(`norm.${layer}.${part}`));
  if (parts.every((part) => part === undefined)) return null;
  if (!parts.every((part) => part?.type === "F32" && part.shape.length === 1 && part.shape[0] === channels)) {
    throw new UnreadableError(`The batch norm of layer ${layer} does not fit its ${channels} channels.`);
  }
  const [scale, slope, offset] = parts.map(({ values }) => values);
  return { scale, slope, offset };
}
