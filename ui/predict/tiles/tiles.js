// Small pictures to choose from: a radio group that scrolls or wraps.

class Tiles {
  /** @param {HTMLElement} host */
  constructor(host) {
    this.host = host;
    this.shown = "";
    host.addEventListener("keydown", (event) => this.onKey(event));
  }

  /** @param {object} data  what component.py sends */
  receive(data, setTriggerValue) {
    this.report = (index) => setTriggerValue("picked", index);
    this.host.setAttribute("aria-label", data.label);
    this.host.classList.toggle("wrap", data.wrap);
    // The choice may change with each run, the pictures seldom do.
    const shown = JSON.stringify([data.tiles, data.side, devicePixelRatio]);
    if (shown !== this.shown) {
      this.shown = shown;
      this.host.replaceChildren(...data.tiles.map((tile, k) => this.button(tile, k, data.side)));
    }
    this.mark(data.selected);
  }

  button(tile, index, side) {
    const button = document.createElement("button");
    button.type = "button";
    button.role = "radio";
    button.title = tile.alt;
    button.setAttribute("aria-label", tile.alt);
    button.classList.toggle("marked", tile.marked);
    const factor = Math.max(1, Math.floor((side * devicePixelRatio) / Math.max(tile.width, tile.height)));
    const pair = document.createElement("span");
    pair.className = "pair";
    for (const url of tile.urls) {
      const image = document.createElement("img");
      image.src = url;
      image.alt = "";
      image.style.width = `${(tile.width * factor) / devicePixelRatio}px`;
      image.style.height = `${(tile.height * factor) / devicePixelRatio}px`;
      pair.append(image);
    }
    button.append(pair);
    if (tile.caption) {
      const caption = document.createElement("span");
      caption.className = "caption";
      caption.textContent = tile.caption;
      button.append(caption);
    }
    button.addEventListener("click", () => this.pick(index));
    return button;
  }

  onKey(event) {
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -1, ArrowDown: 1 };
    const ends = { Home: 0, End: this.host.children.length - 1 };
    if (event.altKey || event.ctrlKey || !(event.key in steps || event.key in ends)) return;
    const now = [...this.host.children].indexOf(this.host.getRootNode().activeElement);
    const next = ends[event.key] ?? now + steps[event.key];
    if (this.host.children[next]) this.pick(next);
    event.preventDefault();
    event.stopPropagation();
  }

  /** Marked at once; reported when the keys have come to rest. */
  pick(index) {
    this.mark(index);
    this.host.children[index].focus({ preventScroll: true });
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.report(index), 60);
  }

  mark(selected) {
    [...this.host.children].forEach((button, k) => {
      button.setAttribute("aria-checked", k === selected);
      button.tabIndex = k === (selected ?? 0) ? 0 : -1;
      if (k !== selected) return;
      const { host } = this;
      const [left, right] = [button.offsetLeft - host.offsetLeft, host.clientWidth];
      if (left < host.scrollLeft || left + button.offsetWidth > host.scrollLeft + right) {
        host.scrollLeft = left - (right - button.offsetWidth) / 2;
      }
    });
  }
}

const mounted = new WeakMap();

/** Streamlit calls this when the component appears and whenever its data are new. */
export default function mount({ data, parentElement, setTriggerValue }) {
  let tiles = mounted.get(parentElement);
  if (!tiles) {
    tiles = new Tiles(parentElement.querySelector(".tiles"));
    mounted.set(parentElement, tiles);
  }
  tiles.receive(data, setTriggerValue);
}
