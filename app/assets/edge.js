/**
 * Tiles just beyond the world's edge. Nothing lies there, but what lies within spreads over it, as in a server's picture.
 * They are never fetched: their numbers are the outermost cells of the nearest tile within, where their own apron is.
 */
(() => {
  "use strict";
  const board = (window.stageboard = window.stageboard || {});
  /** Cells that spreading reaches at most. */
  const APRON = 5;
  const NOTHING = { empty: true };

  /** The last column, and row, of the world's tiles at Leaflet's zoom. */
  const last = (zoom) => 2 ** (zoom - 1) - 1;

  /** How far a column or row lies beyond the world's: -1, 0 or 1 tiles where it is next to it. */
  const past = (at, zoom) => at - Math.max(0, Math.min(last(zoom), at));

  /** Whether a tile lies in the world, or next to it. */
  const isNear = ({ x, y, z }) => Math.abs(past(x, z)) <= 1 && Math.abs(past(y, z)) <= 1;

  /** Whether a tile lies beyond the world. */
  const isBeyond = ({ x, y, z }) => past(x, z) !== 0 || past(y, z) !== 0;

  /** Columns, or rows, that something can spread to. */
  function reached(far) {
    if (far === 0) return [0, board.TILE];
    return far < 0 ? [board.TILE - APRON, board.TILE] : [0, APRON];
  }

  /** The part of a tile where something can be: all of it, or the strip along the edge. */
  function reach({ x, y, z }) {
    const [[x0, x1], [y0, y1]] = [reached(past(x, z)), reached(past(y, z))];
    return { x0, x1, y0, y1 };
  }

  /** The numbers of the tile that lies `right` and `down` of one, kept beside that. */
  function beside(tile, coords, right, down) {
    tile.edges = tile.edges || {};
    const key = `${right} ${down}`;
    return (tile.edges[key] = tile.edges[key] || { ...tile, values: shifted(tile, right, down), reach: reach(coords), edges: null, grid: null });
  }

  /** The cells of a tile that another, so far away, holds as well: each in the other's place. */
  function shifted({ values, float, planes, size, apron }, right, down) {
    const side = size + 2 * apron;
    const out = new values.constructor(values.length);
    if (float) out.fill(NaN);
    const range = (by) => [Math.max(0, -by * size), Math.min(side, side - by * size)];
    const [[x0, x1], [y0, y1]] = [range(right), range(down)];
    for (let plane = 0; plane < planes; plane++) {
      for (let y = y0; y < y1; y++) {
        const to = (plane * side + y) * side + x0;
        const from = to + (down * side + right) * size;
        out.set(values.subarray(from, from + x1 - x0), to);
      }
    }
    return out;
  }

  /** A tile to draw, beyond the edge: it follows the nearest one within, and is empty unless that spreads. */
  class EdgeTile {
    /** @param {Drawing} drawing @param {{x: number, y: number, z: number}} coords */
    constructor(drawing, coords) {
      const { x, y, z } = coords;
      Object.assign(this, { drawing, coords, edge: true, far: [past(x, z), past(y, z)] });
      this.key = [x - this.far[0], y - this.far[1], z].join(":");
    }

    get source() {
      return this.drawing.tiles.get(this.key);
    }

    get url() {
      return this.source?.url || "";
    }

    get next() {
      return this.url ? this.spread(this.source.next) : NOTHING;
    }

    get preview() {
      return this.spread(this.source?.preview);
    }

    spread(tile) {
      if (!tile || tile.empty) return tile;
      return this.drawing.drawn?.radius ? beside(tile, this.coords, ...this.far) : NOTHING;
    }
  }

  Object.assign(board, { EdgeTile, isNear, isBeyond, reach });
})();
