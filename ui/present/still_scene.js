// A still scene of a talk: the viewer, with maps that stand in the page.

class StillScene {
  /** @param {HTMLElement} root  holding the markup of the viewer */
  constructor(root) {
    this.viewer = new Viewer(root);
    this.viewer.setStateValue = () => {}; // nobody is told
    this.revision = 0;
  }

  /** @param {Uint8Array} bytes  float32 values of the maps */
  show(settings, bytes) {
    this.revision += 1; // each visit begins anew
    const given = { ...settings.given, revision: this.revision };
    this.viewer.receiveSettings({ ...settings, given });
    this.viewer.receiveMaps(settings.maps, new Float32Array(bytes.buffer));
  }

  hide() {
    this.viewer.swapSlowly(false);
  }
}

(globalThis[Symbol.for("design.talk")] ??= {}).still = StillScene;
