// Files made in the browser: PNG with 1 or 2 bits per pixel, exactly the bits on screen.

/** CRC-32 as PNG wants it. */
function crc32(bytes) {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let k = 0; k < 8; k++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

function pngChunk(type, body) {
  const chunk = new Uint8Array(12 + body.length);
  const view = new DataView(chunk.buffer);
  view.setUint32(0, body.length);
  for (let k = 0; k < 4; k++) chunk[4 + k] = type.charCodeAt(k);
  chunk.set(body, 8);
  view.setUint32(8 + body.length, crc32(chunk.subarray(4, 8 + body.length)));
  return chunk;
}

/** Scan lines with `depth` bits per pixel, each map pixel repeated factor × factor times. */
function packLines(index, { rows, columns }, depth, factor) {
  const width = columns * factor;
  const lineBytes = 1 + Math.ceil((width * depth) / 8); // filter type 0, then the pixels
  const packed = new Uint8Array(lineBytes * rows * factor);
  for (let i = 0; i < rows; i++) {
    const line = i * factor * lineBytes;
    for (let x = 0; x < width; x++) {
      const bitPlace = x * depth;
      const value = index[i * columns + Math.floor(x / factor)];
      packed[line + 1 + (bitPlace >> 3)] |= value << (8 - depth - (bitPlace & 7));
    }
    for (let k = 1; k < factor; k++) {
      packed.copyWithin(line + k * lineBytes, line, line + lineBytes);
    }
  }
  return packed;
}

/**
 * A PNG file of an indexed picture: bits take 1 bit per pixel, three or four colours take 2.
 * Read back as a palette picture, its indices are the bits, as in design_core/output/drawing.py.
 * @param {Uint8Array} index
 * @param {{rows: number, columns: number}} map
 * @param {string[]} palette  two to four colours as #RRGGBB
 * @param {number} factor  whole enlargement
 * @returns {Promise<Blob>}
 */
async function encodePng(index, map, palette, factor) {
  const depth = palette.length === 2 ? 1 : 2;
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, map.columns * factor);
  view.setUint32(4, map.rows * factor);
  header[8] = depth;
  header[9] = 3; // colours by palette
  const rgb = palette.flatMap((hex) => [1, 3, 5].map((k) => parseInt(hex.slice(k, k + 2), 16)));
  const lines = new Blob([packLines(index, map, depth, factor)]);
  const deflated = lines.stream().pipeThrough(new CompressionStream("deflate"));
  return new Blob(
    [
      Uint8Array.of(137, 80, 78, 71, 13, 10, 26, 10),
      pngChunk("IHDR", header),
      pngChunk("PLTE", Uint8Array.from(rgb)),
      pngChunk("IDAT", new Uint8Array(await new Response(deflated).arrayBuffer())),
      pngChunk("IEND", new Uint8Array(0)),
    ],
    { type: "image/png" },
  );
}

/** Hand a file to the browser's downloads. */
function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
