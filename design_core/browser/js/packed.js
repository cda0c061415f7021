// Packed networks: the files of design_core/engine/files.py, and what layers.py asks of their layers.
//
// A file is read whole and checked whole before any of it enters the module's memory: types, shapes,
// whether layers fit each other, and how much work they would be. How much memory they take, the engine plans (engine.js).

const PACKED_FORMAT = "design-packed-1";
const PADDINGS = ["one", "replicate", "zero", "none"];
const MAX_FAN_IN = 32766; // sums are int16, and one more than the fan-in must be a cut
const MAX_PRODUCTS = { bits: 2 ** 33, real: 2 ** 28 }; // per picture: a second, far from live
const MAX_LAYERS = 1000;
const MAX_STRIDE = 64;
const MAX_COPIES = 64;
const MAX_DEPTH = 20; // of the description
const LARGEST_PICTURE = 1e6; // no normalized pixel is farther from 0
const MOST = (2 - 2 ** -23) * 2 ** 126; // half the largest float32, for what rounding adds

/**
 * Maps between two layers.
 * @typedef {object} Maps
 * @property {"real" | "sums" | "bits"} kind
 * @property {number} channels
 * @property {number} height
 * @property {number} width
 */

/**
 * Read a packed network.
 * @param {Uint8Array} file
 * @returns {{inputShape: [number, number, number], layers: object[], classes: number}}
 */
function readPacked(file) {
  const { metadata, tensors } = readSafetensors(file);
  const header = parsedJson(metadata.packed);
  if (!isPlainObject(header) || header.format !== PACKED_FORMAT) {
    throw new UnreadableError(`This is no packed network of format ${PACKED_FORMAT}.`);
  }
  if (packedDigest(header.network, tensors) !== header.sha256) {
    throw new UnreadableError("The network is damaged: its contents do not match their SHA-256.");
  }
  const described = header.network;
  if (!isPlainObject(described) || !Array.isArray(described.layers)) throw undescribed("it has no layers");
  const shape = described.input_shape;
  if (!Array.isArray(shape) || shape.length !== 3 || !shape.every((side) => isCount(side) && side > 0)) {
    throw undescribed("its pictures have no shape");
  }
  if (described.layers.length > MAX_LAYERS) throw undescribed("it has too many layers");
  const layers = described.layers.map((plain, k) => readLayer(plain, `${k}`, tensors));
  const classes = checkedOutput(layers, shape);
  proveFinite(layers);
  return { inputShape: shape, layers, classes };
}

function undescribed(why) {
  return new UnreadableError(`The file does not describe a packed network: ${why}.`);
}

function parsedJson(text) {
  try {
    return typeof text === "string" ? JSON.parse(text) : null;
  } catch {
    return null;
  }
}

// ---- the hash

/** As `_digest` of files.py: the description, then each array's name, type, shape and bytes. */
function packedDigest(network, tensors) {
  const encoder = new TextEncoder();
  const parts = [encoder.encode(pythonJson(network))];
  for (const name of [...tensors.keys()].sort()) {
    const { type, shape, bytes } = tensors.get(name);
    const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
    parts.push(encoder.encode(`\n${name} ${NUMBER_TYPES[type].numpy} ${tuple}\n`), bytes);
  }
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let place = 0;
  for (const part of parts) {
    whole.set(part, place);
    place += part.length;
  }
  return sha256(whole);
}

/** JSON as Python's json.dumps(…, sort_keys=True) writes it. */
function pythonJson(value, depth = 0) {
  if (depth > MAX_DEPTH) throw undescribed("it is nested too deeply");
  const inner = (one) => pythonJson(one, depth + 1);
  if (Array.isArray(value)) return `[${value.map(inner).join(", ")}]`;
  if (isPlainObject(value)) {
    const entries = Object.keys(value).sort();
    return `{${entries.map((key) => `${inner(key)}: ${inner(value[key])}`).join(", ")}}`;
  }
  const text = JSON.stringify(value) ?? "null";
  return text.replace(/[\u007f-\uffff]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

// ---- layers

const LAYER_FIELDS = {
  RealConv: { weights: "F32", stride: "int" },
  BitConv: { words: "bits", channels: "int", stride: "int", padding: "padding" },
  Cut: { cuts: "cuts", flips: "U64" },
  Block: { conv: ["BitConv", "RealConv"], pool: "bool", cut: ["Cut"] },
  ScaleShift: { scale: "F32", slope: "F32", offset: "F32" },
  Residual: { act: ["Cut"], conv: ["BitConv"], norm: ["ScaleShift"] },
  Repeat: { copies: "int" },
  GlobalMean: {},
  BitDense: { weights: "F32" },
};

/** A layer: its kind, its numbers checked one by one, its arrays as tensors. */
function readLayer(plain, prefix, tensors) {
  if (!isPlainObject(plain) || !Object.hasOwn(LAYER_FIELDS, plain.kind)) {
    throw undescribed(`layer ${prefix} is of no known kind`);
  }
  const layer = { kind: plain.kind };
  for (const [field, wanted] of Object.entries(LAYER_FIELDS[plain.kind])) {
    const name = `${prefix}.${field}`;
    layer[field] = readField(plain, field, wanted, name, tensors);
  }
  checkLayer(layer, prefix);
  return layer;
}

function readField(plain, field, wanted, name, tensors) {
  const value = plain[field];
  if (Array.isArray(wanted)) {
    const inner = readLayer(value, name, tensors);
    if (!wanted.includes(inner.kind)) throw undescribed(`${name} is a ${inner.kind}`);
    return inner;
  }
  if (wanted === "int") return required(Number.isSafeInteger(value), value, name);
  if (wanted === "bool") return required(typeof value === "boolean", value, name);
  if (wanted === "padding") return required(PADDINGS.includes(value), value, name);
  const tensor = tensors.get(name);
  if (!tensor) throw undescribed(`it lacks ${name}`);
  if (wanted === "bits") return readWeightBits(tensor, plain.shape, name);
  const types = wanted === "cuts" ? ["I16", "I32", "F32"] : [wanted];
  if (!types.includes(tensor.type)) throw new UnreadableError(`${name} is ${tensor.type}, not ${types.join(" or ")}.`);
  return tensor;
}

function required(holds, value, name) {
  if (!holds) throw undescribed(`${name} is ${JSON.stringify(value)?.slice(0, 100)}`);
  return value;
}

/** Dense weights, one bit each, of shape (size, size, outputs, channels). */
function readWeightBits(tensor, shape, name) {
  const fits = Array.isArray(shape) && shape.length === 4 && shape.every((side) => isCount(side) && side > 0);
  const count = fits ? shape.reduce((product, side) => product * side, 1) : 0;
  if (!fits || tensor.type !== "U8" || tensor.shape.length !== 1 || tensor.bytes.length !== Math.ceil(count / 8)) {
    throw new UnreadableError(`${name}: ${tensor.bytes.length} bytes do not hold just the weights ${JSON.stringify(shape)}.`);
  }
  return { shape, bytes: tensor.bytes };
}

function checkLayer(layer, prefix) {
  const wrong = (what) => new UnreadableError(`Layer ${prefix}, ${layer.kind}: ${what}.`);
  const axes = { weights: 4, cuts: 3, flips: 1, scale: 1, slope: 1, offset: 1 };
  for (const [field, count] of Object.entries(axes)) {
    const tensor = layer[field];
    if (tensor && (tensor.shape.length !== count || tensor.bytes.length === 0)) {
      throw wrong(`${field} has ${count} axes and is not empty; its shape is [${tensor.shape}]`);
    }
  }
  const window = layer.words?.shape ?? (layer.kind === "RealConv" ? layer.weights.shape : null);
  if (window && (window[0] !== window[1] || layer.stride < 1 || layer.stride > MAX_STRIDE)) {
    throw wrong(`windows are square and strides positive, ${MAX_STRIDE} at most`);
  }
  if (layer.kind === "Repeat" && (layer.copies < 1 || layer.copies > MAX_COPIES)) {
    throw wrong(`copies are 1 to ${MAX_COPIES}, not ${layer.copies}`);
  }
  for (const field of ["weights", "scale", "slope", "offset"]) {
    if (layer[field] && !layer[field].values.every(Number.isFinite)) throw wrong(`${field} holds values that are not finite`);
  }
  if (layer.kind === "BitConv" && layer.words.shape[3] !== layer.channels) {
    throw wrong(`its weights are of ${layer.words.shape[3]} channels, not ${layer.channels}`);
  }
  if (layer.kind === "BitConv" && fanIn(layer) > MAX_FAN_IN) {
    throw wrong(`its sums have ${fanIn(layer)} products; networks run here with up to ${MAX_FAN_IN}`);
  }
  if (layer.kind === "Cut") checkCut(layer, wrong);
  if (layer.kind === "ScaleShift" && new Set([layer.scale, layer.slope, layer.offset].map((t) => t.shape[0])).size > 1) {
    throw wrong("it needs as many scales as slopes and offsets");
  }
}

function checkCut(cut, wrong) {
  if (cut.cuts.type === "F32" && cut.cuts.values.some(Number.isNaN)) throw wrong("cuts holds values that are not numbers");
  const channels = cut.cuts.shape[2];
  const words = cut.flips.values;
  if (words.length !== Math.ceil(channels / 64)) throw wrong(`${words.length} words of flips for ${channels} channels`);
  const beyond = channels % 64;
  if (beyond && words[words.length - 1] >> BigInt(beyond)) throw wrong(`flips beyond its ${channels} channels`);
}

function fanIn(conv) {
  const [size, , , channels] = conv.words.shape;
  return size * size * channels;
}

// ---- whether layers fit each other

/** Classes that the last layer scores; UnreadableError if layers or pictures do not fit. */
function checkedOutput(layers, [channels, height, width]) {
  let maps = { kind: "real", channels, height, width };
  const products = { bits: 0, real: 0 };
  for (const layer of layers) {
    maps = GIVES[layer.kind](layer, maps, products);
    if (Object.keys(products).some((kind) => products[kind] > MAX_PRODUCTS[kind])) {
      throw new UnreadableError("This network is too large to run here: one picture would take a second or more.");
    }
  }
  if (maps.kind !== "real" || maps.height !== 1 || maps.width !== 1) {
    throw new UnreadableError(`The last layer gives ${maps.kind} of ${maps.height}×${maps.width} pixels, not class scores.`);
  }
  return maps.channels;
}

/** Channels filled up to whole vectors, as maps in the module's memory are. */
function lanesOf(channels) {
  return 16 * Math.ceil(channels / 16);
}

function requireMaps(maps, layer, kinds, channels) {
  if (!kinds.includes(maps.kind) || (channels !== null && channels !== maps.channels)) {
    throw new UnreadableError(
      `${layer} takes ${kinds.join(" or ")} of ${channels ?? "any number of"} channels; got ${maps.kind} of ${maps.channels}.`,
    );
  }
}

function windowed(maps, kind, outputs, size, stride, margin) {
  const [height, width] = [maps.height, maps.width].map((side) => Math.floor((side + 2 * margin - size) / stride) + 1);
  if (Math.min(height, width) < 1) {
    throw new UnreadableError(`Windows of ${size}×${size} do not fit into ${maps.height}×${maps.width} pixels.`);
  }
  return { kind, channels: outputs, height, width };
}

function marginOf(conv) {
  const size = (conv.words ?? conv.weights).shape[0];
  return conv.padding === "none" ? 0 : Math.floor(size / 2);
}

// By kind: the output of a layer for such maps; its products are added up.
const GIVES = {
  RealConv(layer, maps, products) {
    const [size, , channels, outputs] = layer.weights.shape;
    requireMaps(maps, "RealConv", ["real"], channels);
    const out = windowed(maps, "real", outputs, size, layer.stride, marginOf(layer));
    products.real += out.height * out.width * lanesOf(outputs) * size * size * channels;
    return out;
  },
  BitConv(layer, maps, products) {
    requireMaps(maps, "BitConv", ["bits"], layer.channels);
    const [size, , outputs] = layer.words.shape;
    const out = windowed(maps, "sums", outputs, size, layer.stride, marginOf(layer));
    products.bits += out.height * out.width * lanesOf(outputs) * fanIn(layer);
    return out;
  },
  Cut(layer, maps) {
    requireMaps(maps, "Cut", [layer.cuts.type === "F32" ? "real" : "sums"], layer.cuts.shape[2]);
    return { ...maps, kind: "bits" };
  },
  Block(layer, maps, products) {
    let sums = GIVES[layer.conv.kind](layer.conv, maps, products);
    if (layer.pool) sums = pooled(sums);
    if (Math.min(sums.height, sums.width) < 1) {
      throw new UnreadableError(`Nothing to pool in ${maps.height}×${maps.width} pixels.`);
    }
    return GIVES.Cut(layer.cut, sums);
  },
  ScaleShift(layer, maps) {
    requireMaps(maps, "ScaleShift", ["real", "sums"], layer.scale.shape[0]);
    return { ...maps, kind: "real" };
  },
  Residual(layer, maps, products) {
    requireMaps(maps, "Residual", ["real"], null); // its shortcut adds them as they are
    const sums = GIVES.BitConv(layer.conv, GIVES.Cut(layer.act, maps), products);
    const branch = GIVES.ScaleShift(layer.norm, sums);
    // The two sides of the sum: a window of even size, padded or not, leaves another size.
    const [height, width] = [maps.height, maps.width].map((side) => Math.ceil(side / layer.conv.stride));
    if (branch.channels < maps.channels || branch.height !== height || branch.width !== width) {
      throw new UnreadableError("A residual unit keeps its channels or adds some, and keeps its size, but for the stride.");
    }
    return branch;
  },
  Repeat(layer, maps) {
    requireMaps(maps, "Repeat", ["real"], null);
    return { ...maps, channels: layer.copies * maps.channels };
  },
  GlobalMean(_, maps) {
    requireMaps(maps, "GlobalMean", ["real"], null);
    return { ...maps, height: 1, width: 1 };
  },
  BitDense(layer, maps, products) {
    const [height, width, channels, outputs] = layer.weights.shape;
    requireMaps(maps, "BitDense", ["bits"], channels);
    if (maps.height !== height || maps.width !== width) {
      throw new UnreadableError(`BitDense takes ${height}×${width} pixels; got ${maps.height}×${maps.width}.`);
    }
    products.real += height * width * channels * lanesOf(outputs);
    return { kind: "real", channels: outputs, height: 1, width: 1 };
  },
};

/** Maxima of 2×2 pixels; an odd last row or column is dropped. */
function pooled(maps) {
  return { ...maps, height: Math.floor(maps.height / 2), width: Math.floor(maps.width / 2) };
}

// ---- whether numbers stay finite, as reach.py proves it

function proveFinite(layers) {
  let most = LARGEST_PICTURE;
  for (const layer of layers) {
    most = REACH[layer.kind](layer, most);
    if (!(most <= MOST)) {
      throw new UnreadableError(`${layer.kind} holds numbers so large that its sums may overflow.`);
    }
  }
}

/** The largest sum of magnitudes over the inputs of any output, of weights (…, outputs). */
function largestSum({ shape, values }) {
  const sums = new Float64Array(shape[3]);
  values.forEach((value, k) => (sums[k % shape[3]] += Math.abs(value)));
  return sums.reduce((one, other) => Math.max(one, other));
}

function reachOfScaleShift({ scale, slope, offset }, most) {
  let largest = 0;
  for (let k = 0; k < scale.shape[0]; k++) {
    const scaled = most * Math.abs(scale.values[k]);
    largest = Math.max(largest, scaled, scaled * Math.abs(slope.values[k]) + Math.abs(offset.values[k]));
  }
  return largest;
}

// By kind: the largest magnitude that a layer makes, or meets on the way, of inputs up to `most`.
const REACH = {
  RealConv: (layer, most) => most * largestSum(layer.weights),
  BitConv: fanIn,
  Cut: () => 1,
  Block(layer, most) {
    const sums = REACH[layer.conv.kind](layer.conv, most);
    return sums > MOST ? sums : 1;
  },
  ScaleShift: reachOfScaleShift,
  Residual: (layer, most) => reachOfScaleShift(layer.norm, fanIn(layer.conv)) + most,
  Repeat: (_, most) => most,
  GlobalMean: (_, most) => most,
  BitDense: (layer) => largestSum(layer.weights),
};
