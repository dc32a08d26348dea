/**
 * Drawing tiles on one scale, which serves all that is visible. Which tiles these are, and when they are there, is the
 * matter of who draws: the map's layer, and the first picture, which has no map.
 */
(() => {
  "use strict";
  const board = (window.stageboard = window.stageboard || {});
  /** ms a frame. */
  const BUDGET = 9;

  /** What of a look makes its tiles, as their address has it. */
  function specOf(info, look) {
    const spec = [info.dataset, info.fingerprint.slice(0, 12), info.plot, look.aggregate];
    return (look.field && look.aggregate !== "count" ? [...spec, look.field] : spec).join(".");
  }

  /** The address of a tile; z of the tiles. */
  const tileAddress = (spec, z, x, y) => board.at(`/tiles/${spec}/${z}/${x}/${y}`);

  /** What of a tile, as far as something can be there, a view in pixels shows; null where nothing. */
  function visiblePart(coords, view) {
    const [left, top] = [coords.x * board.TILE, coords.y * board.TILE];
    const all = board.reach(coords);
    const part = {
      x0: Math.max(all.x0, view.x0 - left),
      x1: Math.min(all.x1, view.x1 - left),
      y0: Math.max(all.y0, view.y0 - top),
      y1: Math.min(all.y1, view.y1 - top),
    };
    return part.x0 < part.x1 && part.y0 < part.y1 ? part : null;
  }

  /** A tile to draw is {coords, url, canvas, next}: its place, its address, what it is drawn on, and its numbers. */
  class Drawing {
    /** @param {Shader} shader */
    constructor(shader) {
      this.shader = shader;
      /** By column, row and zoom, with colons between them. */
      this.tiles = new Map();
      this.look = null;
      this.resetCosts();
    }

    /** Forget what the last action cost. */
    resetCosts() {
      this.costs = {};
      this.facts = [];
      this.previewed = 0;
    }

    /** The tiles to draw. */
    current() {
      return [...this.tiles.values()];
    }

    /** Take the scale of what is visible, and paint that; the rest follows. */
    settle(seen, view) {
      const ms = this.survey(this.parts(seen, view), seen, view);
      for (const [stage, spent] of Object.entries(ms)) this.costs[stage] = (this.costs[stage] || 0) + spent;
      for (const { one, part } of seen) this.paintAny(one, part);
      this.paintLater();
    }

    /** What is visible of the tiles that are here; decides the spreading. */
    parts(seen, view) {
      const area = (view.x1 - view.x0) * (view.y1 - view.y0);
      this.sparse = board.sparseSpread(this.filled(seen), area, this.look.front);
      this.drawn = { ...this.look, radius: Math.max(this.look.spreading, this.sparse), area };
      // Once more: what spreads fills tiles beyond the edge, of which no cell counts as filled itself.
      return this.filled(seen);
    }

    filled(seen) {
      const filled = seen.filter(({ one }) => this.shows(one) && !this.shows(one).empty);
      return filled.map(({ one, part }) => ({ tile: this.shows(one), part }));
    }

    /** The numbers that stand for a tile now. */
    shows(one) {
      return one.next;
    }

    survey(parts, seen, view) {
      const key = seen.map(({ one }) => (one.next ? one.url : `${one.url}~`)).sort();
      return this.shader.survey(parts, this.drawn, `${Object.values(view)} ${key}`);
    }

    /** What is outside the view follows in later frames, a frame's share in each. */
    paintLater() {
      cancelAnimationFrame(this.later);
      this.later = requestAnimationFrame(() => {
        const end = performance.now() + BUDGET;
        const late = () => performance.now() > end;
        if (!this.gone && !this.current().every((one) => this.paintAny(one) || !late())) this.paintLater();
      });
    }

    /** Paint a tile; only a part of it where that is enough for now. @returns {boolean} whether nothing was to do */
    paintAny(one, part) {
      return one.next ? this.paint(one, part) : true;
    }

    paint(one, part) {
      const { shader, drawn } = this;
      const painted = [one.url, shader.version, drawn.radius, drawn.palette.css].join(" ");
      if (one.painted === painted) return true;
      const start = performance.now();
      const all = this.isBlank(one, one.next) || this.copied(one, painted) || shader.paint(this.pen(one), one.next, drawn, part);
      this.costs.encode = (this.costs.encode || 0) + performance.now() - start;
      this.finished(one, all ? painted : "", one.next);
      return false;
    }

    /** Whether a tile is empty as its canvas is: one without a context takes no memory. */
    isBlank(one, tile) {
      return Boolean(tile.empty && !one.context);
    }

    /** Take a tile that is painted elsewhere. @returns {boolean} whether it was there */
    copied() {
      return false;
    }

    pen(one) {
      return (one.context = one.context || one.canvas.getContext("2d"));
    }

    /** A tile's canvas shows something. */
    finished(one, painted, tile) {
      Object.assign(one, { painted, tile });
    }
  }

  Object.assign(board, { Drawing, specOf, tileAddress, visiblePart, FRAME_BUDGET: BUDGET });
})();
