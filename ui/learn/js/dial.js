// A number in a sentence that can be dragged, and the slider under it that does the same.

const PIXELS = 280; // of a drag over the whole range

class Dial {
  /**
   * @param {HTMLElement} host  where the number stands
   * @param {?HTMLElement} rangeHost  where a slider may stand
   * @param {{name: string, label: string, low: number, high: number, start: number, step: number, unit: string}} about
   * @param {(value: number) => void} onChange
   */
  constructor(host, rangeHost, about, onChange) {
    Object.assign(this, { host, about, onChange, value: about.start });
    this.digits = String(about.step).split(".")[1]?.length ?? 0;
    host.className = "dial";
    host.tabIndex = 0;
    const said = { role: "slider", "aria-label": about.label, title: `${about.label}: drag, or arrow keys; double-click for ${this.text(about.start)}` };
    for (const [name, text] of Object.entries(said)) host.setAttribute(name, text);
    if (rangeHost) this.range = this.slider(rangeHost);
    this.limit(about.low, about.high);
    host.addEventListener("pointerdown", (event) => this.grab(event));
    host.addEventListener("pointermove", (event) => this.drag(event));
    for (const end of ["pointerup", "pointercancel"]) {
      host.addEventListener(end, () => { this.from = null; host.classList.remove("held"); });
    }
    host.addEventListener("keydown", (event) => this.onKey(event));
    host.addEventListener("dblclick", () => this.change(about.start));
  }

  slider(host) {
    const range = document.createElement("input");
    range.type = "range";
    range.step = this.about.step;
    range.setAttribute("aria-label", this.about.label);
    range.addEventListener("input", () => this.change(Number(range.value)));
    range.addEventListener("dblclick", () => this.change(this.about.start));
    host.append(range);
    return range;
  }

  /** Other ends than at first, as where a layer has fewer maps. */
  limit(low, high) {
    Object.assign(this, { low, high });
    this.host.setAttribute("aria-valuemin", low);
    this.host.setAttribute("aria-valuemax", high);
    if (this.range) Object.assign(this.range, { min: low, max: high });
    this.show(this.value);
  }

  text(value) {
    const { unit } = this.about;
    return `${signed(value, this.digits)}${unit ? `\u00a0${unit}` : ""}`;
  }

  /** Show a value without telling anybody. */
  show(value) {
    this.value = this.rounded(value);
    const text = this.text(this.value);
    if (this.host.textContent !== text) this.host.textContent = text;
    this.host.setAttribute("aria-valuenow", this.value);
    this.host.setAttribute("aria-valuetext", text);
    if (this.range) {
      this.range.value = this.value;
      this.range.style.setProperty("--to", (this.value - this.low) / (this.high - this.low || 1));
    }
  }

  rounded(value) {
    const { step } = this.about;
    const steps = Math.round((Math.max(this.low, Math.min(this.high, value)) - this.low) / step);
    return Number((this.low + steps * step).toFixed(this.digits));
  }

  change(value) {
    const next = this.rounded(value);
    if (next === this.value) return;
    this.show(next);
    this.onChange(next);
  }

  grab(event) {
    if (event.button) return;
    this.host.setPointerCapture(event.pointerId);
    this.host.classList.add("held");
    this.from = { x: event.clientX, value: this.value };
  }

  drag(event) {
    if (!this.from) return;
    const { x, value } = this.from;
    this.change(value + ((event.clientX - x) / PIXELS) * (this.high - this.low));
  }

  onKey(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const { step } = this.about;
    const steps = { ArrowLeft: -step, ArrowDown: -step, ArrowRight: step, ArrowUp: step };
    const ends = { Home: this.low, End: this.high };
    if (event.key in steps) this.change(this.value + steps[event.key] * (event.shiftKey ? 10 : 1));
    else if (event.key in ends) this.change(ends[event.key]);
    else return;
    event.preventDefault();
  }
}
