// The small half of an instrument: hands the settings of each run to the half with the same key.

export default function mount({ data }) {
  const channel = channelOf(data.key);
  channel.settings = data;
  channel.instrument?.receiveSettings(data);
}
