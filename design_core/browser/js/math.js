// The mathematics of the viewer: thresholds, bits and scores.
//
// Python is the reference: design_core/scaling.py (Scale.thresholds), kernels/kernel.py (tile,
// binarize) and scores.py. Read this file beside them; tests/browser compares the two.

/**
 * A threshold kernel as the viewer holds it.
 * @typedef {object} Kernel
 * @property {[number, number, number]} shape  slices s, rows d1, columns d2
 * @property {number[]} levelSet  all levels, ascending
 * @property {number[]} unit  t(level) for each level of the set, double precision
 * @property {Int32Array} ranks  place of each entry's level in the set, (s, d1, d2) row by row
 * @property {number} strength
 * @property {number} offset
 */

/**
 * T = offset + strength · t(level) for each level of the set: computed in double precision, then
 * rounded to float32, the type of the maps.
 * @param {Kernel} kernel
 * @returns {Float32Array}
 */
function levelThresholds(kernel) {
  return Float32Array.from(kernel.unit, (t) => kernel.offset + kernel.strength * t);
}

/**
 * Thresholds of one slice, row by row: what channel c uses is slice c mod s.
 * @param {Kernel} kernel
 * @param {number} slice
 * @returns {Float32Array} length d1·d2
 */
function sliceThresholds(kernel, slice) {
  const [, d1, d2] = kernel.shape;
  const byRank = levelThresholds(kernel);
  const ranks = kernel.ranks.subarray(slice * d1 * d2, (slice + 1) * d1 * d2);
  return Float32Array.from(ranks, (rank) => byRank[rank]);
}

/**
 * Bits of one map: 1 (+1) where x ≥ T[i mod d1, j mod d2], else 0 (−1).
 * @param {Float32Array} x  H·W values
 * @param {number} columns  W
 * @param {Float32Array} thresholds  d1·d2 values
 * @param {[number, number]} period  [d1, d2]
 * @param {Uint8Array} bits  written, H·W
 */
function binarize(x, columns, thresholds, [d1, d2], bits) {
  const rows = x.length / columns;
  const tiled = new Float32Array(columns); // one row of T, repeated along the map
  for (let i = 0; i < rows; i++) {
    const first = (i % d1) * d2;
    if (i === 0 || d1 > 1) {
      for (let j = 0, k = 0; j < columns; j++) {
        tiled[j] = thresholds[first + k];
        if (++k === d2) k = 0;
      }
    }
    const row = i * columns;
    // Number(…) compiles without a branch; on noisy maps a branch costs three times as much
    for (let j = 0; j < columns; j++) bits[row + j] = Number(x[row + j] >= tiled[j]);
  }
}

/**
 * The scores of one binary map, in one pass.
 *
 * tv: mean |dx| + mean |dy| over neighbour pairs (total_variation, anisotropic).
 * density: share of ones. flipped: share of bits that differ from `reference`.
 * entropy: of overlapping 2×2 blocks, counted apart by their place in the kernel, in bits per
 * pixel (block_entropy).
 *
 * @param {Uint8Array} bits
 * @param {number} columns
 * @param {[number, number]} period  [d1, d2] of the kernel that made the bits
 * @param {Uint8Array} reference  bits of plain Sign
 */
function score(bits, columns, period, reference) {
  const rows = bits.length / columns;
  const placeRows = Math.max(1, Math.min(period[0], rows - 1));
  const placeColumns = Math.max(1, Math.min(period[1], columns - 1));
  const counts = new Uint32Array(placeRows * placeColumns * 16);
  let ones = 0;
  let flips = 0;
  let dx = 0;
  let dy = 0;
  for (let j = 0; j < columns; j++) { // the first row and column close no block
    ones += bits[j];
    flips += bits[j] ^ reference[j];
    if (j > 0) dx += bits[j] ^ bits[j - 1];
  }
  for (let i = 1; i < rows; i++) {
    let p = i * columns;
    ones += bits[p];
    flips += bits[p] ^ reference[p];
    dy += bits[p] ^ bits[p - columns];
    const firstPlace = ((i - 1) % placeRows) * placeColumns * 16;
    const lastPlace = firstPlace + placeColumns * 16;
    let place = firstPlace;
    let block = (bits[p - columns] << 1) | (bits[p] << 3); // upper left, upper, left, own bit
    for (const end = p + columns - 1; p < end; ) {
      p++;
      block = ((block >> 1) & 5) | (bits[p - columns] << 1) | (bits[p] << 3);
      counts[place + block]++;
      flips += bits[p] ^ reference[p];
      place += 16;
      if (place === lastPlace) place = firstPlace;
    }
  }
  for (let k = 0; k < counts.length; k++) { // each other pixel is the own bit of one block
    const [up, left, bit] = [(k >> 1) & 1, (k >> 2) & 1, (k >> 3) & 1];
    ones += bit * counts[k];
    dx += (bit ^ left) * counts[k];
    dy += (bit ^ up) * counts[k];
  }
  const pairsAlong = rows * (columns - 1);
  const pairsDown = (rows - 1) * columns;
  return {
    tv: (pairsAlong ? dx / pairsAlong : 0) + (pairsDown ? dy / pairsDown : 0),
    density: ones / bits.length,
    flipped: flips / bits.length,
    entropy: entropyByPlace(counts),
  };
}

/** Plug-in entropies of the 16 block patterns at each place, averaged by count, per pixel. */
function entropyByPlace(counts) {
  let total = 0;
  let sum = 0;
  for (let place = 0; place < counts.length; place += 16) {
    let blocks = 0;
    for (let code = 0; code < 16; code++) blocks += counts[place + code];
    for (let code = 0; code < 16; code++) {
      const n = counts[place + code];
      if (n > 0) sum -= n * Math.log2(n / blocks);
    }
    total += blocks;
  }
  return total ? sum / total / 4 : 0;
}

/**
 * Total variation of one pixel: its differences from the right and the lower neighbour (tv_map).
 * @returns {0 | 1 | 2}
 */
function localVariation(bits, columns, i, j) {
  const p = i * columns + j;
  const right = j + 1 < columns ? bits[p] ^ bits[p + 1] : 0;
  const below = p + columns < bits.length ? bits[p] ^ bits[p + columns] : 0;
  return right + below;
}

/** `localVariation` of every pixel, written to `out`. */
function variationMap(bits, columns, out) {
  const last = bits.length - columns;
  for (let p = 0, j = 0; p < bits.length; p++) {
    const right = j + 1 < columns ? bits[p] ^ bits[p + 1] : 0;
    const below = p < last ? bits[p] ^ bits[p + columns] : 0;
    out[p] = right + below;
    if (++j === columns) j = 0;
  }
}

/**
 * Floyd and Steinberg's error diffusion in serpentine order (scores' reference: error_diffusion.py).
 * Sums are rounded to float32 where the reference's are.
 * @param {Float32Array} x  H·W values of mean 0 and variance 1
 * @param {number} columns  W
 * @param {Uint8Array} bits  written, H·W
 */
function floydSteinberg(x, columns, bits) {
  const limit = Math.fround(Math.sqrt(3));
  let here = new Float32Array(columns + 2); // a column more on either side takes what leaves the map
  let below = new Float32Array(columns + 2);
  for (let i = 0; i * columns < x.length; i++) {
    below.fill(0);
    const step = i % 2 ? -1 : 1;
    for (let k = 0; k < columns; k++) {
      const j = step === 1 ? k : columns - 1 - k;
      const clipped = Math.min(Math.max(x[i * columns + j], -limit), limit);
      const value = Math.fround(clipped + here[j + 1]);
      const bit = value >= 0;
      bits[i * columns + j] = Number(bit);
      const error = Math.fround(value - (bit ? limit : -limit)) / 16;
      here[j + 1 + step] += 7 * error;
      below[j + 1 - step] += 3 * error;
      below[j + 1] += 5 * error;
      below[j + 1 + step] += error;
    }
    [here, below] = [below, here];
  }
}

/** Sign + 2·DeSign at every pixel: 0 and 3 where they agree, 1 switched off, 2 switched on. */
function differenceMap(sign, design, out) {
  for (let p = 0; p < sign.length; p++) out[p] = sign[p] | (design[p] << 1);
}

/** Grey values 0…255 of a standardized map: `black` is black, +2.5 white (grey_png). */
function greyMap(x, out, black = -2.5) {
  for (let p = 0; p < x.length; p++) {
    out[p] = Math.round(255 * Math.min(1, Math.max(0, (x[p] - black) / (2.5 - black))));
  }
}
