// Pictures as networks get them: PictureForm.pixels of zoo/checkpoint.py, to the last bit.
//
// The middle square, resampled as Pillow does it for 8-bit pictures (ImageOps.fit with Lanczos):
// weights rounded to 22 binary digits, one axis after the other, rounded to bytes in between.

const WEIGHT_BITS = 22;
const LANCZOS_REACH = 3;

function lanczos(x) {
  const sinc = (t) => (t === 0 ? 1 : Math.sin(Math.PI * t) / (Math.PI * t));
  return -LANCZOS_REACH <= x && x < LANCZOS_REACH ? sinc(x) * sinc(x / LANCZOS_REACH) : 0;
}

/** First source place and whole-number weights of each of `count` places along a box of a side. */
function resamplingWeights(side, start, end, count) {
  const scale = (end - start) / count;
  const stretch = Math.max(scale, 1);
  const reach = LANCZOS_REACH * stretch;
  return Array.from({ length: count }, (_, k) => {
    const centre = start + (k + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - reach + 0.5));
    const last = Math.min(side, Math.trunc(centre + reach + 0.5));
    const real = Array.from({ length: last - first }, (__, x) => lanczos((x + first - centre + 0.5) / stretch));
    const total = real.reduce((sum, weight) => sum + weight, 0);
    const whole = real.map((weight) => {
      const scaled = (total === 0 ? weight : weight / total) * 2 ** WEIGHT_BITS;
      return Math.trunc(scaled + (scaled < 0 ? -0.5 : 0.5));
    });
    return { first, weights: Int32Array.from(whole) };
  });
}

/**
 * Resample the rows or the columns of RGB bytes; the other axis stays.
 * @param {{bytes: Uint8Array, width: number, height: number}} picture
 * @param {{first: number, weights: Int32Array}[]} places  for each place along the new axis
 * @param {boolean} along  whether columns are resampled, or else rows
 */
function resampled({ bytes, width, height }, places, along) {
  const [columns, rows] = along ? [places.length, height] : [width, places.length];
  const step = along ? 3 : 3 * width;
  const out = new Uint8Array(columns * rows * 3);
  for (let i = 0, to = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const { first, weights } = places[along ? j : i];
      const start = 3 * (along ? i * width + first : first * width + j);
      for (let c = 0; c < 3; c++) {
        let sum = 1 << (WEIGHT_BITS - 1);
        for (let k = 0, from = start + c; k < weights.length; k++, from += step) sum += bytes[from] * weights[k];
        const value = sum >> WEIGHT_BITS;
        out[to++] = value < 0 ? 0 : value > 255 ? 255 : value;
      }
    }
  }
  return { bytes: out, width: columns, height: rows };
}

/**
 * The middle square of an RGB picture at side × side pixels.
 * @param {Uint8Array} rgb  (height, width, 3)
 * @returns {Uint8Array} (side, side, 3)
 */
function squarePixels(rgb, width, height, side) {
  const picture = { bytes: rgb, width, height };
  const edge = Math.min(width, height);
  const [left, top] = [(width - edge) / 2, (height - edge) / 2];
  if (edge === side && Number.isInteger(left) && Number.isInteger(top)) return cropped(picture, left, top, side);
  const across = resamplingWeights(width, left, left + edge, side);
  const down = resamplingWeights(height, top, top + edge, side);
  // Each pass rounds, so their order shows; Pillow takes the rows first where that saves work.
  const rowsFirst = height > side && height - side > 2 * (width - side);
  if (rowsFirst) return resampled(resampled(picture, down, false), across, true).bytes;
  return resampled(resampled(picture, across, true), down, false).bytes;
}

function cropped({ bytes, width }, left, top, side) {
  const out = new Uint8Array(side * side * 3);
  for (let i = 0; i < side; i++) {
    const from = ((top + i) * width + left) * 3;
    out.set(bytes.subarray(from, from + 3 * side), i * side * 3);
  }
  return out;
}

/** The luma of every pixel in place of its colours, as Picture.luminance and PictureForm round it. */
function greyOf(rgb) {
  const grey = new Uint8Array(rgb.length);
  const [redShare, blueShare] = [Math.fround(0.299), Math.fround(0.114)];
  for (let k = 0; k < rgb.length; k += 3) {
    const [red, green, blue] = [0, 1, 2].map((c) => Math.fround(rgb[k + c] / 255));
    const first = Math.fround(green + Math.fround(redShare * Math.fround(red - green)));
    const luma = Math.fround(first + Math.fround(blueShare * Math.fround(blue - green)));
    grey.fill(roundedEven(Math.fround(luma * 255)), k, k + 3);
  }
  return grey;
}

function roundedEven(value) {
  const below = Math.floor(value);
  const rest = value - below;
  return rest > 0.5 || (rest === 0.5 && below % 2) ? below + 1 : below;
}

/** A picture as a network of so many channels takes it: (side, side, channels). */
function networkPixels(rgb, width, height, side, channels) {
  const square = squarePixels(channels === 1 ? greyOf(rgb) : rgb, width, height, side);
  return channels === 1 ? square.filter((_, k) => k % 3 === 0) : square;
}
