// The menu that saves what is on screen: the bits as PNG, the kernel as SVG.

class SaveMenu {
  /** @param {Viewer} viewer */
  constructor(viewer) {
    this.viewer = viewer;
    this.menu = viewer.find(".menu");
    this.menu.addEventListener("beforetoggle", (event) => {
      if (event.newState !== "open") return;
      this.fill();
      const box = viewer.find(".save").getBoundingClientRect();
      this.menu.style.top = `${box.bottom + 6}px`;
      this.menu.style.right = `${document.documentElement.clientWidth - box.right}px`;
    });
  }

  fill() {
    this.menu.replaceChildren(
      ...this.files().map(({ text, name, make }) => {
        const button = document.createElement("button");
        button.type = "button";
        button.textContent = text;
        button.addEventListener("click", async () => {
          download(await make(), name);
          this.menu.hidePopover();
        });
        return button;
      }),
    );
  }

  /** What can be saved now: every layer of bits on screen at 1× and enlarged, and the kernel. */
  files() {
    const { viewer } = this;
    const factor = Math.max(2, viewer.framing.zoomNow());
    const base = `${viewer.kernelName() || "kernel"}-${viewer.mapName()}`;
    const stem = base.replace(/[^\w.-]+/g, "-");
    const pictures = viewer.layersShown().flatMap((name) => {
      if (name === "x") return []; // real-valued: grey is a view of it, not the map
      const palette = PALETTES[LAYER_PALETTES[name]];
      return [1, factor].map((times) => ({
        text: `${LAYER_NAMES[name]}, PNG at ${times}×`,
        name: `${stem}-${name}-${times}x.png`,
        make: () => encodePng(viewer.layer(name).index, viewer.map, palette, times),
      }));
    });
    const kernel = {
      text: "Kernel, SVG",
      name: `${stem}-kernel.svg`,
      make: async () => new Blob([viewer.kernelPanel.drawing.toSvg()], { type: "image/svg+xml" }),
    };
    return [...pictures, kernel];
  }
}
