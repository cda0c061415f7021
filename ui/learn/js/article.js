// The article itself: values that the sentences set, figures that follow within a frame, and what
// goes to Python once the reader rests. Mounted by Streamlit through the default export.

const mountedArticles = new WeakMap();
const REPORT_MS = 400; // after the last change, or the end of scrolling
const LEAVE_MS = 5000; // in which a page turns
const SENT_SIDE = 512; // longest side of a picture that is sent; no page takes it larger
const READ_AT = 0.35; // of the window's height: the part that begins above it is the one that is read

class Article {
  /**
   * @param {HTMLElement} root
   * @param {(report: object) => void} onState
   * @param {(wish: object) => void} onWish
   */
  constructor(root, onState, onWish) {
    Object.assign(this, { root, onState, onWish, dials: new Map(), figures: [], dirty: new Set(), part: "start" });
    // Not while a number is held, however long the hand rests: the page would run under it.
    this.reporting = new Report(() => (root.querySelector(".held") ? this.report() : this.tell()));
    this.seen = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) target.inView = isIntersecting;
      this.ask();
    }, { rootMargin: "25%" });
    this.sizes = new ResizeObserver(() => this.measure());
    this.sizes.observe(root);
    this.onScroll = () => this.rest();
    document.addEventListener("scroll", this.onScroll, { capture: true, passive: true });
    root.addEventListener("click", (event) => this.onClick(event));
    root.querySelector("[type=file]").addEventListener("change", ({ target }) => {
      this.send(target.files[0]);
      target.value = "";
    });
  }

  find(selector) {
    return this.root.querySelector(selector);
  }

  all(selector) {
    return [...this.root.querySelectorAll(selector)];
  }

  // ---- what comes from Python

  receiveData(data) {
    if (data === this.data) return;
    this.data = data;
    const { metadata, tensors } = readSafetensors(data);
    this.hash = metadata.hash;
    this.about = JSON.parse(metadata.about);
    this.tensors = tensors;
    this.adopt();
  }

  receiveSettings(settings) {
    const anew = settings.revision !== this.settings?.revision;
    this.settings = settings;
    if (anew) this.values = null;
    this.adopt();
  }

  /** Both halves are here: show the picture, and on a new revision begin where Python says. */
  adopt() {
    if (!this.about || !this.settings || this.settings.hash !== this.hash) return;
    const { start } = this.settings;
    const begins = !this.values;
    if (begins) this.values = { ...start.values, stair: start.stair, block: start.block, row: 54, column: 100 };
    this.root.classList.toggle("only", this.settings.only);
    for (const section of this.all("section")) section.hidden = this.settings.only && section.id !== start.part;
    this.fillIn();
    this.takePicture();
    for (const [name, dial] of this.dials) dial.show(this.values[name]);
    this.measure();
    this.root.dataset.ready = "true";
    if (begins && !this.settings.only) this.goTo(start.part);
    this.openGraph();
  }

  /** Numbers, lists and figures: once. */
  fillIn() {
    if (this.figures.length) return;
    const { said, lists, dials } = this.about;
    this.say(said);
    for (const host of this.all("[data-list]")) {
      host.replaceChildren(...lists[host.dataset.list].map((text) => Object.assign(document.createElement("li"), { textContent: text })));
    }
    for (const host of this.all("[data-dial]")) {
      const about = dials[host.dataset.dial];
      const range = this.find(`[data-range=${about.name}]`);
      this.dials.set(about.name, new Dial(host, range, about, (value) => this.set(about.name, value)));
    }
    for (const [name, Kind] of Object.entries(FIGURES)) {
      const root = this.find(`[data-figure=${name}]`);
      const figure = Object.assign(new Kind(root, this), { name, needs: Kind.needs });
      this.figures.push(figure);
      this.seen.observe(root);
    }
  }


  takePicture() {
    const { values, shape: [rows, columns] } = this.tensors.get("x");
    if (this.x === values) return;
    this.x = values;
    this.map = { rows, columns };
    this.sign = new Uint8Array(values.length);
    binarize(values, columns, Float32Array.of(0), [1, 1], this.sign);
    const square = this.tensors.get("pixels");
    this.pixels = square.values;
    [this.side] = square.shape;
    this.layerCorrelations = [];
    this.movePatch(this.values.row, this.values.column);
    for (const figure of this.figures) {
      figure.picture?.();
      this.dirty.add(figure);
    }
    this.find(".subject").textContent = this.about.alt;
  }

  /** The network of the graph, once the engine is compiled; without one its figure says so. */
  async openGraph() {
    if (this.graph) {
      this.lookInside();
      return;
    }
    const file = this.tensors.get("network").bytes;
    const root = this.find("[data-figure=trained]");
    const module = file.length ? await compiledEngine(this.tensors.get("engine").bytes) : null;
    if (this.graph || !root.isConnected) return;
    root.classList.toggle("without", !module);
    if (!module) return;
    this.graph = Object.assign(new Graph(root, module, file, this), { name: "trained", needs: ["inside", "map", "block"] });
    this.figures.push(this.graph);
    this.seen.observe(root);
    this.graph.measure();
    this.lookInside();
  }

  lookInside() {
    this.graph.look(this.pixels);
    this.layerCorrelations = layerCorrelations(this.graph.network);
    this.say({ "layers-alike": rangeText(this.layerCorrelations), "picture-alike": smallPictureAlike(this.pixels, this.side).toFixed(2) });
    this.dirty.add(this.graph);
    this.touch("shuffle");
  }

  // ---- values

  set(name, value) {
    this.values[name] = value;
    this.dials.get(name)?.show(value);
    this.touch(name);
    this.report();
  }

  /** Other ends for a number, as where a layer has fewer maps. */
  limit(name, high) {
    const dial = this.dials.get(name);
    if (dial.high === high) return;
    dial.limit(dial.low, high);
    this.values[name] = dial.value;
  }

  /** Draw what hangs on a value with the next frame. */
  touch(name) {
    for (const figure of this.figures) if (figure.needs.includes(name)) this.dirty.add(figure);
    this.ask();
  }

  movePatch(row, column) {
    const within = (place, size) => Math.max(0, Math.min(size - WIDER, place));
    this.values.row = within(row, this.map.rows);
    this.values.column = within(column, this.map.columns);
    this.touch("row");
  }

  ask() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      for (const figure of this.dirty) {
        if (!figure.root.inView) continue; // drawn when it comes into view
        this.dirty.delete(figure);
        figure.draw();
      }
    });
  }

  measure() {
    if (!this.x) return;
    this.root.classList.toggle("phone", this.root.clientWidth < 560);
    this.root.classList.toggle("wide", this.root.clientWidth >= 960);
    for (const figure of this.figures) {
      figure.measure();
      this.dirty.delete(figure);
      figure.draw(); // all of them, since canvases take their height from it
    }
  }

  /** Write texts wherever the article names them. */
  say(texts) {
    for (const [name, text] of Object.entries(texts)) {
      for (const place of this.all(`[data-say="${name}"]`)) {
        if (place.textContent !== String(text)) place.textContent = text;
      }
    }
  }

  // ---- what goes to Python

  rest() {
    clearTimeout(this.resting);
    this.resting = setTimeout(() => {
      const part = this.partRead();
      if (part === this.part) return;
      this.part = part;
      this.mark();
      this.report();
    }, REPORT_MS);
  }

  partRead() {
    const begun = this.all("section[id]").filter((one) => one.getBoundingClientRect().top < READ_AT * innerHeight);
    return begun.at(-1)?.id ?? "start";
  }

  mark() {
    for (const link of this.all("nav a")) {
      if (link.dataset.part === this.part) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  }

  report() {
    if (performance.now() >= (this.leaving ?? 0)) this.reporting.soon(REPORT_MS);
  }

  tell() {
    const { values, part, settings: { revision } } = this;
    const dials = Object.fromEntries([...this.dials.keys()].map((name) => [name, values[name]]));
    this.onState({ revision, part, values: dials, stair: values.stair, block: values.block });
  }

  goTo(part) {
    this.part = part;
    this.mark();
    if (part === "start") return;
    this.find(`#${CSS.escape(part)}`)?.scrollIntoView({ block: "start" });
  }

  onClick(event) {
    const { target } = event;
    const link = target.closest("[data-part], [data-open], [data-deck], [data-sample], .own");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const { part, open, deck, sample } = link.dataset;
    if (part) {
      this.goTo(part);
      this.find(`#${CSS.escape(part)} h2`)?.focus({ preventScroll: true });
      this.report();
    } else if (open) this.leave(this.target(open));
    else if (deck) this.onWish({ kind: "deck", text: this.target(deck), about: sentenceOf(link), at: Date.now() });
    else if (sample) this.onWish({ kind: "sample", text: sample, at: Date.now() });
    else this.find("[type=file]").click();
    event.preventDefault();
  }

  /** Open a page. A report that came meanwhile would bring the reader back to this one. */
  leave(target) {
    this.leaving = performance.now() + LEAVE_MS;
    this.reporting.drop();
    this.onWish({ kind: "open", text: target, at: Date.now() });
  }

  /** The address of a figure's scene: what its markup says, with the values of now. */
  target(text) {
    const [page, query = ""] = text.split("?");
    const parameters = new URLSearchParams();
    const { values, about } = this;
    const filled = {
      "{picture}": about.picture, "{stair}": values.stair,
      ...Object.fromEntries(Object.entries(about.codes).map(([name, code]) => [`{${name}}`, code])),
      ...Object.fromEntries([...this.dials.keys()].map((name) => [`{${name}}`, String(values[name])])),
    };
    for (const [name, given] of new URLSearchParams(query)) {
      const value = filled[given] ?? given;
      if (value !== "") parameters.set(name, value);
    }
    return parameters.size ? `${page}?${parameters}` : page;
  }

  /** Hand a picture of the reader's to the app, reduced to what its pages look at. */
  async send(file) {
    if (!file) return;
    const told = this.find(".refused");
    told.textContent = "";
    let bitmap;
    try {
      bitmap = await createImageBitmap(file);
    } catch {
      told.textContent = `${file.name} is no picture that this browser can open. Try PNG or JPEG.`;
      return;
    }
    const scale = Math.min(1, SENT_SIDE / Math.max(bitmap.width, bitmap.height));
    const [width, height] = [bitmap.width, bitmap.height].map((side) => Math.max(1, Math.round(scale * side)));
    const canvas = new OffscreenCanvas(width, height);
    const context = canvas.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.drawImage(bitmap, 0, 0, width, height);
    const blob = await canvas.convertToBlob({ type: "image/png" });
    this.onWish({ kind: "picture", text: file.name.slice(-80), png: await pngText(blob), at: Date.now() });
  }

  close() {
    document.removeEventListener("scroll", this.onScroll, { capture: true });
    this.seen.disconnect();
    this.sizes.disconnect();
    clearTimeout(this.resting);
    this.reporting.drop();
    cancelAnimationFrame(this.frame);
  }
}

/** What the reader sees beside the button: the figure's sentence. */
function sentenceOf(button) {
  return button.closest("[data-figure]").querySelector(".try").textContent.replace(/\s+/g, " ").trim();
}

async function pngText(blob) {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  let text = "";
  for (let k = 0; k < bytes.length; k += 8192) text += String.fromCharCode(...bytes.subarray(k, k + 8192));
  return btoa(text);
}

/** Mean correlation of neighbours in the maps that each layer cuts, constant maps left out. */
function layerCorrelations(network) {
  return network.activations.map(({ x, refresh }, layer) => {
    refresh(0, x.channels);
    const values = new Float32Array(x.height * x.width);
    const found = [];
    for (let channel = 0; channel < x.channels; channel++) {
      network.engine.readValues(x, channel, values);
      const real = values.map((value) => network.realValue(layer, channel, value));
      if (Math.max(...real) > Math.min(...real)) found.push(neighbourCorrelation(real, x.width));
    }
    return found.reduce((sum, one) => sum + one, 0) / Math.max(1, found.length);
  });
}

function rangeText(values) {
  return `${Math.min(...values).toFixed(2)} to ${Math.max(...values).toFixed(2)}`;
}

/** Of the picture at the network's own size, the mean over its colours. */
function smallPictureAlike(pixels, side) {
  const colours = [0, 1, 2].map((c) => Float32Array.from({ length: side * side }, (_, p) => pixels[3 * p + c]));
  return colours.reduce((sum, one) => sum + neighbourCorrelation(one, side), 0) / 3;
}

/** Streamlit calls this when the component appears and whenever its data are new. */
export default function mount({ data, parentElement, setStateValue, setTriggerValue }) {
  const { key } = readSafetensors(data).metadata;
  let article = mountedArticles.get(parentElement);
  if (!article) {
    article = new Article(parentElement.querySelector(".article"), () => {}, () => {});
    mountedArticles.set(parentElement, article);
  }
  article.onState = (report) => setStateValue("state", report);
  article.onWish = (wish) => setTriggerValue("wish", wish);
  const leave = joinChannel(key, article);
  article.receiveData(data);
  return () => {
    article.close();
    mountedArticles.delete(parentElement);
    leave();
  };
}
