// The kernel beside the pictures: its drawing, the level of a chosen cell, slices and sliders.

const SNAP = 0.04; // strength within this of 0 or 1 goes there while dragged

class KernelPanel {
  /**
   * @param {object} holder  whose `kernel` is shown and changed: it finds elements (`find`, `all`),
   *   knows the kernel as given (`settings.kernel`), what it is called now (`kernelName`, `edited`) and
   *   the slice in use (`sliceInUse`), sets strength and offset (`setScale`), draws (`redraw`) and
   *   reports when a change is done (`report`)
   */
  constructor(holder) {
    this.holder = holder;
    this.sliders = holder.all("input[type=range]");
    this.slice = 0; // the one that is drawn
    this.drawing = new KernelDrawing(holder.find(".kernel"), {
      onStep: (cell, step) => this.stepLevel(cell, step),
      onChoose: () => this.writeStepper(),
    });
    for (const button of holder.all(".stepper button")) {
      const step = Number(button.dataset.step);
      button.addEventListener("click", () => this.stepLevel(this.drawing.chosen, step));
    }
    for (const input of this.sliders) this.listenTo(input);
  }

  listenTo(input) {
    const { holder } = this;
    let dragging = false;
    input.addEventListener("pointerdown", () => { dragging = true; });
    for (const end of ["pointerup", "pointercancel"]) {
      input.addEventListener(end, () => { dragging = false; });
    }
    input.addEventListener("input", () => {
      let value = Number(input.value);
      const stops = input.name === "strength" ? [0, 1] : [0];
      if (dragging) value = stops.find((stop) => Math.abs(value - stop) <= SNAP) ?? value;
      holder.setScale(input.name, value);
    });
    input.addEventListener("change", () => holder.report(dragging ? 0 : 250));
    input.addEventListener("dblclick", () => {
      holder.setScale(input.name, holder.settings.kernel[input.name]);
      holder.report();
    });
  }

  /** Make room for a new kernel: ends of the sliders that hold what was given, and its slices. */
  prepare(given) {
    for (const input of this.sliders) {
      input.min = Math.min(-LIMITS.reach, given[input.name]);
      input.max = Math.max(LIMITS.reach, given[input.name]);
    }
    const [count] = given.shape;
    const host = this.holder.find(".slices");
    host.hidden = count < 2;
    host.replaceChildren();
    for (let slice = 0; slice < count && count > 1; slice++) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = slice;
      button.title = `Slice ${slice}: cuts maps ${slice}, ${slice + count}, …`;
      button.addEventListener("click", () => {
        this.slice = slice;
        this.draw();
      });
      host.append(button);
    }
  }

  draw() {
    const { kernel, settings } = this.holder;
    const name = this.holder.kernelName();
    this.drawing.draw({ ...kernel, name }, this.slice);
    this.holder.find(".kernel-name").textContent = name || "Kernel";
    this.holder.all(".slices button").forEach((button, slice) => {
      button.setAttribute("aria-pressed", slice === this.slice);
      button.classList.toggle("used", slice === this.holder.sliceInUse());
    });
    for (const input of this.sliders) this.drawSlider(input, kernel[input.name]);
    const changed = kernel.strength !== settings.kernel.strength
      || kernel.offset !== settings.kernel.offset
      || this.holder.edited();
    this.holder.find(".reset").hidden = !changed;
    this.writeStepper();
  }

  drawSlider(input, value) {
    if (Number(input.value) !== value) input.value = value;
    const share = (number) => (number - input.min) / (input.max - input.min);
    const slider = input.parentElement;
    slider.style.setProperty("--from", share(Math.min(0, value)));
    slider.style.setProperty("--to", share(Math.max(0, value)));
    for (const tick of slider.querySelectorAll(".tick")) {
      tick.style.setProperty("--at", share(tick.dataset.stop));
    }
    slider.querySelector("output").textContent = signed(value, 2);
    input.setAttribute("aria-valuetext", signed(value, 2));
  }

  writeStepper() {
    const { chosen } = this.drawing;
    const { levelSet, ranks, shape: [, , d2] } = this.holder.kernel;
    const none = chosen < 0;
    const level = levelSet[ranks[this.place(chosen)]];
    this.holder.find(".stepper").classList.toggle("idle", none);
    this.holder.find(".cell-name").textContent = none
      ? "Click a cell to change its level"
      : `Cell ${Math.floor(chosen / d2)}, ${chosen % d2}: level ${level}`;
    for (const button of this.holder.all(".stepper button")) button.disabled = none;
  }

  /** Where a cell of the drawn slice stands among all of the kernel. */
  place(cell) {
    const [, d1, d2] = this.holder.kernel.shape;
    return this.slice * d1 * d2 + cell;
  }

  /** The next level of the set, cyclically as the circular shift of the design. */
  stepLevel(cell, step) {
    const { ranks, levelSet } = this.holder.kernel;
    const place = this.place(cell);
    ranks[place] = (ranks[place] + step + levelSet.length) % levelSet.length;
    this.holder.redraw({ bits: true });
    this.holder.leaveBehind?.(true);
    this.holder.report(250);
  }

  /** Light the cell that cuts a pixel, if its slice is the one that is drawn; -1 for none. */
  light(cell, slice) {
    this.drawing.light(slice === this.slice ? cell : -1);
  }
}
