// A scene of a talk that is a finished figure: answers of networks, a chart.

class FigureScene {
  /** @param {ShadowRoot} root  holding a place for the figure */
  constructor(root) {
    this.place = root.querySelector(".figure-place");
  }

  /** @param {Uint8Array} bytes  HTML that this app has made */
  show(settings, bytes) {
    this.place.innerHTML = new TextDecoder().decode(bytes);
  }

  hide() {
    this.place.replaceChildren();
  }
}

(globalThis[Symbol.for("design.talk")] ??= {}).figure = FigureScene;
