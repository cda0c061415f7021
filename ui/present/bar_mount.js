// The presenter's bar as a Streamlit component.

const bars = new WeakMap();

export default function mount({ data, parentElement, setStateValue, setTriggerValue }) {
  let bar = bars.get(parentElement);
  if (!bar) {
    bar = new Bar(parentElement);
    bars.set(parentElement, bar);
  }
  bar.send = setStateValue;
  bar.trigger = setTriggerValue;
  bar.viewer = () => globalThis[Symbol.for("design.channels")]?.get("stage_viewer")?.instrument;
  bar.receive(data);
  return () => {
    bar.stop.abort();
    bars.delete(parentElement);
  };
}
