// What Live shows, as one short text: for links, for Python, for the address of a file.
//
// ``view-walk_frame-8_a0-2x2-v1~0.5~0``: entries by name; what is as the page opens takes none. Only
// characters that stand in a link as they are. What a stranger writes there is dropped entry by entry.

const LIVE_SOURCES = ["film", "patterns", "pad", "still", "camera"];
const LIVE_VIEWS = ["frames", "walk"];

/**
 * @typedef {object} LiveState
 * @property {string} source
 * @property {string} view
 * @property {[number, number]} networks  which of those at hand, left and right
 * @property {string[][]} kernels  left and right: a code for each group of layers, "" for as trained
 * @property {number} layer
 * @property {number} channel
 * @property {number} frame  of the film
 * @property {string} pattern
 */

const MOST_GROUPS = 8; // of layers with a kernel of their own

/** The state that a text stands for. */
function readLiveState(text) {
  const entries = new Map(text.slice(0, 4000).split("_").map((entry) => {
    const end = entry.indexOf("-");
    return [entry.slice(0, end), entry.slice(end + 1)];
  }));
  const one = (name, options, first) => (options.includes(entries.get(name)) ? entries.get(name) : first);
  const count = (name, first) => {
    const given = entries.get(name) ?? "";
    return /^[0-9]{1,4}$/.test(given) ? Number(given) : first;
  };
  const codes = (name) => Array.from({ length: MOST_GROUPS }, (_, k) => entries.get(`${name}${k}`) ?? "");
  return {
    source: one("source", LIVE_SOURCES, "film"),
    view: one("view", LIVE_VIEWS, "frames"),
    networks: [count("left", 0), count("right", 1)],
    kernels: [codes("a"), codes("b")],
    layer: count("layer", 0),
    channel: count("channel", 0),
    frame: count("frame", 0),
    pattern: one("pattern", Object.keys(PATTERN_KINDS), Object.keys(PATTERN_KINDS)[0]),
  };
}

/** The text of a state. */
function writeLiveState(state) {
  const first = readLiveState("");
  const entries = [];
  const put = (name, value, plain) => { if (value !== plain) entries.push(`${name}-${value}`); };
  for (const name of ["source", "view", "layer", "channel", "frame", "pattern"]) put(name, state[name], first[name]);
  put("left", state.networks[0], first.networks[0]);
  put("right", state.networks[1], first.networks[1]);
  state.kernels.forEach((codes, side) => codes.forEach((code, k) => put(`${"ab"[side]}${k}`, code, "")));
  return entries.join("_");
}

/**
 * A kernel as a code: name, strength, offset, and the ranks where they were edited; "" as trained.
 * @param {Kernel} kernel
 * @param {object} plain  what it was made of
 * @param {boolean} trained  whether that is the network's own
 */
function kernelCode(kernel, plain, trained) {
  const edited = kernel.ranks.some((rank, k) => rank !== plain.ranks[k]);
  const moved = kernel.strength !== plain.strength || kernel.offset !== plain.offset;
  if (trained && !edited && !moved) return "";
  const numbers = moved || edited ? `~${kernel.strength}~${kernel.offset}` : "";
  return `${trained ? "own" : plain.name}${numbers}${edited ? `~${[...kernel.ranks].join(".")}` : ""}`;
}

/**
 * The kernel that a code stands for; null for a code of nothing.
 * @param {object} own  the network's own kernel, plain
 * @param {object[]} offered  plain kernels by name
 * @returns {?{plain: object, trained: boolean, kernel: Kernel}}
 */
function kernelOfCode(code, own, offered) {
  const [name, strength, offset, ranks] = code.split("~");
  const trained = !name || name === "own";
  const plain = trained ? own : offered.find((one) => one.name === name);
  if (!plain) return null;
  const kernel = kernelOf(plain);
  for (const [field, given] of [["strength", strength], ["offset", offset]]) {
    const value = given === undefined || given === "" ? NaN : Number(given);
    if (Math.abs(value) <= 1e6) kernel[field] = value;
  }
  const wanted = (ranks ?? "").split(".").map(Number);
  const fits = ranks && wanted.length === kernel.ranks.length
    && wanted.every((rank) => Number.isInteger(rank) && rank >= 0 && rank < kernel.levelSet.length);
  if (fits) kernel.ranks = Int32Array.from(wanted);
  return { plain, trained, kernel };
}
