/**
 * The first picture of an Explorer, from the facts in its document, while Dash and its components are still starting.
 * What draws the page's own view draws this one, so nothing moves or changes when that takes its place.
 */
(() => {
  "use strict";
  const board = (window.stageboard = window.stageboard || {});
  const FACTS = "early"; // the element's id
  const LATE = 15000; // ms after which it goes, whatever became of the page
  const element = (name, ...children) => {
    const made = Object.assign(document.createElement("div"), { className: name });
    made.append(...children);
    return made;
  };

  class Early {
    /** @param {object} info as the page's own, with the palette that it opens with */
    constructor(info) {
      Object.assign(this, { info, start: performance.now(), path: location.pathname });
      const look = board.lookOf(info, info.opening[1], info.opening);
      const world = new board.World(info);
      const box = element("early-map");
      // The places of the page's own, which they lie above.
      const explorer = element("explorer", element("explorer-panel"), element("explorer-main", element("explorer-view", box), element("explorer-dock")));
      explorer.dataset.crs = info.crs;
      this.place = element("early", explorer);
      this.place.inert = true;
      document.body.append(this.place);
      this.map = L.map(box, { crs: world.geographic ? L.CRS.EPSG3857 : L.CRS.Simple, fadeAnimation: false, zoomAnimation: false, attributionControl: world.geographic });
      board.furnish(this.map, world);
      board.openView(this.map, world, info, !info.bounds);
      const done = () => this.remove();
      this.view = new board.AggregateView(this.map, info, { shown: () => this.shown(), held: () => {}, failed: done, busy: () => {} });
      if (world.geographic) {
        this.base = new board.BaseMap(this.map, explorer, info.basemaps, done);
        this.base.show(look.basemap, look.map_opacity, look.labels);
        explorer.dataset.ground = this.base.ground();
      }
      this.view.show({ ...look, ...board.coloursOf(info, look, this.base ? this.base.ground() : board.scheme()) });
      this.timer = setTimeout(done, LATE);
    }

    shown() {
      this.drawn = true;
      const channel = new MessageChannel();
      channel.port1.onmessage = () => {
        channel.port1.close();
        this.painted = this.painted ?? performance.now();
      };
      channel.port2.postMessage(0);
    }

    /** What it took until it was painted, which may be in this very frame; null where it is not drawn. */
    get took() {
      const { start, drawn, painted, view } = this;
      return drawn ? { start, painted, facts: view.facts, costs: view.costs, previewed: view.previewed } : null;
    }

    /** The page has its own view, or is another. */
    remove() {
      clearTimeout(this.timer);
      board.early = null;
      this.view.remove();
      this.base?.remove();
      this.map.remove();
      this.place.remove();
    }
  }

  /** Draw, as soon as the scripts that come with this one are there. */
  function begin() {
    const facts = document.getElementById(FACTS);
    if (!facts || !window.L || !board.AggregateView || !board.lookOf) return;
    board.early = new Early(JSON.parse(facts.textContent));
  }

  queueMicrotask(begin);
})();
