// The small half of the viewer: hands the settings of each run to the viewer with the same key.

const channels = (globalThis[Symbol.for("design.viewer")] ??= new Map());

export default function mount({ data }) {
  const channel = channels.get(data.key) ?? {};
  channels.set(data.key, channel);
  channel.settings = data;
  channel.viewer?.receiveSettings(data);
}
