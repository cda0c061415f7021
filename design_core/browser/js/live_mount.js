// Live as a Streamlit component. Two components make it: this one carries the code and, as bytes that
// Streamlit sends once, the bundle; live_settings.js carries what may change with a run. They meet in
// `liveChannels`, under the key of both.

const liveChannels = (globalThis[Symbol.for("design.live")] ??= new Map());
const mounted = new WeakMap();

/** Streamlit calls this when the component appears and whenever its data are new. */
export default function mount({ data, parentElement, setStateValue, setTriggerValue }) {
  const { key } = JSON.parse(readSafetensors(data).metadata.bundle);
  let live = mounted.get(parentElement);
  if (!live) {
    live = new MountedLive(parentElement.querySelector(".live"), "On Predict the server does the work.");
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
