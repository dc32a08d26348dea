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

  /** All cells of a tile but its apron, as a part of it: columns and rows, half-open; beyond the world's edge, those in reach. */
  const whole = ({ size, reach }) => reach || { x0: 0, x1: size, y0: 0, y1: size };

  /**
   * Cells of a part of a tile's plane, with those around it.
   * @returns {{values: TypedArray, width: number, height: number, margin: number}} row by row; with the margin on all sides
   */
  function cut(tile, plane, { x0, x1, y0, y1 }, margin) {
    const { values, apron, size } = tile;
    const side = size + 2 * apron;
    const [width, height] = [x1 - x0 + 2 * margin, y1 - y0 + 2 * margin];
    const out = new values.constructor(width * height);
    const start = plane * side * side + (y0 + apron - margin) * side + x0 + apron - margin;
    for (let y = 0; y < height; y++) out.set(values.subarray(start + y * side, start + y * side + width), y * width);
    return { values: out, width: x1 - x0, height: y1 - y0, margin };
  }

  /** Filled cells only: each adds itself to its disc. The quicker way while few cells are filled. */
  function scatter({ values, width, height, margin }, float, how, out) {
    const reach = Array.from({ length: 2 * margin + 1 }, (_, i) => halfWidth(margin, i - margin));
    for (let y = 0, from = 0; y < height + 2 * margin; y++) {
      for (let x = 0; x < width + 2 * margin; x++) {
        const value = values[from++];
        if (!(value !== 0 || float) || value !== value) continue;
        for (let dy = -margin; dy <= margin; dy++) {
          const row = y + dy - margin;
          if (row < 0 || row >= height) continue;
          const half = reach[dy + margin];
          const last = Math.min(width - 1, x - margin + half);
          for (let at = Math.max(0, x - margin - half); at <= last; at++) merge(out, row * width + at, value, how);
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
  function sweep({ values, width, height, margin }, how, out) {
    const side = width + 2 * margin;
    const wide = values.slice();
    const rows = rowsByWidth(margin);
    for (let half = 1; half <= margin; half++) {
      PASS[how].widen(wide, values, side, width, margin, half);
      for (const dy of rows.get(half) || []) {
        for (let y = 0; y < height; y++) PASS[how].mergeRow(wide, (y + margin + dy) * side + margin, out, y * width, width);
      }
    }
  }

  // Written out for each operator: an operator handed in would be called once a cell.
  const PASS = {
    add: {
      widen(wide, cells, side, width, margin, half) {
        for (let row = margin; row < cells.length; row += side) {
          for (let at = row, end = row + width; at < end; at++) wide[at] += cells[at - half] + cells[at + half];
        }
      },
      mergeRow(wide, from, out, to, width) {
        for (let x = 0; x < width; x++) out[to + x] += wide[from + x];
      },
    },
    max: {
      widen(wide, cells, side, width, margin, half) {
        for (let row = margin; row < cells.length; row += side) {
          for (let at = row, end = row + width; at < end; at++) wide[at] = Math.max(wide[at], cells[at - half], cells[at + half]);
        }
      },
      mergeRow(wide, from, out, to, width) {
        for (let x = 0; x < width; x++) out[to + x] = Math.max(out[to + x], wide[from + x]);
      },
    },
    min: {
      widen(wide, cells, side, width, margin, half) {
        for (let row = margin; row < cells.length; row += side) {
          for (let at = row, end = row + width; at < end; at++) wide[at] = Math.min(wide[at], cells[at - half], cells[at + half]);
        }
      },
      mergeRow(wide, from, out, to, width) {
        for (let x = 0; x < width; x++) out[to + x] = Math.min(out[to + x], wide[from + x]);
      },
    },
  };

  const IDENTITY = { add: 0, max: -Infinity, min: Infinity };

  /** Passes over all cells: few operations a cell, whatever the radius. The quicker way while many are filled. */
  function dense(piece, float, how, out) {
    const { values } = piece;
    if (!float) return sweep({ ...piece, values: new Uint32Array(values) }, how, out);
    const filled = new Uint32Array(values.length);
    const cells = new Float64Array(values);
    for (let i = 0; i < cells.length; i++) {
      if (cells[i] === cells[i]) filled[i] = 1;
      else cells[i] = IDENTITY[how];
    }
    const near = new Uint32Array(out.length);
    sweep({ ...piece, values: filled }, "add", near);
    out.fill(IDENTITY[how]);
    sweep({ ...piece, values: cells }, how, out);
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

  function filledShare(values, float) {
    let filled = 0;
    for (let i = 0; i < values.length; i += 7) {
      const value = values[i];
      if (value === value && (float || value !== 0)) filled++;
    }
    return (filled * 7) / values.length;
  }

  /** Whether passes over all cells are the quicker way; infinities of both signs would leave nothing of their sums. */
  const suitsPasses = (values, float) => filledShare(values, float) > DENSE && !(float && values.some((value) => Math.abs(value) === Infinity));

  /**
   * A part of a plane of a tile, spread.
   * @param {object} tile as decoded; not empty
   * @param {number} plane
   * @param {number} radius pixels, 0 to the apron
   * @param {"add"|"min"|"max"} how
   * @param {{x0, x1, y0, y1}} [part] columns and rows, half-open; all but the apron where not given
   * @returns {TypedArray} the part's cells, row by row; empty is 0 for counts, NaN for floats
   */
  function spread(tile, plane, radius, how, part = whole(tile)) {
    const piece = cut(tile, plane, part, radius);
    if (radius === 0) return piece.values;
    const cells = piece.width * piece.height;
    // Sums of many float32 would lose digits in float32.
    const out = tile.float ? new Float64Array(cells).fill(NaN) : new Uint32Array(cells);
    if (suitsPasses(piece.values, tile.float)) dense(piece, tile.float, how, out);
    else scatter(piece, tile.float, how, out);
    return out;
  }

  /** Sums over discs, of cells with their margin; the cells as they are where there is none. */
  function spreadSums(piece) {
    if (piece.margin === 0) return piece.values;
    const out = new piece.values.constructor(piece.width * piece.height);
    sweep(piece, "add", out);
    return out;
  }

  Object.assign(board, { whole, spread, spreadSums, spreadOperator: operator });
})();
