// A talk that is a file: its scenes one after the other, by the presenter's bar.

const kinds = globalThis[Symbol.for("design.talk")];

/** Each part has a root of its own, as in the app, so that their styles do not meet. */
function rootIn(host) {
  if (!host.shadowRoot) host.attachShadow({ mode: "open" }).append(host.querySelector("template").content);
  return host.shadowRoot;
}

class Talk {
  constructor(root, { scenes, address, qr }) {
    Object.assign(this, { root, scenes, address, qr, places: {}, index: -1 });
    this.heading = root.querySelector(".finding");
    const bar = rootIn(document.querySelector(".bar-host"));
    this.bar = new Bar(bar);
    this.bar.send = (_, { index }) => this.show(index);
    this.bar.trigger = () => {}; // there is nowhere to leave for
    this.bar.viewer = () => this.places.still?.viewer;
    for (const button of bar.querySelectorAll(".leave, .take, .edit")) button.hidden = true;
    bar.querySelector(".show").hidden = !qr;
    if (!qr) this.bar.toggle = () => {};
    this.show(Math.min(scenes.length, Math.max(1, Number.parseInt(location.hash.slice(1), 10) || 1)) - 1);
  }

  show(index) {
    const scene = this.scenes[index];
    for (const host of this.root.querySelectorAll(".scene")) host.hidden = !host.matches(`.${scene.kind}`);
    for (const place of Object.values(this.places)) place.hide();
    this.places[scene.kind] ??= new kinds[scene.kind](rootIn(this.root.querySelector(`.scene.${scene.kind}`)));
    this.heading.textContent = scene.sentence.replaceAll(" × ", "\u00a0×\u00a0");
    this.places[scene.kind].show(scene.settings, embedded(scene.data));
    this.bar.receive({
      titles: this.scenes.map(({ title }) => title), scenes: this.scenes, strength: scene.strength,
      index, qr: this.qr, link: this.address, note: "",
    });
    try {
      history.replaceState(null, "", `#${index + 1}`);
    } catch {
      // Some browsers let no page from a file change its address.
    }
  }
}

new Talk(document.querySelector(".talk"), JSON.parse(new TextDecoder().decode(embedded("talk"))));
