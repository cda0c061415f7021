// Many small maps of bits on one canvas, each at the same whole factor, in the screen's own pixels.

const MOSAIC_GAP = 4; // CSS pixels between maps

class Mosaic {
  /**
   * @param {HTMLElement} host  that holds a canvas and the mark of the chosen map
   * @param {(tile: number) => void} onPick
   */
  constructor(host, onPick) {
    this.host = host;
    this.canvas = host.querySelector("canvas");
    this.markOf = host.querySelector(".mark");
    this.context = this.canvas.getContext("2d");
    this.layout = "";
    this.canvas.addEventListener("click", (event) => {
      const tile = this.tileAt(event);
      if (tile >= 0) onPick(tile);
    });
  }

  /**
   * Make room for `count` maps, each `side` CSS pixels large at most, in rows of `room` CSS pixels.
   * @param {{rows: number, columns: number}} map
   */
  layOut(count, map, side, room) {
    const ratio = devicePixelRatio;
    const layout = [count, map.rows, map.columns, side, room, ratio].join(" ");
    if (layout === this.layout || room <= 0) return;
    const gap = Math.round(MOSAIC_GAP * ratio);
    const zoom = Math.max(1, Math.floor((side * ratio) / Math.max(map.rows, map.columns)));
    const [wide, tall] = [map.columns * zoom, map.rows * zoom];
    const perRow = Math.max(1, Math.min(count, Math.floor((room * ratio + gap) / (wide + gap))));
    const rows = Math.ceil(count / perRow);
    const { canvas } = this;
    canvas.width = perRow * (wide + gap) - gap;
    canvas.height = rows * (tall + gap) - gap;
    canvas.style.width = `${canvas.width / ratio}px`;
    canvas.style.height = `${canvas.height / ratio}px`;
    canvas.dataset.place = `${zoom} ${gap} ${perRow}`;
    this.image = new ImageData(canvas.width, canvas.height);
    this.pixels = new Uint32Array(this.image.data.buffer);
    Object.assign(this, { layout, count, map, zoom, gap, wide, tall, perRow, ratio });
  }

  /** Where a tile begins, in device pixels. */
  corner(tile) {
    return {
      left: (tile % this.perRow) * (this.wide + this.gap),
      top: Math.floor(tile / this.perRow) * (this.tall + this.gap),
    };
  }

  /** @param {Uint8Array} index  of the map's pixels into `colours` */
  paint(tile, index, colours = COLOURS.bits) {
    const where = { zoom: this.zoom, ...this.corner(tile) };
    paintLayer(this.pixels, this.canvas, this.map, where, { index, colours });
  }

  show() {
    this.context.putImageData(this.image, 0, 0);
  }

  /** Frame a tile; −1 for none. */
  mark(tile) {
    const { markOf: mark, ratio } = this;
    mark.hidden = !(tile >= 0 && tile < this.count);
    if (mark.hidden) return;
    const { left, top } = this.corner(tile);
    mark.style.left = `${left / ratio}px`;
    mark.style.top = `${top / ratio}px`;
    mark.style.width = `${this.wide / ratio}px`;
    mark.style.height = `${this.tall / ratio}px`;
  }

  /** The tile under the pointer, −1 for none. */
  tileAt({ clientX, clientY }) {
    const place = this.pixelAt({ clientX, clientY });
    return place ? place.tile : -1;
  }

  /** Tile, row and column under the pointer; null beside the maps. */
  pixelAt({ clientX, clientY }) {
    const box = this.canvas.getBoundingClientRect();
    const x = ((clientX - box.left) / box.width) * this.canvas.width;
    const y = ((clientY - box.top) / box.height) * this.canvas.height;
    const [across, down] = [Math.floor(x / (this.wide + this.gap)), Math.floor(y / (this.tall + this.gap))];
    const [dx, dy] = [x - across * (this.wide + this.gap), y - down * (this.tall + this.gap)];
    const tile = down * this.perRow + across;
    const beside = x < 0 || y < 0 || dx >= this.wide || dy >= this.tall || across >= this.perRow || tile >= this.count;
    return beside ? null : { tile, row: Math.floor(dy / this.zoom), column: Math.floor(dx / this.zoom) };
  }
}
