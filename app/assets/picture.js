/**
 * A picture of what is seen, at any size: the data drawn by the page's own code from tiles of the zoom that fits.
 *
 * A view is on the power-of-two ladder, and so is its picture: its data are drawn pixel for pixel at the deepest zoom at
 * which the picture shows all that is seen; where its shape is another, it shows more at two sides. Nothing is resampled.
 */
(() => {
  "use strict";
  const board = (window.stageboard = window.stageboard || {});
  const [LEAST, MOST] = [64, 8000];
  /** Tiles on a side that one call of the server computes. */
  const BLOCK = 4;
  /** Bytes of numbers that a browser can hold for a picture. */
  const BUDGET = 1.5e9;
  const APRON = 5;

  class PictureError extends Error {}

  class Picture extends board.Drawing {
    /**
     * @param {object} page the Explorer: info, look, map, world, view
     * @param {{width: number, height: number}} size of the data, in pixels
     */
    constructor(page, size) {
      super(new board.Shader());
      const { info, world, map, view } = page;
      Object.assign(this, { page, info, world, size });
      const zoom = map.getZoom();
      const seen = board.viewPixels(map, zoom);
      Object.assign(this, placeOf(seen, zoom - 1, size));
      const radius = view.drawn?.radius ?? page.look.spreading;
      // What is enlarged keeps its discs, as far as an apron reaches.
      this.look = { ...page.look, spreading: Math.max(0, Math.min(APRON, Math.round(radius * 2 ** this.deeper))) };
    }

    /** Columns and rows of tiles in the world or next to it, in blocks. */
    blocks() {
      const side = 2 ** this.z;
      const [x0, x1, y0, y1] = ["x0", "x1", "y0", "y1"].map((edge) => Math[edge.endsWith("0") ? "floor" : "ceil"](this.rect[edge] / board.TILE));
      const [left, right, top, bottom] = [Math.max(x0, -1), Math.min(x1, side + 1), Math.max(y0, -1), Math.min(y1, side + 1)];
      const found = [];
      for (let y = top; y < bottom; y += BLOCK) for (let x = left; x < right; x += BLOCK) found.push([x, Math.min(x + BLOCK, right), y, Math.min(y + BLOCK, bottom)]);
      return found;
    }

    /** Fetch all tiles, a block at a time. @param {AbortSignal} signal @param {function(number, number): void} tell how many of how many */
    async fetch(signal, tell) {
      const spec = board.specOf(this.info, this.look);
      const blocks = this.blocks();
      const all = blocks.reduce((sum, [x0, x1, y0, y1]) => sum + (x1 - x0) * (y1 - y0), 0);
      for (const [x0, x1, y0, y1] of blocks) {
        const coming = [];
        for (let y = y0; y < y1; y++) for (let x = x0; x < x1; x++) coming.push(this.add(spec, { x, y, z: this.z + 1 }, [x0, x1, y0, y1].map((at) => Math.max(0, Math.min(2 ** this.z, at))), signal));
        await Promise.all(coming);
        this.check(all);
        tell(this.tiles.size, all);
      }
    }

    async add(spec, coords, rect, signal) {
      const key = Object.values(coords).join(":");
      if (board.isBeyond(coords)) return this.tiles.set(key, new board.EdgeTile(this, coords));
      const one = { coords, url: board.tileAddress(spec, this.z, coords.x, coords.y) };
      this.tiles.set(key, one);
      one.next = (await board.fetchTile(one.url, rect, signal)).tile;
      // What the page's own view has beside its tiles is not this picture's to change.
      one.kept = one.next.grid;
      return this.tiles;
    }

    /** Refuse, before it is too late, what would not fit into the browser's memory. */
    check(all) {
      const bytes = this.current().reduce((sum, { edge, next }) => sum + (edge || next.empty ? 0 : next.values.byteLength + 12 * board.TILE ** 2), 0);
      if ((bytes / this.tiles.size) * all > BUDGET) throw new PictureError("This picture needs more memory than a browser has: choose a smaller size, or an aggregate with fewer categories.");
    }

    /** Draw the data at a place of a canvas. */
    paintOn(pen, left, top) {
      const { rect, size } = this;
      const seen = this.current().map((one) => ({ one, part: board.visiblePart(one.coords, rect) })).filter(({ part }) => part);
      this.survey(this.parts(seen, rect), seen, rect);
      const scratch = Object.assign(document.createElement("canvas"), { width: board.TILE, height: board.TILE });
      const brush = scratch.getContext("2d", { willReadFrequently: true });
      pen.save();
      pen.beginPath();
      pen.rect(left, top, size.width, size.height);
      pen.clip();
      pen.globalAlpha = this.look.data_opacity / 100;
      for (const { one } of seen) {
        if (!one.next || one.next.empty) continue;
        // Of a tile beyond the edge, only what something can spread to is written.
        brush.clearRect(0, 0, board.TILE, board.TILE);
        this.shader.paint(brush, one.next, this.drawn);
        pen.drawImage(scratch, left + one.coords.x * board.TILE - rect.x0, top + one.coords.y * board.TILE - rect.y0);
        if (!one.edge) one.next.grid = one.kept;
      }
      pen.restore();
    }

    /** How many rows the picture shows; null where its aggregate does not tell. */
    rows() {
      if (!["count", "by"].includes(this.look.aggregate) || this.info.kind !== "points") return null;
      let sum = 0;
      for (const one of this.current()) {
        const part = !one.edge && !one.next.empty && board.visiblePart(one.coords, this.rect);
        if (part) sum += board.sumOf(one.next, part);
      }
      return sum;
    }
  }

  /** Where a picture lies: the zoom of its tiles, how much deeper that is than what is seen, and its pixels. */
  function placeOf(seen, z, { width, height }) {
    const fits = Math.floor(Math.log2(Math.min(width / (seen.x1 - seen.x0), height / (seen.y1 - seen.y0))) + 1e-6);
    const deeper = Math.max(-z, Math.min(board.MAX_Z - z, fits));
    const middle = (low, high) => ((low + high) / 2) * 2 ** deeper;
    const [x0, y0] = [Math.round(middle(seen.x0, seen.x1) - width / 2), Math.round(middle(seen.y0, seen.y1) - height / 2)];
    return { z: z + deeper, deeper, rect: { x0, x1: x0 + width, y0, y1: y0 + height } };
  }

  /** The sum of a part of a tile over its planes. */
  function sumOf({ values, apron, size, planes }, { x0, x1, y0, y1 }) {
    const side = size + 2 * apron;
    let sum = 0;
    for (let plane = 0; plane < planes; plane++) {
      for (let y = y0; y < y1; y++) {
        const row = plane * side * side + (y + apron) * side + apron;
        for (let at = row + x0; at < row + x1; at++) sum += values[at];
      }
    }
    return sum;
  }

  Object.assign(board, { Picture, PictureError, pictureSides: { least: LEAST, most: MOST }, sumOf });
})();
