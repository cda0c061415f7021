// Safetensors files: a header in JSON, then the numbers. Nothing in a file is taken on trust.

/** A file that cannot be read; the message says what is wrong with it. */
class UnreadableError extends Error {}

const MAX_HEADER_BYTES = 1 << 20;

// By the format's name: bytes per number, NumPy's name, and how the numbers are read.
const NUMBER_TYPES = {
  U8: { bytes: 1, numpy: "|u1", array: Uint8Array },
  I16: { bytes: 2, numpy: "<i2", array: Int16Array },
  I32: { bytes: 4, numpy: "<i4", array: Int32Array },
  F32: { bytes: 4, numpy: "<f4", array: Float32Array },
  U64: { bytes: 8, numpy: "<u8", array: BigUint64Array },
};

/**
 * @typedef {object} Tensor
 * @property {string} type  a key of NUMBER_TYPES
 * @property {number[]} shape
 * @property {Uint8Array} bytes
 * @property {Uint8Array | Int16Array | Int32Array | Float32Array | BigUint64Array} values
 */

/**
 * @param {Uint8Array} file
 * @returns {{metadata: Record<string, string>, tensors: Map<string, Tensor>}}
 */
function readSafetensors(file) {
  if (file.length < 8) throw new UnreadableError("This is no safetensors file: it is too short.");
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const size = view.getBigUint64(0, true);
  if (size > BigInt(Math.min(MAX_HEADER_BYTES, file.length - 8))) {
    throw new UnreadableError("This is no safetensors file: its header does not fit into it.");
  }
  const start = 8 + Number(size);
  let header;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(file.subarray(8, start)));
  } catch {
    throw new UnreadableError("This is no safetensors file: its header is no JSON.");
  }
  if (!isPlainObject(header)) {
    throw new UnreadableError("This is no safetensors file: its header describes nothing.");
  }
  const { __metadata__: metadata = {}, ...described } = header;
  const tensors = new Map();
  let end = 0; // numbers stand one behind the other, without holes
  const entries = Object.entries(described);
  for (const [name, about] of entries) checkDescription(name, about);
  entries.sort(([, a], [, b]) => a.data_offsets[0] - b.data_offsets[0] || a.data_offsets[1] - b.data_offsets[1]);
  for (const [name, { dtype, shape, data_offsets: [from, to] }] of entries) {
    const { bytes, array } = NUMBER_TYPES[dtype];
    const count = shape.reduce((product, side) => product * side, 1);
    if (from !== end || to - from !== count * bytes) {
      throw new UnreadableError(`The file's tensor ${name} is not where or as large as it says.`);
    }
    end = to;
    const part = file.slice(start + from, start + to); // a copy, which is aligned
    if (part.length !== to - from) throw new UnreadableError(`The file ends before its tensor ${name}.`);
    tensors.set(name, { type: dtype, shape, bytes: part, values: new array(part.buffer) });
  }
  if (start + end !== file.length) throw new UnreadableError("The file goes on behind its tensors.");
  return { metadata: isPlainObject(metadata) ? metadata : {}, tensors };
}

function isPlainObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCount(value) {
  return Number.isSafeInteger(value) && value >= 0;
}

function checkDescription(name, about) {
  const { dtype, shape, data_offsets: offsets } = isPlainObject(about) ? about : {};
  const known = Object.hasOwn(NUMBER_TYPES, dtype);
  if (!known || !Array.isArray(shape) || !shape.every(isCount)
      || !Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount)) {
    throw new UnreadableError(`The file's tensor ${name} is described in no way that is known here.`);
  }
}
