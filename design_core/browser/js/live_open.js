// From the bytes of a bundle (design_core/browser/bundle.py) to a running Live, or words why not.

const NO_ENGINE = "This browser cannot run the networks: it lacks WebAssembly with 128-bit SIMD. "
  + "Any browser since 2023 has it.";

/**
 * @param {HTMLElement} root  holding the markup of live.html
 * @param {ReturnType<typeof readSafetensors>} bundle
 * @param {object} options  as Live takes them, and in `instead` what to do where there is no engine
 * @returns {Promise<?Live>}
 */
async function openLive(root, { metadata, tensors }, options) {
  const about = JSON.parse(metadata.bundle);
  const refuse = (words) => {
    root.replaceChildren(Object.assign(document.createElement("p"), { className: "refused", textContent: words }));
    root.dataset.ready = "refused";
    return null;
  };
  const module = await compiledEngine(tensors.get("engine").bytes);
  if (!module) return refuse(`${NO_ENGINE} ${options.instead}`.trim());
  const networks = Array.from({ length: about.networks }, (_, k) => tensors.get(`network.${k}`).bytes);
  try {
    const film = new Film(tensors.get("film").bytes, about.film);
    return new Live(root, { module, networks, film, offered: about.offered }, options);
  } catch (error) {
    if (!(error instanceof UnreadableError || error instanceof WebAssembly.CompileError)) throw error;
    return refuse(error.message);
  }
}
