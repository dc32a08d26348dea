/**
 * Spreading: each cell over a disc of its neighbours, on the aggregate, as `datashader.transfer_functions.spread`.
 * The apron around a tile holds the neighbours, so tiles join without seams. Pure functions over typed arrays.
 */
(() => {
  "use strict";
  const board = (window.stageboard = window.stageboard || {});

  /** Half the width of Datashader's disc of radius r, dy rows from its middle. */
  const halfWidth = (r, dy) => Math.floor(Math.sqrt((r + 0.5) ** 2 - dy * dy));

  /** How cells merge: counts and sums add, min takes the least, all else the greatest. */
  function operator(aggregate) {
    if (aggregate === "count" || aggregate === "by" || aggregate === "sum") return "add";
    return aggregate === "min" ? "min" : "max";
  }

  /** A tile's plane without its apron. */
  function crop(tile, plane) {
    const { values, apron, size } = tile;
    const side = size + 2 * apron;
    const out = new values.constructor(size * size);
    const start = plane * side * side + apron * side + apron;
    for (let y = 0; y < size; y++) out.set(values.subarray(start + y * side, start + y * side + size), y * size);
    return out;
  }

  /** Filled cells only: each adds itself to its disc. The quicker way while few cells are filled. */
  function scatter(tile, plane, radius, how, out) {
    const { values, apron, size } = tile;
    const side = size + 2 * apron;
    const base = plane * side * side;
    const reach = Array.from({ length: 2 * radius + 1 }, (_, i) => halfWidth(radius, i - radius));
    for (let y = apron - radius; y < apron + size + radius; y++) {
      for (let x = apron - radius; x < apron + size + radius; x++) {
        const value = values[base + y * side + x];
        if (!(value !== 0 || tile.float) || value !== value) continue;
        for (let dy = -radius; dy <= radius; dy++) {
          const row = y + dy - apron;
          if (row < 0 || row >= size) continue;
          const half = reach[dy + radius];
          const last = Math.min(size - 1, x - apron + half);
          for (let at = Math.max(0, x - apron - half); at <= last; at++) merge(out, row * size + at, value, how);
        }
      }
    }
  }

  function merge(out, at, value, how) {
    const old = out[at];
    if (old !== old) out[at] = value;
    else if (how === "add") out[at] = old + value;
    else if (how === "max") out[at] = old > value ? old : value;
    else out[at] = old < value ? old : value;
  }

  /** Widen each row's windows by one cell a pass, and merge the rows of the disc that have that width. */
  function sweep(cells, side, apron, size, radius, how, out) {
    const wide = cells.slice();
    const rows = rowsByWidth(radius);
    for (let half = 1; half <= radius; half++) {
      PASS[how].widen(wide, cells, side, apron, size, half);
      for (const dy of rows.get(half) || []) {
        for (let y = 0; y < size; y++) PASS[how].mergeRow(wide, (y + apron + dy) * side + apron, out, y * size, size);
      }
    }
  }

  // Written out for each operator: an operator handed in would be called once a cell.
  const PASS = {
    add: {
      widen(wide, cells, side, apron, size, half) {
        for (let y = 0; y < side; y++) {
          for (let at = y * side + apron, end = at + size; at < end; at++) wide[at] += cells[at - half] + cells[at + half];
        }
      },
      mergeRow(wide, from, out, to, size) {
        for (let x = 0; x < size; x++) out[to + x] += wide[from + x];
      },
    },
    max: {
      widen(wide, cells, side, apron, size, half) {
        for (let y = 0; y < side; y++) {
          for (let at = y * side + apron, end = at + size; at < end; at++) wide[at] = Math.max(wide[at], cells[at - half], cells[at + half]);
        }
      },
      mergeRow(wide, from, out, to, size) {
        for (let x = 0; x < size; x++) out[to + x] = Math.max(out[to + x], wide[from + x]);
      },
    },
    min: {
      widen(wide, cells, side, apron, size, half) {
        for (let y = 0; y < side; y++) {
          for (let at = y * side + apron, end = at + size; at < end; at++) wide[at] = Math.min(wide[at], cells[at - half], cells[at + half]);
        }
      },
      mergeRow(wide, from, out, to, size) {
        for (let x = 0; x < size; x++) out[to + x] = Math.min(out[to + x], wide[from + x]);
      },
    },
  };

  const IDENTITY = { add: 0, max: -Infinity, min: Infinity };

  /** Passes over all cells: few operations a cell, whatever the radius. The quicker way while many are filled. */
  function dense(tile, plane, radius, how, out) {
    const { apron, size } = tile;
    const side = size + 2 * apron;
    const source = tile.values.subarray(plane * side * side, (plane + 1) * side * side);
    if (!tile.float) return sweep(new Uint32Array(source), side, apron, size, radius, how, out);
    const filled = new Uint32Array(source.length);
    const cells = new Float64Array(source);
    for (let i = 0; i < cells.length; i++) {
      if (cells[i] === cells[i]) filled[i] = 1;
      else cells[i] = IDENTITY[how];
    }
    const near = new Uint32Array(size * size);
    sweep(filled, side, apron, size, radius, "add", near);
    out.fill(IDENTITY[how]);
    sweep(cells, side, apron, size, radius, how, out);
    for (let i = 0; i < out.length; i++) if (near[i] === 0) out[i] = NaN;
    return undefined;
  }

  /** Which rows of the disc have which half width. */
  function rowsByWidth(radius) {
    const rows = new Map();
    for (let dy = -radius; dy <= radius; dy++) {
      const half = Math.min(radius, halfWidth(radius, dy));
      rows.set(half, [...(rows.get(half) || []), dy]);
    }
    return rows;
  }

  /** The share of filled cells above which passes over all cells are quicker than discs. */
  const DENSE = 0.08;

  function filledShare(tile, plane) {
    const length = tile.values.length / tile.planes;
    let filled = 0;
    for (let i = plane * length, end = i + length; i < end; i += 7) {
      const value = tile.values[i];
      if (value === value && (tile.float || value !== 0)) filled++;
    }
    return (filled * 7) / length;
  }

  /**
   * One plane of a tile, spread and without its apron.
   * @param {object} tile as decoded; not empty
   * @param {number} plane
   * @param {number} radius pixels, 0 to the apron
   * @param {"add"|"min"|"max"} how
   * @returns {TypedArray} size * size cells; empty is 0 for counts, NaN for floats
   */
  function spread(tile, plane, radius, how) {
    if (radius === 0) return crop(tile, plane);
    const cells = tile.size * tile.size;
    const out = tile.float ? new tile.values.constructor(cells).fill(NaN) : new Uint32Array(cells);
    if (filledShare(tile, plane) > DENSE) dense(tile, plane, radius, how, out);
    else scatter(tile, plane, radius, how, out);
    return out;
  }

  /** Sums over discs of one grid with its apron, cropped; of the values as they are where the radius is 0. */
  function spreadSums(values, size, apron, radius) {
    if (radius === 0) return crop({ values, size, apron }, 0);
    const out = new values.constructor(size * size);
    sweep(values, size + 2 * apron, apron, size, radius, "add", out);
    return out;
  }

  Object.assign(board, { spread, spreadSums, spreadOperator: operator });
})();
