// The small half of Live: hands the settings of each run to the Live with the same key.

const channels = (globalThis[Symbol.for("design.live")] ??= new Map());

export default function mount({ data }) {
  const channel = channels.get(data.key) ?? {};
  channels.set(data.key, channel);
  channel.settings = data;
  channel.live?.receiveSettings(data);
}
