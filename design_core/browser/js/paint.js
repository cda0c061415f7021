// Indexed pictures, painted at whole factors onto canvases whose pixels are the screen's.

/** Colours as the little-endian Uint32 of canvas pixels. */
function colour(hex) {
  const [r, g, b] = [1, 3, 5].map((k) => parseInt(hex.slice(k, k + 2), 16));
  return ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;
}

const INK = "#14161A";
const PAPER = "#F7F5F0";
const SWITCHED_ON = "#0072B2"; // Okabe–Ito blue
const SWITCHED_OFF = "#E69F00"; // Okabe–Ito orange
const PALETTES = {
  bits: [INK, PAPER],
  difference: ["#BDBAB4", SWITCHED_OFF, SWITCHED_ON, "#E4E1DA"],
  variation: ["#00224E", "#7D7C78", "#FEE838"], // cividis at 0, ½ and 1
  grey: Array.from({ length: 256 }, (_, k) => {
    const mix = (a, b) => Math.round(a + ((b - a) * k) / 255).toString(16).padStart(2, "0");
    return `#${mix(0x14, 0xf7)}${mix(0x16, 0xf5)}${mix(0x1a, 0xf0)}`;
  }),
};
const COLOURS = Object.fromEntries(
  Object.entries(PALETTES).map(([name, hexes]) => [name, Uint32Array.from(hexes, colour)]),
);

/** The largest whole factor at which the map fits the panel; never below 1. */
function fittingZoom(map, panel) {
  const factor = Math.min(panel.width / map.columns, panel.height / map.rows);
  return Math.min(LIMITS.zoom, Math.max(1, Math.floor(factor)));
}

/**
 * Where the map lies in a panel, in whole device pixels: centred when it fits, else panned to
 * `centre` (in map pixels) and kept from leaving the panel.
 */
function place(map, panel, zoom, centre) {
  const along = (size, room, middle) => {
    const extent = size * zoom;
    if (extent <= room) return Math.floor((room - extent) / 2);
    return Math.min(0, Math.max(room - extent, Math.round(room / 2 - middle * zoom)));
  };
  return {
    zoom,
    left: along(map.columns, panel.width, centre.column),
    top: along(map.rows, panel.height, centre.row),
  };
}

/**
 * Paint an indexed picture onto panel pixels, each of its pixels a square of zoom × zoom.
 * @param {Uint32Array} pixels  of the panel
 * @param {{width: number, height: number}} panel
 * @param {{rows: number, columns: number}} map
 * @param {{zoom: number, left: number, top: number}} where
 * @param {{index: Uint8Array, colours: Uint32Array}} layer
 * @param {number} from  first panel column painted
 * @param {number} to  last panel column painted, exclusive
 */
function paintLayer(pixels, panel, map, where, layer, from = 0, to = panel.width) {
  const { index, colours } = layer;
  const { zoom, left, top } = where;
  const x0 = Math.max(from, left);
  const x1 = Math.min(to, left + map.columns * zoom);
  const y1 = Math.min(panel.height, top + map.rows * zoom);
  if (x1 <= x0) return;
  for (let y = Math.max(0, top); y < y1; ) {
    const row = Math.floor((y - top) / zoom);
    const line = y * panel.width;
    let p = row * map.columns + Math.floor((x0 - left) / zoom);
    let edge = left + (Math.floor((x0 - left) / zoom) + 1) * zoom;
    for (let x = x0; x < x1; edge += zoom) {
      const c = colours[index[p++]];
      for (const end = Math.min(edge, x1); x < end; x++) pixels[line + x] = c;
    }
    const next = Math.min(y1, top + (row + 1) * zoom);
    for (let below = y + 1; below < next; below++) {
      pixels.copyWithin(below * panel.width + x0, line + x0, line + x1);
    }
    y = next;
  }
}

/** A small grey picture of a map, its pixels averaged: honest for x, as it never is for bits. */
function thumbnail(canvas, index, map, side) {
  const scale = Math.min(side / map.columns, side / map.rows);
  const full = new OffscreenCanvas(map.columns, map.rows);
  const image = new ImageData(map.columns, map.rows);
  paintLayer(
    new Uint32Array(image.data.buffer),
    { width: map.columns, height: map.rows },
    map,
    { zoom: 1, left: 0, top: 0 },
    { index, colours: COLOURS.grey },
  );
  full.getContext("2d").putImageData(image, 0, 0);
  canvas.width = Math.max(1, Math.round(map.columns * scale));
  canvas.height = Math.max(1, Math.round(map.rows * scale));
  const context = canvas.getContext("2d");
  context.imageSmoothingEnabled = scale < 1;
  context.imageSmoothingQuality = "high";
  context.drawImage(full, 0, 0, canvas.width, canvas.height);
}
