// Live: pictures at frame rate through two networks, and all that can be seen of it.
//
// The same class serves the component (live_mount.js) and the file (live_page.js).

const RATE_MS = 1000; // over which frames are counted for their rate
const REPORT_MS = 250;
const TALLIED = ["film", "patterns", "camera"]; // sources whose frames are counted

class Live {
  /**
   * @param {HTMLElement} root  holding the markup of live.html
   * @param {object} given
   * @param {WebAssembly.Module} given.module
   * @param {Uint8Array[]} given.networks  files of network.py
   * @param {Film} given.film
   * @param {object[]} given.offered  plain kernels to choose from
   * @param {object} options
   * @param {string} options.start  a text of live_state.js
   * @param {boolean} options.presenter
   * @param {(text: string) => void} options.onState  hears of the state once it has changed
   * @param {?(to: string, png: Blob) => void} options.onSend  takes a frame to another page
   */
  constructor(root, given, options) {
    Object.assign(this, { root, given, options, offered: given.offered, pointed: null, pinned: false, layouts: 0 });
    this.calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.state = readLiveState(options.start);
    this.reporting = new Report(() => this.sendState());
    this.changed = () => { this.stale = true; };
    this.settled = () => {
      this.recount();
      this.report();
    };
    this.presenter = options.presenter;
    root.classList.toggle("presenter", this.presenter);
    this.find(".send").hidden = !options.onSend;
    this.sides = this.all(".side").map((side) => new Side(side, this));
    this.sides.forEach((side, k) => {
      side.offer(given.networks.map((file) => readAbout(parsedJson(readSafetensors(file).metadata.live)).name));
      this.giveNetwork(side, this.state.networks[k], this.state.kernels[k]);
    });
    if (given.networks.length === 1 && !options.start) this.sides[1].kernels.contrast();
    this.walk = new Walk(this.find(".walk"), this);
    this.sources = {
      film: given.film,
      patterns: new Patterns(),
      pad: new Pad(this.find(".pad")),
      still: new Still(),
      camera: new Camera(this.find("video")),
    };
    given.film.index = this.state.frame % given.film.count;
    this.sources.patterns.kind = this.state.pattern;
    this.forms = new WeakMap(); // frames as networks take them
    this.starts = [];
    this.recount();
    this.listen();
    this.showView();
    this.takeSource(this.state.source);
    this.loop = (now) => {
      this.tick(now);
      this.frame = requestAnimationFrame(this.loop);
    };
    this.frame = requestAnimationFrame(this.loop);
    root.dataset.ready = "true";
  }

  find(selector) {
    return this.root.querySelector(selector);
  }

  all(selector) {
    return [...this.root.querySelectorAll(selector)];
  }

  /** A copy of a part that the markup keeps as a template. */
  clone(selector) {
    return this.find("template").content.querySelector(selector).cloneNode(true);
  }

  close() {
    cancelAnimationFrame(this.frame);
    this.reporting.drop();
    this.sources.camera.stop();
    this.observer.disconnect();
  }

  // ---- input

  listen() {
    const onClick = (selector, call) => {
      for (const button of this.all(selector)) button.addEventListener("click", () => call(button));
    };
    onClick("[data-source]", ({ dataset }) => this.takeSource(dataset.source, { told: true }));
    onClick("[data-view]", ({ dataset }) => {
      this.state.view = dataset.view;
      this.showView();
      this.report();
    });
    onClick("[data-pattern]", ({ dataset }) => {
      this.state.pattern = this.sources.patterns.kind = dataset.pattern;
      this.takeSource("patterns", { told: true });
    });
    onClick("[data-send]", ({ dataset }) => this.send(dataset.send));
    onClick(".play", () => this.play(!this.playing));
    onClick(".step", () => this.step(1));
    onClick(".back", () => this.step(-1));
    onClick(".clear", () => this.sources.pad.clear());
    onClick(".start", () => this.startCamera());
    onClick(".open", () => this.find("[type=file]").click());
    this.find("[type=file]").addEventListener("change", ({ target }) => {
      this.openPicture(target.files[0]);
      target.value = "";
    });
    this.find(".speed").addEventListener("change", ({ target }) => {
      this.sources.film.perSecond = Number(target.value);
      this.sources.film.due = 0;
    });
    this.root.addEventListener("dragover", (event) => event.preventDefault());
    this.root.addEventListener("drop", (event) => {
      event.preventDefault();
      this.openPicture(event.dataTransfer.files[0]);
    });
    this.root.addEventListener("keydown", (event) => this.onKey(event));
    this.observer = new ResizeObserver(() => {
      this.phone = this.root.clientWidth < 560;
      this.root.classList.toggle("narrow", this.root.clientWidth < 900);
      this.root.classList.toggle("phone", this.phone);
      this.layouts += 1;
      this.shown = null;
      this.drawn = false;
    });
    this.observer.observe(this.root);
  }

  onKey(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || event.target.matches("input, select, summary")) return;
    if (event.key === " " && !event.target.matches("button")) this.play(!this.playing);
    else if (event.key === ".") this.step(1);
    else if (event.key === ",") this.step(-1);
    else return;
    event.preventDefault();
  }

  /** Look at another source; `told` where the user asked for it. */
  takeSource(name, { told = false } = {}) {
    if (name !== "camera") this.stopCamera();
    this.state.source = name;
    this.source = this.sources[name];
    this.root.dataset.source = name;
    for (const button of this.all("[data-source]")) button.setAttribute("aria-pressed", button.dataset.source === name);
    for (const button of this.all("[data-pattern]")) button.setAttribute("aria-pressed", button.dataset.pattern === this.state.pattern);
    this.say("");
    this.recount();
    this.play(this.source.moving && !this.calm, { quiet: true });
    this.take(this.source.frame());
    this.root.classList.toggle("blank", !this.current);
    if (told) this.report();
  }

  play(playing, { quiet = false } = {}) {
    const { moving, steps } = this.source;
    this.playing = moving && playing;
    this.drawn = false; // classes that kept their places while pictures moved take those they have
    const button = this.find(".play");
    button.disabled = !moving;
    button.querySelector("span").textContent = this.playing || !moving ? "Freeze" : "Play";
    button.setAttribute("aria-pressed", moving && !this.playing);
    for (const one of this.all(".step, .back")) one.disabled = !steps;
    this.find(".told").setAttribute("aria-live", this.playing ? "off" : "polite");
    if (this.source.due !== undefined) this.source.due = 0;
    this.source.hold?.(!this.playing);
    if (!quiet && !this.playing) this.report();
  }

  /** The frame after this one, or before; the picture stands still from now on. */
  async step(by) {
    if (!this.source.steps) return;
    this.play(false, { quiet: true });
    await this.source.step(by);
    const frame = this.source.frame();
    if (!frame) return;
    this.take(frame);
    this.tally();
    this.report();
  }

  async startCamera() {
    const { camera } = this.sources;
    if (camera.stream) {
      this.stopCamera();
      return;
    }
    try {
      await camera.start();
      this.find(".start").textContent = "Stop the camera";
      this.root.dataset.camera = "on";
      this.say("");
      this.play(true);
    } catch (error) {
      this.say(error.message);
    }
  }

  stopCamera() {
    this.sources.camera.stop();
    this.find(".start").textContent = "Start the camera";
    delete this.root.dataset.camera;
  }

  async openPicture(file) {
    if (!file) return;
    try {
      await this.sources.still.open(file);
      this.takeSource("still", { told: true });
    } catch (error) {
      this.say(error.message);
    }
  }

  /** Hand the frame on screen to another page. */
  async send(to) {
    const frame = this.source.frame();
    if (!frame) return;
    const whole = canvasOf(frame);
    const share = Math.min(1, SENT_SIDE / Math.max(frame.width, frame.height));
    const sent = new OffscreenCanvas(Math.round(share * frame.width), Math.round(share * frame.height));
    const context = sent.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.drawImage(whole, 0, 0, sent.width, sent.height);
    this.options.onSend(to, await sent.convertToBlob({ type: "image/png" }));
  }

  say(words) {
    const place = this.find(".said");
    place.textContent = words;
    place.hidden = !words;
  }

  // ---- networks

  /** Give a side a network, its kernels as the codes say. */
  giveNetwork(side, number, codes) {
    const known = number < this.given.networks.length ? number : this.given.networks.length - 1;
    this.state.networks[this.sides.indexOf(side)] = known;
    side.take(new LiveNetwork(this.given.module, this.given.networks[known]), known, codes);
  }

  takeNetwork(side, number) {
    this.giveNetwork(side, number, []);
    this.again();
    this.walk.take();
    this.settled();
  }

  /** Look at the current picture once more, with networks or kernels that have changed. */
  again() {
    if (this.current) this.take(this.current);
  }

  choose(layer, channel) {
    Object.assign(this.state, { layer, channel });
    for (const side of this.sides) side.kernels.showLayer(side.chosen().layer);
    this.drawn = false;
    this.report();
  }

  point(pixel) {
    if (this.pinned) return;
    this.pointed = pixel;
    this.drawn = false;
  }

  /** Hold the pixel, or let go of the one that is held. */
  pin(pixel) {
    const same = this.pinned && pixel && this.pointed.row === pixel.row && this.pointed.column === pixel.column;
    this.pinned = Boolean(pixel) && !same;
    this.pointed = pixel;
    this.drawn = false;
  }

  showView() {
    const { view } = this.state;
    this.root.dataset.view = view;
    for (const button of this.all("[data-view]")) button.setAttribute("aria-pressed", button.dataset.view === view);
    this.find(".walk").hidden = view !== "walk";
    this.layouts += 1;
    this.drawn = false;
  }

  // ---- frames

  /** What an animation frame does: the next picture, if there is one, or what has changed. */
  tick(now) {
    const fresh = this.playing || !this.source.moving ? this.source.at(now) : null;
    if (fresh) {
      this.take(fresh);
      this.tally();
      this.starts = [...this.starts.filter((start) => now - start < RATE_MS), now];
    } else if (this.stale) this.again();
    if (!this.drawn && this.current) this.draw(now);
  }

  /** Show networks a picture. */
  take(frame) {
    if (!frame) return;
    if (!this.current) this.root.classList.remove("blank");
    this.current = frame;
    this.stale = this.drawn = false;
    for (const side of this.sides) side.look(this.formed(frame, side.network));
    this.state.frame = this.sources?.film.index ?? 0;
  }

  /** A frame as a network takes it; made once, however often kernels change. */
  formed(frame, { side, channels }) {
    if (!this.forms.has(frame)) this.forms.set(frame, new Map());
    const made = this.forms.get(frame);
    const form = `${side} ${channels}`;
    if (!made.has(form)) made.set(form, networkPixels(frame.rgb, frame.width, frame.height, side, channels));
    return made.get(form);
  }

  /** The frame itself, where its source does not show it. */
  drawShown() {
    if (this.shown === this.current) return;
    this.shown = this.current;
    const room = this.presenter && !this.phone ? this.find(".input").clientWidth : SHOWN_SIDE;
    drawFrame(this.find(".shown canvas"), this.current, room);
  }

  /** Whether a network taken apart is all that there is room for. */
  get apart() {
    return this.presenter && this.state.view === "walk";
  }

  draw(now) {
    this.drawn = true;
    if (!["pad", "camera"].includes(this.state.source) && !this.apart) this.drawShown();
    for (const side of this.sides) side.draw(now);
    if (this.state.view === "walk") this.walk.draw(now);
    this.tell();
  }

  // ---- words

  recount() {
    this.counts = { frames: 0, agreed: 0, judged: 0, right: [0, 0] };
    this.starts = [];
    this.drawn = false;
  }

  /** Count a frame: whether both agree, and who is right where that is known. */
  tally() {
    if (!TALLIED.includes(this.state.source)) return;
    const { counts, sides, current: { label } } = this;
    counts.frames += 1;
    counts.agreed += sides[0].answer === sides[1].answer;
    if (!this.knows(label)) return;
    counts.judged += 1;
    sides.forEach((side, k) => { counts.right[k] += side.answer === label; });
  }

  names() {
    const [left, right] = this.sides.map(({ network }) => network.about.name);
    return left === right ? ["Left", "Right"] : [left, right];
  }

  tell() {
    const { counts, current: { title, label } } = this;
    const told = this.finding(label);
    if (this.find(".told").textContent !== told) this.find(".told").textContent = told;
    const words = [label ? `${title}: ${label}` : title];
    if (counts.frames > 1) words.push(`agree on ${counts.agreed} of ${counts.frames} frames`);
    if (counts.judged > 1) {
      const right = this.names().map((name, k) => `${name} ${counts.right[k]}`);
      words.push(`right: ${right.join(", ")} of ${counts.judged}`);
    }
    if (this.playing && this.starts.length > 1) {
      const rate = (1000 * (this.starts.length - 1)) / (this.starts.at(-1) - this.starts[0]);
      words.push(`${rate.toFixed(rate < 10 ? 1 : 0)} frames/s`);
    }
    this.find(".note").textContent = words.join(" · ");
  }

  /** Whether both networks could name the class that a picture is of. */
  knows(label) {
    return Boolean(label) && this.sides.every(({ network }) => network.about.classes.includes(label));
  }

  finding(label) {
    const [left, right] = this.sides.map(({ answer }) => answer);
    const names = this.names();
    const known = this.knows(label);
    const says = (name, answer) => `${name} ${known && answer === label ? "rightly " : ""}says ${answer}`;
    if (left !== right) return `They disagree: ${says(names[0], left)}, ${says(names[1], right)}.`;
    const both = `${names.join(" and ")} both`;
    if (known && left !== label) return `${both} mistake ${label} for ${left}.`;
    return `${both} ${known ? "rightly " : ""}say ${left}.`;
  }

  /** Tell what is on screen, once it has come to rest. */
  report() {
    this.reporting.soon(REPORT_MS);
  }

  sendState() {
    const kernels = this.sides.map((side) => side.kernels.codes());
    this.options.onState(writeLiveState({ ...this.state, kernels }));
  }
}

function imageOf({ rgb, width, height }) {
  const image = new ImageData(width, height);
  for (let k = 0, from = 0; k < image.data.length; k += 4, from += 3) {
    image.data[k] = rgb[from];
    image.data[k + 1] = rgb[from + 1];
    image.data[k + 2] = rgb[from + 2];
    image.data[k + 3] = 255;
  }
  return image;
}

/** A frame on a canvas of its size. */
function canvasOf(frame) {
  const canvas = new OffscreenCanvas(frame.width, frame.height);
  canvas.getContext("2d").putImageData(imageOf(frame), 0, 0);
  return canvas;
}

const SHOWN_SIDE = 192; // CSS pixels

/** Show a frame in so much room: small ones pixel by pixel, by a whole factor; large ones reduced. */
function drawFrame(canvas, frame, room) {
  const fit = (room * devicePixelRatio) / Math.max(frame.width, frame.height);
  const enlarged = fit >= 1;
  const [width, height] = [frame.width, frame.height].map((side) => Math.max(1, Math.round(enlarged ? side : side * fit)));
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  canvas.style.width = `${(width * (enlarged ? Math.floor(fit) : 1)) / devicePixelRatio}px`;
  const context = canvas.getContext("2d");
  if (enlarged) {
    context.putImageData(imageOf(frame), 0, 0);
    return;
  }
  context.imageSmoothingQuality = "high";
  context.drawImage(canvasOf(frame), 0, 0, width, height);
}
