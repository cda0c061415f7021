// One bit of a network, and all that made it: windows, products, sum, batch norm, threshold, cut.

/**
 * @typedef {object} Product
 * @property {number} tap  place in the window, row by row
 * @property {number} channel  of the layer before
 * @property {number} input  ±1, or a real number; 0 beyond the border where that counts as nothing
 * @property {number} weight
 *
 * @typedef {object} Probe
 * @property {{row: number, column: number, sum: number}[]} windows  one, or the four that are pooled
 * @property {number} best  which of them has the largest sum
 * @property {Product[]} products  of the best window; none where there is no convolution before
 * @property {number} value  what is cut: the sum, exact
 * @property {number} x  the same as a batch-norm output
 * @property {number} threshold
 * @property {{slice: number, cell: number}} place  of the threshold in the kernel
 * @property {number} cut  the first sum that fires, or, if `flipped`, the first that does not
 * @property {boolean} flipped
 * @property {number} bit  1 or 0
 */

/** @returns {Probe} */
function probeBit(network, layer, channel, row, column) {
  const { engine } = network;
  const activation = network.activations[layer];
  const { x, bits, conv } = activation;
  const kernel = network.kernels[layer];
  const [slices, d1, d2] = kernel.shape;
  const place = { slice: channel % slices, cell: (row % d1) * d2 + (column % d2) };
  activation.refresh(channel, channel + 1);
  const pixel = row * x.width + column;
  const value = x.kind === "sums"
    ? engine.i16[x.at / 2 + pixel * x.lanes + channel]
    : engine.f32[x.at / 4 + pixel * x.lanes + channel];
  const windows = conv ? windowsOf(conv, row, column) : [];
  const made = windows.map((window) => productsOf(engine, conv, channel, window));
  made.forEach(({ sum }, k) => { windows[k].sum = sum; });
  const best = windows.reduce((most, { sum }, k) => (sum > windows[most].sum ? k : most), 0);
  const cutPlace = ((row % activation.rows) * activation.columns + (column % activation.columns)) * x.lanes + channel;
  return {
    windows,
    best,
    products: made[best]?.products ?? [],
    value,
    x: network.realValue(layer, channel, value),
    threshold: sliceThresholds(kernel, place.slice)[place.cell],
    place,
    cut: x.kind === "sums" ? engine.i16[activation.cuts / 2 + cutPlace] : engine.f32[activation.cuts / 4 + cutPlace],
    flipped: Boolean((engine.u8[activation.flips + (channel >> 3)] >> (channel & 7)) & 1),
    bit: (engine.u8[bits.at + pixel * bits.bytes + (channel >> 3)] >> (channel & 7)) & 1,
  };
}

/** The windows of the sums that a bit hangs on, by their middle. */
function windowsOf({ pool, layer: { stride } }, row, column) {
  const offsets = pool ? [[0, 0], [0, 1], [1, 0], [1, 1]] : [[0, 0]];
  const step = pool ? 2 : 1;
  return offsets.map(([u, v]) => ({ row: (step * row + u) * stride, column: (step * column + v) * stride, sum: 0 }));
}

/** All products of one window with one output, and their sum. */
function productsOf(engine, conv, output, window) {
  const size = windowSize(conv);
  const products = [];
  let sum = 0;
  for (let tap = 0; tap < size * size; tap++) {
    const { row, column } = tapPlace(conv, window, tap);
    for (let channel = 0; channel < conv.input.channels; channel++) {
      const input = inputAt(engine, conv, row, column, channel);
      const weight = engine.weight(conv, output, tap, channel);
      products.push({ tap, channel, input, weight });
      sum += input * weight;
    }
  }
  return { products, sum };
}

function windowSize({ layer }) {
  return (layer.words ?? layer.weights).shape[0];
}

/** The pixel of the layer before that a tap of a window lies on; it may lie beyond the border. */
function tapPlace(conv, window, tap) {
  const size = windowSize(conv);
  const margin = marginOf(conv.layer);
  return { row: window.row + Math.floor(tap / size) - margin, column: window.column + (tap % size) - margin };
}

function inputAt(engine, { input, layer }, row, column, channel) {
  const { height, width } = input;
  const inside = row >= 0 && column >= 0 && row < height && column < width;
  if (!inside && layer.kind === "RealConv") return 0;
  if (!inside && layer.padding !== "replicate") return layer.padding === "one" ? 1 : 0;
  const [y, x] = [Math.max(0, Math.min(height - 1, row)), Math.max(0, Math.min(width - 1, column))];
  const pixel = y * width + x;
  if (input.kind === "real") return engine.f32[input.at / 4 + pixel * input.lanes + channel];
  return (engine.u8[input.at + pixel * input.bytes + (channel >> 3)] >> (channel & 7)) & 1 ? 1 : -1;
}
