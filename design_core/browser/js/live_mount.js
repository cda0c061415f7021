// Live as a Streamlit component; see channel.js.

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
  const leave = joinChannel(key, live);
  live.receiveBundle(data);
  return () => {
    live.close();
    live.opening += 1;
    mounted.delete(parentElement);
    leave();
  };
}
