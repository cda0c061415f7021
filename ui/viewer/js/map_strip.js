// The strip of maps under the pictures: choose one of many by click or arrow keys.

class MapStrip {
  /**
   * @param {HTMLElement} host
   * @param {(selected: number) => void} onSelect
   */
  constructor(host, onSelect) {
    this.host = host;
    this.strip = host.querySelector(".maps");
    this.spread = host.querySelector(".spread");
    this.onSelect = onSelect;
    this.spread.addEventListener("click", () => {
      this.spread.setAttribute("aria-pressed", host.classList.toggle("wide"));
    });
    this.strip.addEventListener("keydown", (event) => {
      const { children } = this.strip;
      const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -1, ArrowDown: 1 };
      const ends = { Home: 0, End: children.length - 1 };
      if (event.altKey || !(event.key in steps || event.key in ends)) return;
      const next = ends[event.key] ?? this.selected + steps[event.key];
      if (children[next]) onSelect(next);
      children[this.selected].focus();
      event.preventDefault();
      event.stopPropagation();
    });
  }

  /**
   * Offer these maps; a single map needs no choice.
   * @param {string[]} names
   * @param {{rows: number, columns: number}} map
   * @param {(k: number) => Float32Array} valuesOf
   */
  fill(names, map, valuesOf) {
    this.host.hidden = names.length < 2;
    this.strip.replaceChildren();
    if (this.host.hidden) return;
    this.strip.append(...names.map((name, k) => this.option(name, k)));
    this.offerSpread();
    this.drawThumbnails([...this.strip.children], map, valuesOf);
  }

  option(name, k) {
    const option = document.createElement("button");
    option.type = "button";
    option.role = "option";
    option.title = name;
    option.setAttribute("aria-label", name);
    option.append(document.createElement("canvas"));
    option.addEventListener("click", () => this.onSelect(k));
    return option;
  }

  /** One thumbnail per idle moment, so that 64 large maps do not hold up the first picture. */
  drawThumbnails(options, map, valuesOf, next = 0) {
    const whenIdle = globalThis.requestIdleCallback ?? ((call) => setTimeout(call, 8));
    if (next === options.length) return;
    whenIdle(() => {
      if (!options[next].isConnected) return; // other maps have come meanwhile
      const index = new Uint8Array(map.rows * map.columns);
      greyMap(valuesOf(next), index);
      thumbnail(options[next].firstChild, index, map, 56 * devicePixelRatio);
      this.drawThumbnails(options, map, valuesOf, next + 1);
    });
  }

  /** Offer to spread the strip out only where it does not fit. */
  offerSpread() {
    const { clientWidth, scrollWidth } = this.strip;
    this.spread.hidden = !this.host.classList.contains("wide") && scrollWidth <= clientWidth;
  }

  mark(selected) {
    this.selected = selected;
    [...this.strip.children].forEach((option, k) => {
      option.setAttribute("aria-selected", k === selected);
      option.tabIndex = k === selected ? 0 : -1;
      if (k !== selected) return;
      this.strip.scrollLeft = option.offsetLeft - (this.strip.clientWidth - option.offsetWidth) / 2;
    });
  }
}
