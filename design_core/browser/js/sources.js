// Where pictures come from. Each source gives frames to networks: RGB bytes of any size.
//
// A source is `moving` if it has a next frame by itself, and `steps` if one can ask for it. What it
// shows of itself stands in its own element (`host`), which the page puts beside what networks see.

/**
 * A frame.
 * @typedef {object} Frame
 * @property {Uint8Array} rgb  (height, width, 3)
 * @property {number} width
 * @property {number} height
 * @property {string} title  what it is, for people
 * @property {string} [label]  its true class, where somebody knows it
 */

const CAMERA_SIDE = 96; // pixels that are resampled of a camera's picture, once the browser reduced it
const SENT_SIDE = 384; // longest side of a picture that is sent on

/** Test pictures one after the other: a data set, or samples. */
class Film {
  /**
   * @param {Uint8Array} pixels  (count, side, side, channels)
   * @param {{side: number, channels: number, labels: string[], titles: string[]}} about
   */
  constructor(pixels, about) {
    Object.assign(this, { pixels, about, index: 0, moving: true, steps: true });
    this.count = about.titles.length;
    this.perSecond = 2;
    this.due = 0;
  }

  /** The frame of this moment; null if it is the one before. */
  at(now) {
    if (now < this.due) return null;
    if (this.due) this.step(1);
    this.due = now + 1000 / this.perSecond;
    return this.frame();
  }

  step(by) {
    this.index = (this.index + by + this.count) % this.count;
  }

  frame() {
    const { side, channels, labels, titles } = this.about;
    const size = side * side * channels;
    const own = this.pixels.subarray(this.index * size, (this.index + 1) * size);
    const rgb = new Uint8Array(side * side * 3);
    for (let k = 0; k < rgb.length; k++) rgb[k] = own[channels === 3 ? k : Math.floor(k / 3)];
    return {
      rgb, width: side, height: side, label: labels[this.index],
      title: `${titles[this.index]}, ${this.index + 1} of ${this.count}`,
    };
  }
}

/** Test patterns that move: what a kernel does to edges, slopes and fine detail. */
class Patterns {
  constructor() {
    Object.assign(this, { moving: true, steps: true, kind: "Disk", side: 64, time: 0, last: 0 });
  }

  at(now) {
    // Frames that are late do not make a pattern jump.
    this.time += Math.min(50, Math.max(0, now - (this.last || now)));
    this.last = now;
    return this.frame();
  }

  step(by) {
    this.time += by * 100;
    this.last = 0;
  }

  frame() {
    const { side } = this;
    const rgb = new Uint8Array(side * side * 3);
    const shade = PATTERN_KINDS[this.kind](this.time / 1000);
    for (let i = 0; i < side; i++) {
      for (let j = 0; j < side; j++) {
        const value = 255 * shade((j + 0.5) / side, (i + 0.5) / side);
        rgb.fill(Math.max(0, Math.min(255, Math.round(value))), 3 * (i * side + j), 3 * (i * side + j) + 3);
      }
    }
    return { rgb, width: side, height: side, title: this.kind };
  }
}

/** Brightness from 0 to 1 at (x, y) of the unit square, after so many seconds. */
const PATTERN_KINDS = {
  Disk: (t) => {
    const bounce = (phase) => 0.25 + 0.5 * Math.abs(1 - ((phase % 2) + 2) % 2);
    const [cx, cy] = [bounce(0.31 * t), bounce(0.43 * t + 0.7)];
    return (x, y) => 0.15 + 0.7 / (1 + Math.exp(60 * (Math.hypot(x - cx, y - cy) - 0.22)));
  },
  Ramp: (t) => {
    const [c, s] = [Math.cos(0.5 * t), Math.sin(0.5 * t)];
    return (x, y) => 0.5 + 0.7 * ((x - 0.5) * c + (y - 0.5) * s);
  },
  Stripes: (t) => (x, y) => 0.5 + 0.45 * Math.sin(2 * Math.PI * (5 * x + 1.5 * y - 0.4 * t)),
  Rings: (t) => (x, y) => 0.5 + 0.45 * Math.cos(60 * Math.hypot(x - 0.5, y - 0.5) ** 2 * 1.6 - 2 * t),
};

/** A picture of one's own: it stays in the page. */
class Still {
  constructor() {
    Object.assign(this, { moving: false, steps: false, picture: null });
  }

  at() {
    const { picture } = this;
    this.picture = null;
    this.shown = picture ?? this.shown;
    return picture;
  }

  frame() {
    return this.shown ?? null;
  }

  /** Open a file; a rejected promise says in words what is wrong with it. */
  async open(file) {
    if (file.size > 10 * 2 ** 20) throw new Error("Pictures of up to 10 MB are opened here.");
    let bitmap;
    try {
      bitmap = await createImageBitmap(file, { colorSpaceConversion: "none", premultiplyAlpha: "none" });
    } catch {
      throw new Error(`${file.name} is no picture that this browser can open.`);
    }
    if (bitmap.width * bitmap.height > 40e6) throw new Error("Pictures of up to 40 million pixels are opened here.");
    this.picture = { ...rgbOf(bitmap, bitmap.width, bitmap.height), title: file.name };
    bitmap.close();
  }
}

/** A pad to draw on, by pointer or by keys; digits are framed as those that networks learned from. */
class Pad {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    Object.assign(this, { moving: false, steps: false, canvas, fresh: true, pen: null });
    canvas.width = canvas.height = 256;
    this.context = canvas.getContext("2d", { willReadFrequently: true });
    this.clear();
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.pen = this.place(event);
      this.draw(this.pen);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!canvas.hasPointerCapture(event.pointerId)) return;
      for (const one of event.getCoalescedEvents?.() ?? [event]) this.draw(this.place(one));
    });
    canvas.addEventListener("keydown", (event) => this.onKey(event));
  }

  place({ clientX, clientY }) {
    const box = this.canvas.getBoundingClientRect();
    return [((clientX - box.left) / box.width) * 256, ((clientY - box.top) / box.height) * 256];
  }

  /** Arrows move the pen, with Shift they draw; Delete wipes the pad. */
  onKey(event) {
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (event.key === "Delete" || event.key === "Backspace") this.clear();
    else if (event.key in steps && !event.ctrlKey && !event.altKey && !event.metaKey) {
      const [x, y] = this.pen ?? [128, 128];
      const [dx, dy] = steps[event.key];
      const to = [x + 12 * dx, y + 12 * dy].map((value) => Math.max(8, Math.min(248, value)));
      if (event.shiftKey) this.draw(to);
      this.pen = to;
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  draw(to) {
    const { context } = this;
    context.strokeStyle = "#FFFFFF";
    context.lineWidth = 32;
    context.lineCap = context.lineJoin = "round";
    context.beginPath();
    context.moveTo(...(this.pen ?? to));
    context.lineTo(...to);
    context.stroke();
    this.pen = to;
    this.fresh = true;
    this.empty = false;
  }

  clear() {
    this.context.fillStyle = "#000000";
    this.context.fillRect(0, 0, 256, 256);
    this.fresh = this.empty = true;
    this.pen = null;
  }

  at() {
    if (!this.fresh) return null;
    this.fresh = false;
    return this.frame();
  }

  frame() {
    const whole = rgbOf(this.canvas, 256, 256);
    return { ...framedInk(whole), title: this.empty ? "An empty pad" : "Your drawing" };
  }
}

/** The square around the ink, so that it fills the picture as scanned digits do; all if there is none. */
function framedInk({ rgb, width, height }) {
  let [left, top, right, bottom] = [width, height, -1, -1];
  for (let k = 0; k < width * height; k++) {
    if (rgb[3 * k] < 128) continue;
    const [i, j] = [Math.floor(k / width), k % width];
    [left, top, right, bottom] = [Math.min(left, j), Math.min(top, i), Math.max(right, j), Math.max(bottom, i)];
  }
  if (right < 0) return { rgb, width, height };
  const side = Math.max(right - left, bottom - top) + 1;
  const [x0, y0] = [(left + right + 1 - side) >> 1, (top + bottom + 1 - side) >> 1];
  const framed = new Uint8Array(side * side * 3);
  for (let i = 0; i < side; i++) {
    for (let j = 0; j < side; j++) {
      const [y, x] = [y0 + i, x0 + j];
      if (y < 0 || x < 0 || y >= height || x >= width) continue;
      const from = 3 * (y * width + x);
      framed.set(rgb.subarray(from, from + 3), 3 * (i * side + j));
    }
  }
  return { rgb: framed, width: side, height: side };
}

/** The camera, asked for on a click only. Its pixels stay in the page. */
class Camera {
  /** @param {HTMLVideoElement} video */
  constructor(video) {
    Object.assign(this, { moving: true, steps: true, video, stream: null });
    this.canvas = new OffscreenCanvas(CAMERA_SIDE, CAMERA_SIDE);
    this.lastTime = -1;
  }

  /** Ask for the camera; a rejected promise says in words why there is none. */
  async start() {
    if (!navigator.mediaDevices?.getUserMedia) {
      throw new Error("Browsers lend the camera only to pages that came by https, from this machine, or from a file.");
    }
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({ video: { width: 640, height: 480 }, audio: false });
    } catch (error) {
      throw new Error(CAMERA_WORDS[error.name] ?? `The camera does not start: ${error.message || error.name}.`);
    }
    this.video.srcObject = this.stream;
    await this.video.play();
  }

  stop() {
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.stream = this.video.srcObject = null;
  }

  at() {
    const { video } = this;
    if (!this.stream || video.readyState < 2 || video.currentTime === this.lastTime) return null;
    this.lastTime = video.currentTime;
    return this.square(this.canvas, CAMERA_SIDE);
  }

  /** Hold the picture still, or let it move on. */
  hold(still) {
    if (!this.stream) return;
    if (still) this.video.pause();
    else this.video.play();
  }

  /** The next picture of the camera, held still. */
  async step() {
    if (!this.stream) return;
    await this.video.play();
    await new Promise((resolve) => { this.video.requestVideoFrameCallback(resolve); });
    this.video.pause();
  }

  /** What the camera shows now, larger than networks take it. */
  frame() {
    return this.stream ? this.square(new OffscreenCanvas(SENT_SIDE, SENT_SIDE), SENT_SIDE) : null;
  }

  square(canvas, side) {
    const { videoWidth: width, videoHeight: height } = this.video;
    const edge = Math.min(width, height);
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.imageSmoothingQuality = "high";
    context.drawImage(this.video, (width - edge) / 2, (height - edge) / 2, edge, edge, 0, 0, side, side);
    return { ...rgbOf(canvas, side, side, context), title: "Your camera" };
  }
}

const CAMERA_WORDS = {
  NotAllowedError: "The camera was refused. Allow it in the browser's address bar, and start it again.",
  NotFoundError: "This machine has no camera. Draw, open a picture, or watch the film.",
  NotReadableError: "Another program holds the camera. Close it, and start the camera again.",
};

/** The pixels of something that can be drawn; what is transparent lies over white. */
function rgbOf(drawable, width, height, context = null) {
  let ready = context;
  if (!ready) {
    ready = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
    ready.fillStyle = "#FFFFFF";
    ready.fillRect(0, 0, width, height);
    ready.drawImage(drawable, 0, 0);
  }
  const { data } = ready.getImageData(0, 0, width, height);
  const rgb = new Uint8Array(width * height * 3);
  for (let k = 0, to = 0; k < data.length; k += 4) {
    rgb[to++] = data[k];
    rgb[to++] = data[k + 1];
    rgb[to++] = data[k + 2];
  }
  return { rgb, width, height };
}
