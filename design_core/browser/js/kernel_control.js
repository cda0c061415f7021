// The kernels of one network, changed while it runs: which, its cells, strength and offset.
//
// Layers that were trained with the same kernel, one behind the other, form a group and change
// together; a cut of the picture is a group of its own.

const CONTRAST = "2x2-v2"; // a published kernel, beside Sign

class KernelControl {
  /**
   * @param {HTMLElement} root
   * @param {object[]} offered  plain kernels to choose from
   * @param {{changed: () => void, settled: () => void, channel: () => number}} calls  when bits have
   *   changed, when a change is done, and the channel that is looked at
   */
  constructor(root, offered, calls) {
    Object.assign(this, { root, offered, calls, group: 0 });
    this.panel = new KernelPanel(this);
    this.preset = this.find(".preset");
    this.preset.addEventListener("change", () => this.choose(this.preset.value));
    this.find(".reset").addEventListener("click", () => this.choose(this.preset.value));
  }

  find(selector) {
    return this.root.querySelector(selector);
  }

  all(selector) {
    return [...this.root.querySelectorAll(selector)];
  }

  /**
   * Take over a network, its kernels as the codes say.
   * @param {LiveNetwork} network
   * @param {string[]} codes  one for each group
   */
  take(network, codes) {
    this.network = network;
    this.groups = kernelGroups(network);
    this.chosen = this.groups.map(({ own }, k) => (
      kernelOfCode(codes[k] ?? "", own, this.offered) ?? kernelOfCode("", own, this.offered)
    ));
    this.groups.forEach((_, k) => { if (this.code(k)) this.apply(k); });
    const host = this.find(".groups");
    host.hidden = this.groups.length < 2;
    host.replaceChildren(...this.groups.map(({ title }, k) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = title;
      button.addEventListener("click", () => this.show(k));
      return button;
    }));
    this.show(0);
  }

  /** The codes of all groups, for a link. */
  codes() {
    return this.groups.map((_, k) => this.code(k));
  }

  code(group) {
    const { kernel, plain, trained } = this.chosen[group];
    return kernelCode(kernel, plain, trained);
  }

  /** Show the group that a layer belongs to. */
  showLayer(layer) {
    const group = this.groups.findIndex(({ layers }) => layers.includes(layer));
    if (group >= 0 && group !== this.group) this.show(group);
    else this.panel.draw();
  }

  show(group) {
    this.group = group;
    this.all(".groups button").forEach((button, k) => button.setAttribute("aria-pressed", k === group));
    const { own } = this.groups[group];
    const { plain, trained } = this.chosen[group];
    this.preset.replaceChildren(
      new Option(`As trained: ${own.name}`, "own", false, trained),
      ...this.offered.map(({ name }) => new Option(name, name, false, !trained && name === plain.name)),
    );
    this.panel.prepare(plain);
    this.panel.slice = this.sliceInUse();
    this.panel.draw();
  }

  /** Cut the group by another kernel, or by the same as it was. */
  choose(name) {
    this.chosen[this.group] = kernelOfCode(name, this.groups[this.group].own, this.offered);
    this.show(this.group);
    this.redraw();
    this.report();
  }

  /** Cut by another kernel than was trained, so that one network can be seen under two. */
  contrast() {
    const [{ own }] = this.groups;
    this.choose(own.name === SIGN_KERNEL.name ? CONTRAST : SIGN_KERNEL.name);
  }

  apply(group) {
    for (const layer of this.groups[group].layers) this.network.setKernel(layer, this.chosen[group].kernel);
  }

  // ---- what the panel asks

  get kernel() {
    return this.chosen[this.group].kernel;
  }

  get settings() {
    return { kernel: this.chosen[this.group].plain };
  }

  edited() {
    const { kernel, plain } = this.chosen[this.group];
    return kernel.ranks.some((rank, k) => rank !== plain.ranks[k]);
  }

  kernelName() {
    return this.edited() ? `${this.kernel.name}, edited` : this.kernel.name;
  }

  sliceInUse() {
    return this.calls.channel() % this.kernel.shape[0];
  }

  setScale(name, value) {
    this.kernel[name] = value;
    this.redraw();
  }

  redraw() {
    this.apply(this.group);
    this.panel.draw();
    this.calls.changed();
  }

  report() {
    this.calls.settled();
  }
}

/** Layers that were trained with the same kernel, one behind the other. */
function kernelGroups(network) {
  const groups = [];
  network.trained.forEach((plain, layer) => {
    const own = plain ?? SIGN_KERNEL;
    const last = groups.at(-1);
    const isPicture = network.layerNames[layer] === "picture";
    if (last && !last.isPicture && JSON.stringify(last.own) === JSON.stringify(own)) last.layers.push(layer);
    else groups.push({ own, layers: [layer], isPicture });
  });
  for (const group of groups) {
    const [first, last] = [group.layers[0], group.layers.at(-1)].map((layer) => network.layerNames[layer]);
    group.title = first === last ? first : `${first} to ${last}`;
    group.title = group.title[0].toUpperCase() + group.title.slice(1);
  }
  return groups;
}
