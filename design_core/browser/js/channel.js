// Where the two components of an instrument meet: one carries its code and bytes, which Streamlit
// sends once and then knows by hash; the other, settings.js, what may change with each run.

/** The channel of an instrument, by its key on the page. */
function channelOf(key) {
  const channels = (globalThis[Symbol.for("design.channels")] ??= new Map());
  if (!channels.has(key)) channels.set(key, {});
  return channels.get(key);
}

/** Give an instrument the settings that have come and those that will; returns how to leave again. */
function joinChannel(key, instrument) {
  const channel = channelOf(key);
  channel.instrument = instrument;
  if (channel.settings) instrument.receiveSettings(channel.settings);
  return () => {
    if (channel.instrument === instrument) delete channel.instrument;
  };
}
