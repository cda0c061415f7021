// The small half of the article: hands the settings of each run to the article with the same key.

const channels = (globalThis[Symbol.for("design.article")] ??= new Map());

export default function mount({ data }) {
  const channel = channels.get(data.key) ?? {};
  channels.set(data.key, channel);
  channel.settings = data;
  channel.article?.receiveSettings(data);
}
