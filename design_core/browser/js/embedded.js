// Bytes that stand in the page itself, as page.py writes them.

/** @returns {Uint8Array} */
function embedded(name) {
  const text = atob(document.getElementById(`data-${name}`).textContent);
  return Uint8Array.from(text, (one) => one.charCodeAt(0));
}
