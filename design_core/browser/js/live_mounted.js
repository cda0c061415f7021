// Live in a place of a page, begun anew where networks, settings or the link have changed.

class MountedLive {
  /**
   * @param {HTMLElement} root  holding the markup of live.html
   * @param {string} instead  what to do where the browser has no engine
   */
  constructor(root, instead) {
    Object.assign(this, { root, instead });
    this.markup = root.innerHTML;
    this.opening = 0;
  }

  receiveBundle(data) {
    if (data === this.data) return;
    this.data = data;
    this.bundle = readSafetensors(data);
    this.open();
  }

  receiveSettings(settings) {
    const anew = settings.revision !== this.settings?.revision;
    this.settings = settings;
    if (anew) this.open();
  }

  async open() {
    const { bundle, settings } = this;
    if (!bundle || !settings || JSON.parse(bundle.metadata.bundle).hash !== settings.bundle) return;
    this.close();
    this.opening += 1;
    const turn = this.opening;
    this.root.innerHTML = this.markup;
    this.root.dataset.ready = "false";
    const live = await openLive(this.root, bundle, {
      start: settings.start,
      presenter: settings.presenter,
      instead: this.instead,
      onState: (text) => this.setStateValue("state", { revision: settings.revision, text }),
      onSend: settings.presenter ? null : async (to, png) => this.setTriggerValue("sent", { to, png: await base64Of(png) }),
    });
    if (turn === this.opening) this.live = live;
    else live?.close();
  }

  close() {
    this.live?.close();
    this.live = null;
  }
}

async function base64Of(blob) {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  let text = "";
  for (let k = 0; k < bytes.length; k += 8192) text += String.fromCharCode(...bytes.subarray(k, k + 8192));
  return btoa(text);
}
