/**
 * The first picture of an Explorer, from the facts in its document, before any other script runs.
 *
 * Its tiles are asked for at once. Leaflet, Dash and the components would keep the browser busy until long after the tiles
 * have come: they wait for it, though not for long. The page's own view then draws the same in the same place.
 */
(() => {
  "use strict";
  const board = (window.stageboard = window.stageboard || {});
  /** The elements' ids. */
  const [FACTS, REST] = ["early", "later"];
  /** ms for which the other scripts wait for tiles that do not come. */
  const HOLD = 200;
  /** ms after which it goes, whatever became of the page. */
  const LATE = 15000;
  const element = (name, ...children) => {
    const made = Object.assign(document.createElement("div"), { className: name });
    made.append(...children);
    return made;
  };

  class Early extends board.Drawing {
    /** @param {object} info as the page's own, with the palette that it opens with */
    constructor(info) {
      super(new board.Shader());
      Object.assign(this, { info, start: performance.now(), path: location.pathname, world: new board.World(info) });
      const look = { ...board.lookOf(info, info.opening[1], info.opening), category: info.category };
      const ground = this.world.geographic ? board.groundOf(info.basemaps[look.basemap]) : board.scheme();
      this.look = { ...look, ...board.coloursOf(info, look, ground) };
      this.build(ground);
      this.see();
      this.ask();
      this.hold = setTimeout(goOn, HOLD);
      this.timer = setTimeout(() => this.remove(), LATE);
    }

    /** The places of the page's own, which they lie above. */
    build(ground) {
      const { info, look } = this;
      this.layers = ["coast", "data", "names"].map((name) => element(`explorer-${name}`));
      [look.map_opacity, look.data_opacity, 100].forEach((opacity, i) => (this.layers[i].style.opacity = opacity / 100));
      this.box = element("early-map", ...this.layers);
      this.explorer = element("explorer", element("explorer-panel"), element("explorer-main", element("explorer-view", this.box), element("explorer-dock")));
      Object.assign(this.explorer.dataset, { crs: info.crs, ground });
      this.place = element("early", this.explorer);
      this.place.inert = true;
      document.body.append(this.place);
    }

    /** Find out what is in view. */
    see() {
      const { clientWidth: x, clientHeight: y } = this.box;
      const { z, rect } = this.world.place({ x, y }, ...board.openingOf(this.info, this.world));
      Object.assign(this, { z, view: rect, rect: board.tileRect(rect, z) });
    }

    /** Places of tiles in the world or next to it, the middle first, as Leaflet has them. */
    places() {
      const [x0, x1, y0, y1] = ["x0", "x1", "y0", "y1"].map((edge) => Math[edge.endsWith("0") ? "floor" : "ceil"](this.view[edge] / board.TILE));
      const far = ({ x, y }) => Math.hypot(x - (x0 + x1 - 1) / 2, y - (y0 + y1 - 1) / 2);
      const last = 2 ** this.z;
      const all = [];
      for (let y = Math.max(y0, -1); y < Math.min(y1, last + 1); y++) for (let x = Math.max(x0, -1); x < Math.min(x1, last + 1); x++) all.push({ x, y, z: this.z + 1 });
      return all.sort((a, b) => far(a) - far(b));
    }

    /** A tile to draw. */
    tileAt(spec, coords) {
      return board.isBeyond(coords) ? new board.EdgeTile(this, coords) : { coords, url: board.tileAddress(spec, this.z, coords.x, coords.y) };
    }

    /** Ask for all that is in view, and draw it when it is here. */
    ask() {
      const { info, look } = this;
      const spec = board.specOf(info, look);
      for (const coords of this.places()) this.tiles.set(Object.values(coords).join(":"), this.tileAt(spec, coords));
      const within = this.current().filter(({ edge }) => !edge);
      const coming = within.map(async (one) => {
        const { tile, fact } = await board.fetchTile(one.url, this.rect);
        one.next = tile;
        this.facts.push(fact);
      });
      const draw = () => {
        // A page that is not seen has no frames.
        if (!document.hidden) clearTimeout(this.hold);
        requestAnimationFrame(() => this.gone || orRemove(() => this.draw()));
      };
      Promise.all(coming).then(draw, () => this.remove());
      if (look.basemap === "coastlines") for (const one of within) board.drawCoast(this.canvas(0, one.coords), one.coords, this.explorer);
      if (look.labels) board.loadNames().then((names) => this.gone || this.write(names));
    }

    /** A tile's canvas in a layer. */
    canvas(layer, { x, y }) {
      const made = Object.assign(document.createElement("canvas"), { width: board.TILE, height: board.TILE });
      Object.assign(made.style, { left: `${x * board.TILE - this.view.x0}px`, top: `${y * board.TILE - this.view.y0}px` });
      this.layers[layer].append(made);
      return made;
    }

    write(names) {
      const canvas = document.createElement("canvas");
      const { x, y } = board.writeNames(canvas, names, this.view, this.z + 1, this.explorer);
      Object.assign(canvas.style, { left: `${x}px`, top: `${y}px` });
      this.layers[2].append(canvas);
    }

    draw() {
      for (const one of this.current()) one.canvas = this.canvas(1, one.coords);
      const placed = this.current().map((one) => ({ one, part: board.visiblePart(one.coords, this.view) }));
      this.settle(placed.filter(({ part }) => part), this.view);
      // What is outside the view comes later, and is no part of it.
      this.spent = { ...this.costs };
      // A message posted now is handled when this frame has been painted.
      const channel = new MessageChannel();
      channel.port1.onmessage = () => {
        channel.port1.close();
        this.painted = performance.now();
        goOn();
      };
      channel.port2.postMessage(0);
    }

    /** What it took until it was painted, which may be in this very frame; null where it is not drawn. */
    get took() {
      const { start, painted, facts, spent } = this;
      return spent ? { start, painted, facts, costs: spent, previewed: 0 } : null;
    }

    /** The page has its own view, or is another. */
    remove() {
      this.gone = true;
      board.early = null;
      clearTimeout(this.timer);
      cancelAnimationFrame(this.later);
      this.place.remove();
      this.tiles.clear();
      goOn();
    }
  }

  /** Have the other scripts loaded and run, in their order. */
  function goOn() {
    const rest = document.getElementById(REST);
    if (!rest) return;
    rest.remove();
    let fetched = null;
    for (const one of rest.content.querySelectorAll("script")) {
      const script = document.createElement("script");
      for (const { name, value } of one.attributes) script.setAttribute(name, value);
      script.textContent = one.textContent;
      script.async = false;
      const append = () => document.body.append(script);
      // One that holds its text runs as soon as it is in place.
      if (script.src || !fetched) append();
      else for (const name of ["load", "error"]) fetched.addEventListener(name, append, { once: true });
      if (script.src) fetched = script;
    }
  }

  /** Run what needs Leaflet as soon as its script has run, which comes after ours. */
  function whenLeaflet(run) {
    if (window.L) return run();
    const look = () => {
      if (!window.L) return;
      document.removeEventListener("load", look, true);
      run();
    };
    return document.addEventListener("load", look, true);
  }

  /** Run a part of it; where that fails the page goes on without, and nothing of it lies above the page. */
  function orRemove(part) {
    try {
      part();
    } catch (error) {
      board.early?.remove();
      document.querySelector(".early")?.remove();
      goOn();
      throw error;
    }
  }

  /** Begin, when all of our scripts have run. */
  function begin() {
    const facts = document.getElementById(FACTS);
    if (!facts) return;
    orRemove(() => (board.early = new Early(JSON.parse(facts.textContent))));
  }

  queueMicrotask(begin);
  Object.assign(board, { whenLeaflet });
})();
