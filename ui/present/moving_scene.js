// A live scene of a talk: networks that stand in the page.

class MovingScene {
  /** @param {HTMLElement} root  holding the markup of Live */
  constructor(root) {
    this.mounted = new MountedLive(root.querySelector(".live"), "");
    this.mounted.setStateValue = () => {}; // nobody is told
    this.revision = 0;
  }

  /** @param {Uint8Array} bytes  a bundle */
  show(settings, bytes) {
    this.revision += 1; // each visit begins anew
    this.mounted.receiveBundle(bytes);
    this.mounted.receiveSettings({ ...settings, revision: this.revision });
  }

  /** The camera is let go too. */
  hide() {
    this.mounted.close();
  }
}

(globalThis[Symbol.for("design.talk")] ??= {}).moving = MovingScene;
