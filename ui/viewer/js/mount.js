// The viewer as a Streamlit component, mounted through the default export.
//
// Two components share this page. This one carries the code and the maps (bytes that Streamlit
// sends once and then knows by hash); the other, settings.js, carries everything small that may
// change with each run. They meet in `channels`, under the viewer's key.

const channels = (globalThis[Symbol.for("design.viewer")] ??= new Map());
const viewers = new WeakMap();

/**
 * Streamlit calls this when the component appears and whenever its data object is new.
 * The bytes are: length of a JSON header (uint32), the header, padding to 4, float32 values.
 */
export default function mount({ data, parentElement, setStateValue }) {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const headerEnd = 4 + view.getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(data.subarray(4, headerEnd)));
  let viewer = viewers.get(parentElement);
  if (!viewer) {
    viewer = new Viewer(parentElement);
    viewers.set(parentElement, viewer);
    const channel = channels.get(header.key) ?? {};
    channels.set(header.key, channel);
    channel.viewer = viewer;
    if (channel.settings) viewer.receiveSettings(channel.settings);
  }
  viewer.setStateValue = setStateValue;
  if (viewer.newest.maps?.hash !== header.hash) {
    const start = data.byteOffset + Math.ceil(headerEnd / 4) * 4;
    const end = data.byteOffset + data.byteLength;
    viewer.receiveMaps(header.hash, new Float32Array(data.buffer.slice(start, end)));
  }
  viewer.showWhole(header.whole);
  return () => {
    viewer.close();
    const channel = channels.get(header.key);
    if (channel.viewer === viewer) delete channel.viewer;
  };
}
