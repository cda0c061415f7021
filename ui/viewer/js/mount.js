// The viewer as a Streamlit component, mounted through the default export; see channel.js.

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
    viewer.leave = joinChannel(header.key, viewer);
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
    viewer.leave();
  };
}
