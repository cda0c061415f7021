// The viewer itself: state, views, input, reports. The same class serves the component (mount.js) and
// the file of a talk.

const LAYERS = {
  single: (state) => [[state.shown]],
  "side-by-side": () => [["sign"], ["design"]],
  wipe: () => [["sign", "design"]],
  flicker: (state) => [[state.swapped ? "sign" : "design"]],
  difference: () => [["difference"]],
  tv: () => [["signVariation"], ["designVariation"]],
  diffusion: (state) => (state.narrow ? [["diffused"]] : [["sign"], ["design"], ["diffused"]]),
};
const LAYER_NAMES = {
  x: "x", sign: "Sign", design: "DeSign", difference: "Difference", diffused: "Error diffusion",
  signVariation: "Sign, edges at each pixel", designVariation: "DeSign, edges at each pixel",
};
const LAYER_PALETTES = {
  x: "grey", sign: "bits", design: "bits", difference: "difference", diffused: "bits",
  signVariation: "variation", designVariation: "variation",
};
const NARROW = 560; // CSS pixels; below, two pictures side by side are too small to compare
const SWAP_MS = 900;
const LIVE_PIXELS = 1 << 20; // maps up to this size are scored in every frame, larger ones at rest
const REST_MS = 120;
const PHONE_SHARE = 0.62; // of a phone's height beside the picture, so that the sliders are seen
const BESIDE = 380; // CSS pixels of a page beside the pictures: heading, toolbar, numbers
let versions = 0; // of all layers of all maps: none is given twice, so equal means the same bits
const PERCENT = (share) => `${(100 * share).toFixed(1)} %`;
const SCORE_TEXT = {
  tv: (value) => value.toFixed(3),
  density: PERCENT,
  entropy: (value) => value.toFixed(3),
  flipped: PERCENT,
};

class Viewer {
  /** @param {ShadowRoot} root  holding the markup of viewer.html */
  constructor(root) {
    this.root = root.querySelector(".viewer");
    this.stage = this.find(".stage");
    this.divider = this.find(".divider");
    this.panels = this.all(".panel").map((figure) => ({
      figure,
      canvas: figure.querySelector("canvas"),
      context: figure.querySelector("canvas").getContext("2d", { willReadFrequently: true }),
      cursor: figure.querySelector(".cursor"),
      pin: figure.querySelector(".pin"),
    }));
    this.state = {
      view: "side-by-side", shown: "design", swapped: false, zoom: null,
      centre: { row: 0, column: 0 }, divider: 0.5, pinned: null, cursor: null,
      selected: 0, narrow: false,
    };
    this.newest = { settings: null, maps: null }; // as they came from Python
    this.given = {}; // what Python last asked for, to tell its changes from the user's
    this.panel = { width: 0, height: 0 };
    this.calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.reporting = new Report(() => this.tell());
    this.kernelPanel = new KernelPanel(this);
    this.framing = new Framing(this);
    this.readout = new Readout(this);
    this.mapStrip = new MapStrip(this.find(".gallery"), (selected) => this.select(selected));
    this.listen();
  }

  find(selector) {
    return this.root.querySelector(selector);
  }

  all(selector) {
    return [...this.root.querySelectorAll(selector)];
  }

  // ---- what comes from Python

  /** Take maps: float32 values of shape (C, H, W), known by their hash. */
  receiveMaps(hash, values) {
    this.newest.maps = { hash, values };
    this.adopt();
  }

  receiveSettings(settings) {
    this.newest.settings = settings;
    this.adopt();
    this.leaveBehind(false);
  }

  /** What the page says of the bits steps back while they change, until it has an answer. */
  leaveBehind(isBehind) {
    for (const said of document.querySelectorAll(".st-key-follows_bits")) {
      said.classList.toggle("ds-behind", isBehind);
    }
  }

  /** The picture in its colours, beside what is cut of it; "" where it is not sent. */
  showWhole(url) {
    const figure = this.find(".whole");
    figure.hidden = !url;
    if (url) figure.querySelector("img").src = url;
  }

  /** Maps and settings travel apart; until they belong together the old picture stays, dimmed. */
  adopt() {
    const { maps, settings } = this.newest;
    const complete = settings && maps?.hash === settings.maps;
    this.root.classList.toggle("waiting", !complete);
    if (!complete) return;
    Object.assign(this, { maps, settings });
    this.applySettings();
  }

  /**
   * Bring the page's settings and the maps together. Where the page asks for something new, it
   * wins; where it repeats itself, what the user did meanwhile stays.
   */
  applySettings() {
    const { settings } = this;
    const { given } = settings;
    const anew = this.given.revision !== given.revision;
    const newMaps = this.given.maps !== given.maps;
    const newKernel = anew || this.given.kernel !== given.kernel;
    const newView = anew || this.given.view !== given.view;
    const newSelection = anew || newMaps || this.given.selected !== given.selected;
    this.given = given;
    this.root.classList.toggle("presenter", settings.presenter);
    this.root.classList.toggle("bare", Boolean(settings.bare));
    this.root.style.setProperty("--tall", `${settings.height}px`);

    const user = anew ? settings.restored : null;
    if (newKernel) this.takeKernel(settings.kernel, user);
    if (newView) {
      this.asked = user?.view ?? settings.view;
      this.state.view = this.viewToStart(this.asked);
    }
    if (anew) Object.assign(this.state, { shown: "design", swapped: false });
    const [, rows, columns] = settings.shape;
    const resized = this.map?.rows !== rows || this.map?.columns !== columns;
    if (anew || resized) this.resize(rows, columns, user);
    if (newMaps) {
      this.mapStrip.fill(settings.names, this.map, (k) => this.mapValues(k));
    }
    if (newSelection) this.select(user?.selected ?? settings.selected, { quiet: true });
    if (newView) this.showView();
    this.describeInput();
    this.markActive();
    this.layOut();
    this.redraw({ bits: true });
    this.summarize();
    this.root.dataset.ready = "true";
  }

  /** `auto` is side by side, or wipe where there is no room for two. */
  viewToStart(view) {
    if (view !== "auto") return view;
    return this.root.clientWidth < NARROW ? "wipe" : "side-by-side";
  }

  takeKernel(given, user) {
    const ranks = Int32Array.from(user?.ranks ?? given.ranks);
    this.kernel = {
      name: given.name,
      shape: given.shape,
      levelSet: given.level_set,
      unit: given.unit,
      ranks,
      strength: user?.strength ?? given.strength,
      offset: user?.offset ?? given.offset,
    };
    this.kernelPanel.prepare(given);
    this.kernelPanel.slice = this.sliceInUse();
  }

  resize(rows, columns, user) {
    this.map = { rows, columns };
    this.layers = Object.fromEntries(
      Object.entries(LAYER_PALETTES).map(([name, palette]) => [
        name, { index: new Uint8Array(rows * columns), colours: COLOURS[palette], version: ++versions },
      ]),
    );
    this.state.centre = { row: rows / 2, column: columns / 2 };
    this.state.zoom = user?.zoom ?? null;
    this.setDivider(user?.divider ?? this.state.divider);
    this.state.pinned = user?.pinned ?? null;
    this.state.cursor = this.state.pinned;
  }

  // ---- what goes to Python

  /** Report what the user set, once it is set: at once, or after `delay` ms without a change. */
  report(delay = 0) {
    this.reporting.soon(delay);
    this.summarize();
  }

  tell() {
    const { selected, zoom, divider, pinned } = this.state;
    const { ranks, strength, offset } = this.kernel;
    this.setStateValue("state", {
      given: this.given, view: this.asked, selected, zoom, divider, pinned,
      ranks: [...ranks], strength, offset,
    });
  }

  // ---- maps

  mapValues(selected) {
    const size = this.map.rows * this.map.columns;
    return this.maps.values.subarray(selected * size, (selected + 1) * size);
  }

  select(selected, { quiet = false } = {}) {
    const [channels] = this.settings.shape;
    this.state.selected = Math.max(0, Math.min(channels - 1, selected));
    this.kernelPanel.slice = this.sliceInUse();
    this.x = this.mapValues(this.state.selected);
    greyMap(this.x, this.layers.x.index);
    const { columns } = this.map;
    const sign = this.layers.sign.index;
    binarize(this.x, columns, Float32Array.of(0), [1, 1], sign);
    this.layers.x.version = ++versions;
    this.layers.sign.version = ++versions;
    this.scores = { sign: score(sign, columns, [1, 1], sign) };
    this.diffusedScores = null;
    this.drawOverview();
    this.mapStrip.mark(this.state.selected);
    this.redraw({ bits: true });
    if (!quiet) this.report(250);
  }

  drawOverview() {
    const side = 96 * devicePixelRatio;
    thumbnail(this.find(".overview canvas"), this.layers.x.index, this.map, side);
    const grey = new Uint8Array(this.x.length);
    greyMap(this.x, grey, 0); // below 0 all is black: that is ReLU
    thumbnail(this.find(".relu canvas"), grey, this.map, side);
    this.describeInput();
  }

  /** Names may change where the maps stay: one picture in two files. */
  describeInput() {
    const name = this.mapName();
    const describe = (canvas, text) => this.find(canvas).setAttribute("aria-label", text);
    describe(".overview canvas", `Pre-activation map ${name}: ${this.settings.alt}`);
    describe(".relu canvas", `ReLU of map ${name}`);
  }

  mapName() {
    return this.settings.names[this.state.selected];
  }

  // ---- kernel

  /** The slice that cuts the chosen map. */
  sliceInUse() {
    return this.state.selected % this.kernel.shape[0];
  }

  /** Whether levels are other than the page's; Python names such a kernel in the same way. */
  edited() {
    return this.kernel.ranks.some((rank, k) => rank !== this.settings.kernel.ranks[k]);
  }

  kernelName() {
    const { name } = this.kernel;
    return this.edited() ? `${name || "kernel"}, edited` : name;
  }

  /** Levels that are being edited beside the viewer, before the page answers with its kernel. */
  preview(shape, ranks) {
    if (String(shape) !== String(this.kernel?.shape)) return;
    this.kernel.ranks = Int32Array.from(ranks);
    this.redraw({ bits: true });
  }

  reset() {
    this.takeKernel(this.settings.kernel, null);
    this.redraw({ bits: true });
    this.report();
  }

  setScale(name, value) {
    this.kernel[name] = value;
    this.redraw({ bits: true });
    this.leaveBehind(true);
  }

  // ---- drawing

  /** Ask for a new picture with the next frame; `bits` when thresholds or maps changed. */
  redraw({ bits = false } = {}) {
    this.dirty ||= bits;
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      if (this.x && this.root.isConnected) this.draw();
    });
  }

  draw() {
    if (this.dirty) this.cut();
    this.dirty = false;
    const where = this.framing.where();
    this.panelLayers().forEach((names, k) => this.paint(this.panels[k], names, where));
    this.readout.draw(where);
    this.framing.draw(where);
  }

  /** Cut the map with the kernel: bits, scores and all that follows from them. */
  cut() {
    const { kernel, layers, map } = this;
    const [, d1, d2] = kernel.shape;
    const thresholds = sliceThresholds(kernel, this.sliceInUse());
    binarize(this.x, map.columns, thresholds, [d1, d2], layers.design.index);
    layers.design.version = ++versions;
    this.stale = new Set(["difference", "signVariation", "designVariation"]);
    this.kernelPanel.draw();
    clearTimeout(this.scoring);
    if (this.x.length <= LIVE_PIXELS) this.scoreDesign();
    else this.scoring = setTimeout(() => this.scoreDesign(), REST_MS);
  }

  scoreDesign() {
    const { kernel, layers, map } = this;
    clearTimeout(this.scoring);
    this.scoring = null;
    const period = kernel.shape.slice(1);
    this.scores.design = score(layers.design.index, map.columns, period, layers.sign.index);
    for (const caption of this.all(".caption")) {
      this.writeScores(caption, this.scores[caption.dataset.activation]);
    }
    this.writeLegend();
  }

  writeScores(caption, scores) {
    if (!scores) return; // error diffusion's, which are asked for only where it is shown
    for (const cell of caption.querySelectorAll("[data-score]")) {
      const { score: kind } = cell.dataset;
      cell.textContent = SCORE_TEXT[kind](scores[kind]);
    }
  }

  /** Error diffusion of the chosen map; it knows no kernel, so it stays until the map changes. */
  diffuse() {
    const { layers, map } = this;
    if (this.diffusedScores) return;
    const { index } = layers.diffused;
    floydSteinberg(this.x, map.columns, index);
    layers.diffused.version = ++versions;
    this.diffusedScores = score(index, map.columns, [1, 1], layers.sign.index);
    this.writeScores(this.find('[data-activation="diffused"]'), this.diffusedScores);
  }

  /** A layer, brought up to date if it is one that is computed only when looked at. */
  layer(name) {
    const { layers, map } = this;
    if (name === "diffused") this.diffuse();
    if (this.stale.delete(name)) {
      const out = layers[name].index;
      layers[name].version = ++versions;
      if (name === "difference") differenceMap(layers.sign.index, layers.design.index, out);
      if (name === "signVariation") variationMap(layers.sign.index, map.columns, out);
      if (name === "designVariation") variationMap(layers.design.index, map.columns, out);
    }
    return layers[name];
  }

  /** Paint one panel: one layer, or two layers left and right of the divider. */
  paint(panel, names, where) {
    const { canvas, context } = panel;
    if (!canvas.width || !canvas.height) return;
    const size = { width: canvas.width, height: canvas.height };
    if (panel.image?.width !== size.width || panel.image?.height !== size.height) {
      panel.content = panel.geometry = null;
      panel.image = new ImageData(size.width, size.height);
      panel.pixels = new Uint32Array(panel.image.data.buffer);
    }
    const layers = names.map((name) => this.layer(name));
    const split = names.length > 1 ? Math.round(this.state.divider * size.width) : size.width;
    const geometry = [where.zoom, where.left, where.top, this.map.rows, this.map.columns].join(" ");
    const content = [geometry, split, ...layers.map(({ version }) => version)].join(" ");
    if (panel.content === content) return; // Sign need not be painted anew while DeSign changes
    if (panel.geometry !== geometry) panel.pixels.fill(0);
    Object.assign(panel, { geometry, content });
    paintLayer(panel.pixels, size, this.map, where, layers[0], 0, split);
    if (layers[1]) {
      paintLayer(panel.pixels, size, this.map, where, layers[1], split, size.width);
      this.divider.style.left = `${split * panel.ratio}px`;
    }
    context.putImageData(panel.image, 0, 0);
    // How the panel can be read: by tests, and by whoever looks into the page
    canvas.dataset.layers = names.join(" ");
    canvas.dataset.place = [where.zoom, where.left, where.top, split].join(" ");
  }

  // ---- views

  setView(view) {
    this.asked = view;
    this.state.view = view;
    this.showView();
    this.redraw();
    this.report(100);
  }

  showView() {
    const { view, shown } = this.state;
    const panels = this.panelLayers().length;
    this.root.dataset.view = view;
    this.panels.forEach(({ figure }, k) => { figure.hidden = k >= panels; });
    this.find('[data-activation="diffused"]').hidden = view !== "diffusion";
    this.root.style.setProperty("--columns", view === "diffusion" ? 3 : 2);
    this.stage.style.setProperty("--panels", panels);
    this.divider.hidden = view !== "wipe";
    this.find(".choice").hidden = view !== "single";
    this.find(".flicker").hidden = view !== "flicker";
    for (const button of this.all("[data-view]")) {
      if (button !== this.root) button.setAttribute("aria-pressed", button.dataset.view === view);
    }
    for (const button of this.all("[data-show]")) {
      button.setAttribute("aria-pressed", button.dataset.show === shown);
    }
    this.swapSlowly(view === "flicker" && !this.calm);
    this.layOut();
    this.markActive();
    if (this.scores?.design) this.writeLegend();
  }

  /** Names of the layers on each panel: one, or two left and right of the divider. */
  panelLayers() {
    return LAYERS[this.state.view](this.state);
  }

  layersShown() {
    return [...new Set(this.panelLayers().flat())];
  }

  /** Dim the caption of what is not on screen. */
  markActive() {
    const { view, shown, swapped } = this.state;
    const alone = {
      single: shown, flicker: swapped ? "sign" : "design", diffusion: this.state.narrow ? "diffused" : undefined,
    }[view];
    for (const caption of this.all(".caption")) {
      caption.classList.toggle("away", alone !== undefined && caption.dataset.activation !== alone);
    }
    this.panels.forEach(({ canvas }, k) => {
      const names = this.panelLayers()[k] ?? [];
      const map = this.settings?.names[this.state.selected] ?? "";
      const [first, second] = names.map((name) => LAYER_NAMES[name]);
      const what = second ? `${first} left, ${second} right` : first;
      canvas.setAttribute("aria-label", `${what}: map ${map} of ${this.settings?.alt ?? ""}`);
    });
  }

  swap() {
    const { view, shown } = this.state;
    if (view === "flicker") this.state.swapped = !this.state.swapped;
    else if (view === "single") this.show(shown === "design" ? "sign" : "design");
    this.markActive();
    this.redraw();
  }

  /** By hand; the slow swapping ends. */
  swapOnce() {
    this.swapSlowly(false);
    this.swap();
  }

  swapSlowly(on) {
    clearInterval(this.swapping);
    this.swapping = on ? setInterval(() => this.swap(), SWAP_MS) : null;
    this.find(".auto").setAttribute("aria-pressed", on);
    if (this.state.view !== "flicker") this.state.swapped = false;
  }

  show(layer) {
    this.state.shown = layer;
    this.showView();
    this.redraw();
  }

  writeLegend() {
    const { view } = this.state;
    const { sign, design } = this.scores;
    const item = (hex, text) => {
      const entry = document.createElement("span");
      entry.style.setProperty("--swatch", hex);
      entry.textContent = text;
      return entry;
    };
    let items = [];
    if (view === "difference") {
      // on − off is the change in density, on + off the flipped share
      const on = (design.flipped + design.density - sign.density) / 2;
      items = [
        item(SWITCHED_OFF, `switched off ${PERCENT(design.flipped - on)}`),
        item(SWITCHED_ON, `switched on ${PERCENT(on)}`),
        item(PALETTES.difference[3], "as in Sign"),
      ];
    } else if (view === "tv") {
      const counts = ["no neighbour differs", "one differs", "both differ"];
      items = counts.map((text, k) => item(PALETTES.variation[k], text));
    }
    this.find(".legend").replaceChildren(...items);
  }

  /** Stage height: as asked for, but no taller than the map at full width or the window needs. */
  layOut() {
    if (!this.map || !this.settings) return;
    const panels = this.panelLayers().length;
    const width = (this.stage.clientWidth - 12 * (panels - 1)) / panels;
    const needed = Math.ceil((width * this.map.rows) / this.map.columns);
    const beside = this.state.narrow ? PHONE_SHARE * innerHeight : BESIDE;
    const most = Math.min(this.settings.height, Math.max(240, innerHeight - beside));
    const height = Math.max(Math.min(200, most), Math.min(most, needed));
    this.stage.style.setProperty("--height", `${height}px`);
    this.stage.style.setProperty("--needed", `${needed}px`); // before an audience CSS decides
  }

  /** Say what is on screen, for those who cannot see it. */
  summarize() {
    cancelAnimationFrame(this.summarizing);
    if (!this.scores?.design || this.dirty || this.scoring) {
      this.summarizing = requestAnimationFrame(() => this.summarize());
      return;
    }
    const { sign, design } = this.scores;
    const { rows, columns } = this.map;
    const { strength, offset } = this.kernel;
    const name = this.kernelName();
    const map = this.mapName();
    const text = `Map ${map}, ${rows} by ${columns} pixels. `
      + `Sign: ${sign.tv.toFixed(3)} edges per pixel, density ${PERCENT(sign.density)}. `
      + `DeSign with kernel ${name || "of your own"} at strength ${signed(strength, 2)}`
      + `${offset ? ` and offset ${signed(offset, 2)}` : ""}: `
      + `${design.tv.toFixed(3)} edges per pixel, density ${PERCENT(design.density)}; `
      + `${PERCENT(design.flipped)} of the bits differ from Sign.`;
    const summary = this.find(".summary");
    if (summary.textContent !== text) summary.textContent = text;
  }

  // ---- input

  listen() {
    const onClick = (selector, call) => {
      for (const button of this.all(selector)) button.addEventListener("click", () => call(button));
    };
    onClick(".segments button", (button) => this.setView(button.dataset.view));
    onClick("[data-show]", (button) => this.show(button.dataset.show));
    onClick(".reset", () => this.reset());
    onClick(".swap", () => this.swapOnce());
    onClick(".auto", () => this.swapSlowly(!this.swapping));
    new Gestures(this);
    new Keys(this);
    new SaveMenu(this);
    this.watchSizes();
  }

  setDivider(share) {
    this.state.divider = Math.max(0, Math.min(1, share));
    this.divider.setAttribute("aria-valuenow", Math.round(100 * this.state.divider));
    this.redraw();
  }

  // ---- sizes

  /** Keep each canvas at exactly the screen's pixels, whatever the device pixel ratio. */
  watchSizes() {
    const sizes = new ResizeObserver((entries) => {
      for (const { target, devicePixelContentBoxSize: exact, contentRect } of entries) {
        const [width, height] = ["width", "height"].map((side, k) => {
          const about = contentRect[side] * devicePixelRatio;
          const told = exact?.[0][["inlineSize", "blockSize"][k]];
          // Under an emulated pixel ratio the exact size comes without the ratio.
          return told !== undefined && Math.abs(told - about) < 1 ? told : Math.round(about);
        });
        if (!width || !height) continue;
        const panel = this.panels.find(({ canvas }) => canvas === target);
        panel.ratio = contentRect.width / width; // CSS pixels per device pixel
        panel.content = null; // a canvas that is resized is emptied
        if (target.width !== width) target.width = width;
        if (target.height !== height) target.height = height;
      }
      const visible = this.panels.filter(({ figure }) => !figure.hidden);
      this.panel = {
        width: Math.min(...visible.map(({ canvas }) => canvas.width)),
        height: Math.min(...visible.map(({ canvas }) => canvas.height)),
      };
      if (this.x) this.draw(); // now: until the next frame the canvas would stay empty
    });
    for (const { canvas } of this.panels) {
      try {
        sizes.observe(canvas, { box: "device-pixel-content-box" });
      } catch {
        sizes.observe(canvas);
      }
    }
    const widths = new ResizeObserver(() => {
      this.root.classList.toggle("narrow", this.root.clientWidth < 760);
      const narrow = this.root.clientWidth < NARROW;
      this.root.classList.toggle("phone", narrow);
      if (narrow !== this.state.narrow) {
        this.state.narrow = narrow;
        if (this.settings) this.showView(); // one picture fewer or more
      }
      this.layOut();
      this.mapStrip.offerSpread();
    });
    widths.observe(this.root);
    this.observers = [sizes, widths];
  }

  close() {
    for (const observer of this.observers) observer.disconnect();
    clearInterval(this.swapping);
    this.reporting.drop();
    clearTimeout(this.scoring);
    cancelAnimationFrame(this.summarizing);
    cancelAnimationFrame(this.frame);
  }
}
