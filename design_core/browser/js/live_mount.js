// Live as a Streamlit component. Two components make it: this one carries the code and, as bytes that
// Streamlit sends once, the bundle; live_settings.js carries what may change with a run. They meet in
// `liveChannels`, under the key of both.

const liveChannels = (globalThis[Symbol.for("design.live")] ??= new Map());
const mounted = new WeakMap();

/** Live in its place on the page, begun anew where networks or the link have changed. */
class MountedLive {
  constructor(root) {
    this.root = root;
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

/** Streamlit calls this when the component appears and whenever its data are new. */
export default function mount({ data, parentElement, setStateValue, setTriggerValue }) {
  const { key } = JSON.parse(readSafetensors(data).metadata.bundle);
  let live = mounted.get(parentElement);
  if (!live) {
    live = new MountedLive(parentElement.querySelector(".live"));
    mounted.set(parentElement, live);
  }
  Object.assign(live, { setStateValue, setTriggerValue });
  const channel = liveChannels.get(key) ?? {};
  liveChannels.set(key, channel);
  channel.live = live;
  if (channel.settings) live.receiveSettings(channel.settings);
  live.receiveBundle(data);
  return () => {
    live.close();
    live.opening += 1;
    mounted.delete(parentElement);
    if (channel.live === live) delete channel.live;
  };
}
