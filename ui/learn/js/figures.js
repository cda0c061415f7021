// The figures of the article, one class for each part. `needs` are the values that redraw a figure.

const PATCH = 4; // side of the patch that tables show, pixels
const WIDER = 8;
const TWO = (value) => value.toFixed(2);
const THREE = (value) => value.toFixed(3);
const SHARE = (value, digits = 1) => `${(100 * value).toFixed(digits)}\u00a0%`;
const SWEEP = 51; // places of a curve

/** What figures share: the picture, its Sign, and how kernels cut it. */
class Figure {
  /** @param {HTMLElement} root @param {Article} article */
  constructor(root, article) {
    Object.assign(this, { root, article, plates: new Map(), charts: [] });
    for (const host of root.querySelectorAll("[data-plate]")) {
      const patch = "patch" in host.dataset ? { moved: (row, column) => article.movePatch(row, column) } : null;
      this.plates.set(host.dataset.plate, new Plate(host, patch));
    }
  }

  static needs = [];

  find(selector) {
    return this.root.querySelector(selector);
  }

  measure() {
    for (const plate of this.plates.values()) plate.measure();
    for (const chart of this.charts) chart.measure();
  }

  get values() {
    return this.article.values;
  }

  get map() {
    return this.article.map;
  }

  kernel(name, strength) {
    return { ...kernelOf(this.article.about.kernels[name]), strength };
  }

  /** Bits of the picture, or of other values of its shape. */
  cut(kernel, x = this.article.x, slice = 0) {
    const bits = new Uint8Array(x.length);
    binarize(x, this.map.columns, sliceThresholds(kernel, slice), kernel.shape.slice(1), bits);
    return bits;
  }

  show(name, index, palette, said, map = this.map) {
    const plate = this.plates.get(name);
    plate.show({ index, colours: COLOURS[palette] }, map);
    plate.describe(`${said} ${this.article.about.alt}`);
    if (plate.patch && plate.room) plate.markAt(this.values.row, this.values.column, this.patchSide ?? PATCH);
  }

  showX(name, x = this.article.x) {
    const grey = new Uint8Array(x.length);
    greyMap(x, grey);
    this.show(name, grey, "grey", "The picture before the cut.");
  }

  /** The pixels of the patch, row by row. */
  patch(values, side = PATCH) {
    const { row, column } = this.values;
    return Array.from({ length: side * side }, (_, k) => (
      values[(row + Math.floor(k / side)) * this.map.columns + column + (k % side)]
    ));
  }

  score(bits, kernel) {
    return score(bits, this.map.columns, kernel.shape.slice(1), this.article.sign);
  }

  say(texts) {
    this.article.say(texts);
  }
}

class WhyFigure extends Figure {
  static needs = ["width"];

  draw() {
    const count = 9 * this.values.width ** 2;
    this.say({
      weights: count.toLocaleString("en"), "float-bytes": bytesText(4 * count), "bit-bytes": bytesText(count / 8),
      window: (9 * this.values.width).toLocaleString("en"),
    });
    const most = 9 * 512 ** 2 * 4;
    this.find(".layer-bars .real i").style.width = `${(100 * 4 * count) / most}%`;
    this.find(".layer-bars .bit i").style.width = `${(100 * count) / 8 / most}%`;
    if (!this.drawn) this.drawCosts();
    this.drawn = true;
  }

  drawCosts() {
    this.find(".costs").replaceChildren(...this.article.about.costs.map(({ title, real, bit, texts }) => {
      const group = document.createElement("div");
      group.append(Object.assign(document.createElement("h4"), { textContent: title }));
      [["real", real], ["bit", bit]].forEach(([kind, value], k) => {
        const row = Object.assign(document.createElement("p"), { className: `bar ${kind}` });
        const bar = document.createElement("i");
        bar.style.width = `${(100 * value) / Math.max(real, bit)}%`;
        const text = Object.assign(document.createElement("span"), { textContent: `${["32 bits", "1 bit"][k]}: ${texts[k]}` });
        row.append(bar, text);
        group.append(row);
      });
      return group;
    }));
  }
}

function bytesText(count) {
  return count >= 1e6 ? `${(count / 1e6).toFixed(2)} MB` : `${(count / 1e3).toFixed(1)} kB`;
}

class CutFigure extends Figure {
  static needs = ["cut", "row", "column"];

  constructor(root, article) {
    super(root, article);
    const { low, high } = article.dials.get("cut");
    this.chart = new LineChart(this.find(".chart"), {
      x: [low, high], y: [0, 0.6], xTicks: [-1.5, -1, -0.5, 0, 0.5, 1, 1.5], yTicks: [0, 0.2, 0.4, 0.6], yText: (y) => `${Math.round(100 * y)} %`,
      xTitle: "cut, standard deviations", yTitle: "differences kept",
    });
    this.charts.push(this.chart);
  }

  picture() {
    const cuts = Array.from({ length: 61 }, (_, k) => (k - 30) / 20);
    this.curve = cuts.map((cut) => [cut, this.kept(cut)]);
    this.best = Math.max(...this.curve.map(([, kept]) => kept));
    const most = [0.1, 0.2, 0.4, 0.6, 1].find((end) => end > this.best) ?? 1;
    this.chart.reach(most, [0, most / 2, most]);
  }

  kept(cut) {
    return keptDifferences(this.article.x, this.bits(cut), this.map.columns);
  }

  bits(cut) {
    return this.cut({ ...kernelOf(null), offset: cut });
  }

  draw() {
    const { cut } = this.values;
    const bits = this.bits(cut);
    const kept = this.kept(cut);
    this.showX("x");
    this.show("bits", bits, "bits", `Cut at ${signed(cut, 2)}: ${SHARE(kept)} of the differences between neighbours are left.`);
    const ones = this.patch(bits).reduce((sum, bit) => sum + bit, 0);
    this.say({ kept: SHARE(kept), "kept-best": SHARE(this.best), "cut-ones": ones, "cut-name": cut === 0 ? "Sign" : `x ≥ ${signed(cut, 2)}` });
    this.chart.draw({ lines: [{ kind: "this", points: this.curve }], dots: [{ kind: "this", x: cut, y: kept }] });
    this.chart.describe(`Share of differences kept against the cut: ${SHARE(kept)} at ${signed(cut, 2)}, ${SHARE(this.best)} at most.`);
  }
}

class KernelFigure extends Figure {
  static needs = ["strength", "row", "column"];

  constructor(root, article) {
    super(root, article);
    this.tables = ["x", "t", "bits"].map((name) => new Table(this.find(`[data-table=${name}]`)));
  }

  draw() {
    const { strength, row, column } = this.values;
    const kernel = this.kernel("2x2-v2", strength);
    const bits = this.cut(kernel);
    const [, d1, d2] = kernel.shape;
    const byCell = sliceThresholds(kernel, 0);
    const thresholds = Array.from({ length: PATCH * PATCH }, (_, k) => (
      byCell[((row + Math.floor(k / PATCH)) % d1) * d2 + ((column + (k % PATCH)) % d2)]
    ));
    const [low, high] = [Math.min(...byCell), Math.max(...byCell)];
    const x = this.patch(this.article.x);
    const cut = this.patch(bits);
    const grey = (value) => Math.round(40 + 196 * Math.min(1, Math.max(0, (value + 2.5) / 5)));
    this.show("bits", bits, "bits", `Cut by the kernel at strength ${TWO(strength)}.`);
    this.tables[0].show(x.map((value) => ({ text: signed(value, 2), grey: grey(value) })), PATCH);
    this.tables[1].show(thresholds.map((value) => ({ text: signed(value, 2), grey: shade(value, low, high) })), PATCH);
    this.tables[2].show(cut.map(bitCell), PATCH);
    const off = (one) => one.filter((bit) => !bit).length;
    this.say({ "kernel-off": off(cut) || "none", "sign-off": off(this.patch(this.article.sign)) || "none" });
  }
}

class StairFigure extends Figure {
  static needs = ["ramp", "stair"];

  constructor(root, article) {
    super(root, article);
    const { low, high } = article.dials.get("ramp");
    this.ends = [low, high];
    this.chart = new LineChart(this.find(".chart"), {
      x: this.ends, y: [0, 1], xTicks: [-2, -1, 0, 1, 2], yTicks: [0, 0.25, 0.5, 0.75, 1], yText: (y) => `${Math.round(100 * y)} %`,
      xTitle: "x, standard deviations", yTitle: "share of +1",
    });
    this.charts.push(this.chart);
    for (const input of root.querySelectorAll("[name=stair]")) {
      input.addEventListener("change", () => article.set("stair", input.value));
    }
    this.strip = { rows: 12, columns: 204 };
    this.rampValues = Float32Array.from({ length: 12 * 204 }, (_, p) => low + ((high - low) * (p % 204)) / 203);
  }

  draw() {
    const { stair, ramp } = this.values;
    const kernel = this.kernel(stair, 1);
    for (const input of this.root.querySelectorAll("[name=stair]")) input.checked = input.value === stair;
    const thresholds = sliceThresholds(kernel, 0);
    const bits = this.stripBits(thresholds, kernel.shape.slice(1));
    const grey = new Uint8Array(this.rampValues.length);
    greyMap(this.rampValues, grey);
    this.show("ramp", grey, "grey", "A ramp from dark to light.", this.strip);
    this.show("ramp-sign", this.stripBits(Float32Array.of(0), [1, 1]), "bits", "The ramp cut by Sign: one step.", this.strip);
    this.show("ramp-bits", bits, "bits", `The ramp cut by ${stair}.`, this.strip);
    this.show("picture", this.cut(kernel), "bits", `The picture cut by ${stair}.`);
    const share = staircase(thresholds, ramp);
    const places = [...new Set(thresholds)].sort((a, b) => a - b);
    const [low, high] = this.ends;
    const steps = (all) => [[low, 0], ...[...new Set(all)].sort((a, b) => a - b).map((t) => [t, staircase(all, t)]), [high, 1]];
    this.say({
      "stair-share": SHARE(share, 0), "stair-sign": ramp >= 0 ? "all" : "none",
      "stair-steps": places.length === 1 ? "one threshold" : `${places.length} thresholds`, "stair-levels": places.length + 1,
    });
    this.chart.draw({
      lines: [
        { kind: "sign", points: [[low, 0], [0, 1], [high, 1]], stepped: true, label: "Sign", labelAt: 0 },
        { kind: "this", points: steps(thresholds), stepped: true },
      ],
      verticals: [{ x: ramp, label: `x = ${signed(ramp, 2)}` }],
      dots: [{ kind: "this", x: ramp, y: share }],
    });
    this.chart.describe(`Share of bits that are +1 against x: Sign steps once at 0; this kernel ${places.length} times. At x = ${signed(ramp, 2)} it is ${SHARE(share, 0)}.`);
  }

  stripBits(thresholds, period) {
    const bits = new Uint8Array(this.rampValues.length);
    binarize(this.rampValues, this.strip.columns, thresholds, period, bits);
    return bits;
  }
}

class VariationFigure extends Figure {
  static needs = ["flips", "row", "column"];

  patchSide = WIDER;

  constructor(root, article) {
    super(root, article);
    this.table = new Table(this.find("[data-table=flips]"));
  }

  draw() {
    const kernel = this.kernel("2x2-v2", this.values.flips);
    const bits = this.cut(kernel);
    const local = new Uint8Array(bits.length);
    variationMap(bits, this.map.columns, local);
    const tv = this.score(bits, kernel).tv;
    this.show("tv", local, "variation", `Where neighbours differ: total variation ${THREE(tv)}.`);
    const patch = this.patch(bits, WIDER);
    let [right, down] = [0, 0];
    this.table.show(patch.map((bit, k) => {
      const flips = {
        right: k % WIDER < WIDER - 1 && bit !== patch[k + 1], down: k + WIDER < patch.length && bit !== patch[k + WIDER],
      };
      right += Number(flips.right);
      down += Number(flips.down);
      return { ...bitCell(bit), ...flips, text: "" };
    }), WIDER);
    const pairs = WIDER * (WIDER - 1);
    this.say({
      right, down, pairs, "patch-tv": THREE((right + down) / pairs), tv: THREE(tv),
      "sign-tv": THREE(score(this.article.sign, this.map.columns, [1, 1], this.article.sign).tv),
    });
  }
}

class DetailFigure extends Figure {
  static needs = ["push"];

  constructor(root, article) {
    super(root, article);
    const { low, high } = article.dials.get("push");
    this.most = high;
    this.chart = new LineChart(this.find(".chart"), {
      x: [low, high], y: [0, 2], xTicks: [0, 0.5, 1, 1.5, 2, 2.5], yTicks: [0, 0.5, 1, 1.5, 2], yText: (y) => y.toFixed(1),
      xTitle: "strength of the checkerboard", yTitle: "per pixel",
    });
    this.charts.push(this.chart);
  }

  picture() {
    this.curves = Array.from({ length: SWEEP }, (_, k) => {
      const strength = (this.most * k) / (SWEEP - 1);
      const { tv, entropy } = this.scored(strength);
      return { strength, tv, entropy };
    });
    this.best = this.curves.reduce((most, one) => (one.entropy > most.entropy ? one : most));
  }

  scored(strength) {
    const kernel = this.kernel("checkerboard", strength);
    return this.score(this.cut(kernel), kernel);
  }

  draw() {
    const { push } = this.values;
    const kernel = this.kernel("checkerboard", push);
    const bits = this.cut(kernel);
    const { tv, entropy } = this.score(bits, kernel);
    const flat = this.cut(kernel, new Float32Array(this.article.x.length));
    const wall = this.score(flat, kernel).tv;
    this.show("bits", bits, "bits", `Cut by a checkerboard of thresholds ±${TWO(push)}: total variation ${THREE(tv)}, ${THREE(entropy)} bits per pixel.`);
    this.say({ "push-tv": THREE(tv), "push-bits": THREE(entropy), "push-best": TWO(this.best.strength), "push-most": THREE(this.best.entropy), wall: wall.toFixed(2) });
    const line = (name) => this.curves.map((one) => [one.strength, one[name]]);
    this.chart.draw({
      lines: [
        { kind: "quiet", points: line("tv"), label: "total variation", labelAt: 30 },
        { kind: "this", points: line("entropy"), label: "bits per pixel", labelAt: 48 },
      ],
      dots: [{ kind: "quiet", x: push, y: tv }, { kind: "this", x: push, y: entropy }],
    });
    this.chart.describe(`Against strength, total variation rises to ${THREE(this.curves.at(-1).tv)}; information is most, ${THREE(this.best.entropy)}, at ${TWO(this.best.strength)}.`);
  }
}

class ScalingFigure extends Figure {
  static needs = ["scale"];

  constructor(root, article) {
    super(root, article);
    this.chart = new LineChart(this.find(".chart"), {
      x: [-3.2, 3.2], y: [0, 0.45], xTicks: [-3, -2, -1, 0, 1, 2, 3], yTicks: [0, 0.2, 0.4], yText: (y) => y.toFixed(1),
      xTitle: "x, standard deviations", yTitle: "density of a normal x",
    });
    this.charts.push(this.chart);
    this.bell = Array.from({ length: 65 }, (_, k) => [(k - 32) / 10, normalDensity((k - 32) / 10)]);
  }

  draw() {
    const kernel = this.kernel("2x2-v2", this.values.scale);
    const thresholds = [...sliceThresholds(kernel, 0)];
    const fires = thresholds.reduce((sum, t) => sum + normalAbove(t), 0) / thresholds.length;
    const bits = this.cut(kernel);
    const { density } = this.score(bits, kernel);
    this.show("bits", bits, "bits", `Cut by [1 1; 3 3] at strength ${TWO(this.values.scale)}: ${SHARE(density)} of the bits are +1.`);
    this.say({ fires: SHARE(fires), "fires-here": SHARE(density) });
    const places = [...new Set(thresholds)];
    this.chart.draw({
      lines: [{ kind: "quiet", points: this.bell }],
      verticals: places.map((t, row) => ({ x: t, label: `${SHARE(normalAbove(t), 0)} above ${signed(t, 2)}`, kind: "threshold", row })),
    });
    this.chart.describe(`Bell curve, cut at ${places.map((t) => signed(t, 2)).join(" and ")}.`);
  }
}

class BatchNormFigure extends Figure {
  static needs = ["beta"];

  picture() {
    const pattern = this.cut(this.kernel("2x2-v2", 1));
    this.best = Math.min(...Array.from({ length: 301 }, (_, k) => disagreement(pattern, this.signAt(k / 100 - 1.5))));
  }

  signAt(cut) {
    return this.cut({ ...kernelOf(null), offset: cut });
  }

  draw() {
    const sign = this.signAt(-this.values.beta);
    const left = {};
    for (const [plate, kernel, name] of [["uniform", "uniform-1", "A uniform threshold"], ["pattern", "2x2-v2", "The pattern"]]) {
      const bits = this.cut(this.kernel(kernel, 1));
      const out = new Uint8Array(bits.length);
      differenceMap(sign, bits, out);
      left[plate] = SHARE(disagreement(sign, bits));
      this.show(plate, out, "difference", `${name} against Sign with β = ${signed(this.values.beta, 2)}: ${left[plate]} of the bits differ.`);
    }
    this.say({ "left-uniform": left.uniform, "left-pattern": left.pattern, "left-best": SHARE(this.best) });
  }
}

class PatternFigure extends Figure {
  static needs = ["shuffle"];

  constructor(root, article) {
    super(root, article);
    this.chart = new LineChart(this.find(".chart"), {
      x: [0, 1], y: [0.65, 1], xTicks: [0, 0.25, 0.5, 0.75, 1], yTicks: [0.7, 0.8, 0.9, 1], yText: (y) => y.toFixed(1),
      xTitle: "correlation of neighbouring values", yTitle: "how well averages of bits follow those of x",
    });
    this.charts.push(this.chart);
  }

  picture() {
    this.order = shuffledOrder(this.article.x.length);
    this.curves = Array.from({ length: 21 }, (_, k) => this.follow(k / 20));
  }

  /** The picture with a share of its pixels in other places. */
  shuffled(share) {
    const { x } = this.article;
    const moved = this.order.subarray(0, Math.round(share * x.length));
    const out = x.slice();
    moved.forEach((place, k) => { out[place] = x[moved[(k + 1) % moved.length]]; });
    return out;
  }

  follow(share) {
    const x = this.shuffled(share);
    const { columns } = this.map;
    const [sign, bayer] = [this.cut(kernelOf(null), x), this.cut(this.kernel("bayer-2", 1), x)];
    return {
      x, sign, bayer, alike: neighbourCorrelation(x, columns),
      follows: [sign, bayer].map((bits) => averagesFollow(x, bits, columns, [2, 2])),
    };
  }

  draw() {
    const { x, sign, bayer, alike, follows } = this.follow(this.values.shuffle / 100);
    this.showX("x", x);
    this.show("sign", sign, "bits", "Cut by Sign.");
    this.show("bayer", bayer, "bits", "Cut by a Bayer pattern of 2 by 2.");
    const better = follows[1] > follows[0] + 0.005 ? "the pattern tells more" : follows[0] > follows[1] + 0.005 ? "the pattern tells less" : "it makes no difference";
    this.say({ alike: TWO(alike), "follow-sign": THREE(follows[0]), "follow-bayer": THREE(follows[1]), better });
    const line = (k) => this.curves.map((one) => [Math.max(0, one.alike), one.follows[k]]);
    const layers = this.article.layerCorrelations;
    const bands = layers.length ? [{ from: Math.min(...layers), to: Math.max(...layers), label: "hidden layers" }] : [];
    this.chart.draw({
      lines: [
        { kind: "sign", points: line(0), label: "Sign", labelAt: 8 },
        { kind: "this", points: line(1), label: "Bayer 2×2", labelAt: 0, below: false },
      ],
      bands,
      dots: [{ kind: "sign", x: Math.max(0, alike), y: follows[0] }, { kind: "this", x: Math.max(0, alike), y: follows[1] }],
    });
    this.chart.describe(`How well averages of bits follow those of x, against the correlation of neighbours. At ${TWO(alike)}: Sign ${THREE(follows[0])}, Bayer ${THREE(follows[1])}.`);
  }
}

/** Places in a fixed random order: the same for each visit (a linear congruential generator). */
function shuffledOrder(length) {
  const order = Uint32Array.from({ length }, (_, k) => k);
  let state = 20240502;
  for (let k = length - 1; k > 0; k--) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const other = Math.floor((state / 2 ** 32) * (k + 1));
    [order[k], order[other]] = [order[other], order[k]];
  }
  return order;
}

class PaysFigure extends Figure {
  static needs = ["spread"];

  constructor(root, article) {
    super(root, article);
    const { pictures } = article.about.charts;
    if (pictures) drawDotRows(this.find(".accuracies"), pictures, pictures.title);
  }

  get small() {
    return { rows: this.article.side, columns: this.article.side };
  }

  picture() {
    const strengths = Array.from({ length: 31 }, (_, k) => k / 20);
    const follows = strengths.map((strength) => this.colourBits(this.kernel("phases", strength)).follows);
    this.best = strengths[follows.indexOf(Math.max(...follows))];
  }

  draw() {
    const kernel = this.kernel("phases", this.values.spread);
    const [sign, phases] = [kernelOf(null), kernel].map((one) => this.colourBits(one));
    this.colours("real", this.article.pixels, "As a camera with 8 bits per colour sees it.");
    this.colours("sign-bits", sign.pixels, "One bit per pixel and colour, one threshold.");
    this.colours("phases-bits", phases.pixels, `One bit per pixel and colour, Bayer 2 by 2 at strength ${TWO(this.values.spread)}.`);
    this.say({ "spread-follows": THREE(phases.follows), "sign-follows": THREE(sign.follows), "spread-best": TWO(this.best) });
  }

  /** Bits of each colour, standardized by itself, as pixels; and how well their averages follow. */
  colourBits(kernel) {
    const { side, pixels } = this.article;
    const count = side * side;
    const out = new Uint8Array(3 * count);
    const period = kernel.shape.slice(1);
    let follows = 0;
    for (let colour = 0; colour < 3; colour++) {
      const values = Float32Array.from({ length: count }, (_, p) => pixels[3 * p + colour]);
      const mean = values.reduce((sum, value) => sum + value, 0) / count;
      const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / count) || 1;
      const x = values.map((value) => (value - mean) / deviation);
      const bits = new Uint8Array(count);
      binarize(x, side, sliceThresholds(kernel, colour % kernel.shape[0]), period, bits);
      follows += averagesFollow(x, bits, side, [2, 2]) / 3;
      bits.forEach((bit, p) => { out[3 * p + colour] = 255 * bit; });
    }
    return { pixels: out, follows };
  }

  colours(name, pixels, said) {
    const plate = this.plates.get(name);
    const colours = new Uint32Array(this.small.rows ** 2);
    colours.forEach((_, p) => {
      colours[p] = ((255 << 24) | (pixels[3 * p + 2] << 16) | (pixels[3 * p + 1] << 8) | pixels[3 * p]) >>> 0;
    });
    plate.show({ index: Uint16Array.from(colours, (_, p) => p), colours }, this.small);
    plate.describe(`${said} ${this.article.about.alt}`);
  }
}

class EvidenceFigure extends Figure {
  constructor(root, article) {
    super(root, article);
    const { hidden } = article.about.charts;
    if (hidden) drawDotRows(this.find(".accuracies"), hidden, hidden.title);
  }

  draw() {}
}

const FIGURES = {
  why: WhyFigure, cut: CutFigure, kernel: KernelFigure, staircase: StairFigure, variation: VariationFigure,
  detail: DetailFigure, scaling: ScalingFigure, "batch-norm": BatchNormFigure, pattern: PatternFigure,
  pays: PaysFigure, evidence: EvidenceFigure,
};
