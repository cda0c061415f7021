// Live as a page of its own (page.py). What is on screen stands behind the # of its address.

const host = document.querySelector(".host");

openLive(host.querySelector(".live"), readSafetensors(embedded("live")), {
  start: decodeURIComponent(location.hash.slice(1)) || host.dataset.start,
  presenter: false,
  instead: "",
  onState: (text) => {
    try {
      history.replaceState(null, "", `#${encodeURIComponent(text)}`);
    } catch {
      // Some browsers let no page from a file change its address; then no link holds the state.
    }
  },
  onSend: null,
}).then((live) => {
  // Keys work from the start, before anything was clicked.
  document.addEventListener("keydown", (event) => {
    if (event.target === document.body) live?.onKey(event);
  });
});
