/**
 * Previews: what a tile that is not here yet must look like, made of the tiles of other zooms that the page holds.
 *
 * A preview is a tile as any other, so shading knows nothing of previews. Finer tiles are merged: counts are then the true
 * ones. A coarser one is enlarged by sharing each cell's count or sum out over its part of the tile, point by point: as many
 * cells are filled as in the exact picture, with values such as it has, so that colours and brightness do not jump when it
 * comes. Each cell's numbers choose the places, the same ones every time: tiles join, and a picture stands still.
 */
(() => {
  "use strict";
  const board = (window.stageboard = window.stageboard || {});
  const UP = 6; // zooms: further up, a cell covers 128 pixels
  const DOWN = 2; // zooms: further down, 64 tiles would be read for one
  const APRON = 5;
  const REACH = 4; // cells to each side that tell how densely a float's surroundings are filled
  const QUARTERS = [[0, 0], [1, 0], [0, 1], [1, 1]];
  const MERGE = { count: "add", by: "add", sum: "add", min: "min", max: "max" };

  /**
   * A preview of a tile.
   * @param {function({x, y, z}): object|undefined} held a tile that the page holds; changes nothing
   * @param {{x: number, y: number, z: number}} at
   * @param {string} aggregate
   * @returns {object|null} a tile; null where nothing is held that lies on it
   */
  function previewOf(held, at, aggregate) {
    const how = MERGE[aggregate] || "mean";
    const { found, whole } = finer(held, at, { x: 0, y: 0, side: board.TILE }, DOWN);
    const under = whole ? null : coarser(held, at);
    const kind = [under?.tile, ...found.map(({ tile }) => tile)].find((tile) => tile && !tile.empty);
    if (!kind) return under || found.length ? { empty: true } : null;
    const made = blank(kind);
    if (under && !under.tile.empty) enlarge(made, under, at, how);
    for (const one of found) merge(made, one, how);
    return made;
  }

  function blank({ float, planes, size }) {
    const cells = planes * (size + 2 * APRON) ** 2;
    return { values: float ? new Float32Array(cells).fill(NaN) : new Uint32Array(cells), apron: APRON, size, planes, float };
  }

  /** The finer tiles that lie on a place of a tile, and whether they cover it. */
  function finer(held, at, place, down) {
    const found = [];
    let whole = true;
    const side = place.side / 2;
    for (const [right, below] of QUARTERS) {
      const from = { x: 2 * at.x + right, y: 2 * at.y + below, z: at.z + 1 };
      const spot = { x: place.x + right * side, y: place.y + below * side, side };
      const tile = held(from);
      const deeper = !tile && down > 1 ? finer(held, from, spot, down - 1) : { found: [], whole: Boolean(tile) };
      found.push(...(tile ? [{ tile, ...spot }] : deeper.found));
      whole = whole && deeper.whole;
    }
    return { found, whole };
  }

  /** The nearest coarser tile. */
  function coarser(held, { x, y, z }) {
    for (let up = 1; up <= UP && up < z; up++) {
      const tile = held({ x: x >> up, y: y >> up, z: z - up });
      if (tile) return { tile, up };
    }
    return null;
  }

  /** Put a finer tile into its place; at the outer edges as far as its own apron reaches. */
  function merge(made, { tile, x, y, side }, how) {
    const wide = made.size + 2 * APRON;
    const outer = (at) => [at === 0 ? -APRON : at, at + side === made.size ? made.size + APRON : at + side];
    const [[left, right], [top, bottom]] = [outer(x), outer(y)];
    for (let plane = 0; plane < made.planes; plane++) {
      for (let row = top; row < bottom; row++) {
        const from = plane * wide * wide + (row + APRON) * wide + APRON;
        made.values.fill(made.float ? NaN : 0, from + left, from + right);
      }
      if (!tile.empty) pour(made, tile, plane, { x, y, left, right, top, bottom, shift: Math.log2(made.size / side), how });
    }
  }

  function pour(made, tile, plane, { x, y, left, right, top, bottom, shift, how }) {
    const [side, wide] = [tile.size + 2 * tile.apron, made.size + 2 * APRON];
    const range = (low, high, at) => [Math.max(-tile.apron, (low - at) << shift), Math.min(tile.size + tile.apron, (high - at) << shift)];
    const [[x0, x1], [y0, y1]] = [range(left, right, x), range(top, bottom, y)];
    const sizes = how === "mean" ? new Uint16Array(wide * wide) : null;
    const { values, float } = made;
    const start = plane * wide * wide;
    for (let v = y0; v < y1; v++) {
      const row = plane * side * side + (v + tile.apron) * side + tile.apron;
      const to = (y + (v >> shift) + APRON) * wide + x + APRON;
      for (let u = x0; u < x1; u++) {
        const value = tile.values[row + u];
        if (float ? value !== value : value === 0) continue;
        const at = start + to + (u >> shift);
        const old = values[at];
        if (old !== old) values[at] = value;
        else if (how === "min") values[at] = value < old ? value : old;
        else if (how === "max") values[at] = value > old ? value : old;
        else values[at] = old + value;
        if (sizes) sizes[at - start]++;
      }
    }
    if (sizes) for (let at = 0; at < sizes.length; at++) if (sizes[at]) values[start + at] /= sizes[at];
  }

  /** Share out the cells of a coarser tile that lie under a tile. */
  function enlarge(made, { tile, up }, at, how) {
    const part = tile.size >> up;
    const corner = (place) => (place & (2 ** up - 1)) * part;
    const edge = Math.ceil(APRON / 2 ** up);
    const [left, top] = [corner(at.x), corner(at.y)];
    const side = tile.size + 2 * tile.apron;
    const crowd = tile.float ? crowding(tile, left - edge, top - edge, part + 2 * edge, 4 ** up) : null;
    for (let plane = 0; plane < tile.planes; plane++) {
      for (let v = -edge; v < part + edge; v++) {
        const row = plane * side * side + (top + v + tile.apron) * side + left + tile.apron;
        for (let u = -edge; u < part + edge; u++) {
          const value = tile.values[row + u];
          if (tile.float ? value !== value : value === 0) continue;
          const seed = scramble(at.x * part + u, at.y * part + v, plane);
          if (tile.float) sow(made, plane, u << up, v << up, up, value, seed, crowd[(v + edge) * (part + 2 * edge) + u + edge], how);
          else scatter(made, plane, u << up, v << up, up, value, seed);
        }
      }
    }
  }

  /** A number that looks random; never 0. */
  function scramble(x, y, plane) {
    let seed = Math.imul(x + 0x7f4a7c15, 0x85ebca6b) ^ Math.imul(y + 0x1b873593, 0xc2b2ae35) ^ Math.imul(plane + 1, 0x27d4eb2f);
    seed = Math.imul(seed ^ (seed >>> 15), 0x2c1b3c6d);
    return (seed ^ (seed >>> 13)) | 1;
  }

  /** Drop a count's points into the cells of a square, each anywhere; of many, most evenly. */
  function scatter(made, plane, x, y, up, count, seed) {
    const wide = made.size + 2 * APRON;
    const [n, bits, { values }] = [4 ** up, 32 - 2 * up, made];
    const each = count > 4 * n ? Math.floor(count / n) - 2 : 0;
    const [low, high] = [-APRON, made.size + APRON];
    const start = plane * wide * wide + APRON * wide + APRON;
    if (each) {
      for (let i = 0; i < n; i++) {
        const [cx, cy] = [x + (i & (2 ** up - 1)), y + (i >> up)];
        if (cx >= low && cx < high && cy >= low && cy < high) values[start + cy * wide + cx] += each;
      }
    }
    for (let left = count - each * n; left > 0; left--) {
      seed ^= seed << 13;
      seed ^= seed >>> 17;
      seed ^= seed << 5;
      const pick = seed >>> bits;
      const [cx, cy] = [x + (pick & (2 ** up - 1)), y + (pick >> up)];
      if (cx >= low && cx < high && cy >= low && cy < high) values[start + cy * wide + cx]++;
    }
  }

  /** Put a value, or its part of a sum, into as many cells of a square as are likely to be filled. */
  function sow(made, plane, x, y, up, value, seed, likely, how) {
    const wide = made.size + 2 * APRON;
    const n = 4 ** up;
    const cells = Math.min(n, Math.max(1, Math.floor(likely + (seed >>> 8) / 2 ** 24)));
    const put = how === "add" ? value / cells : value;
    const stride = (seed >>> 4) | 1;
    for (let i = 0; i < cells; i++) {
      const pick = ((seed >>> 3) + Math.imul(i, stride)) & (n - 1);
      const [cx, cy] = [x + (pick & (2 ** up - 1)), y + (pick >> up)];
      const inside = cx >= -APRON && cx < made.size + APRON && cy >= -APRON && cy < made.size + APRON;
      if (inside) made.values[plane * wide * wide + (cy + APRON) * wide + cx + APRON] = put;
    }
  }

  /**
   * How many of a cell's n finer cells are filled where it is, judged by the filling around it: points that fall anywhere
   * leave exp(-density) of the cells empty, so the empty ones give the density.
   */
  function crowding(tile, left, top, wide, n) {
    const sums = filledSums(tile);
    const side = tile.size + 2 * tile.apron;
    const likely = new Float32Array(wide * wide);
    const clip = (at) => Math.max(0, Math.min(side, at));
    for (let v = 0; v < wide; v++) {
      const [y0, y1] = [clip(top + v + tile.apron - REACH), clip(top + v + tile.apron + REACH + 1)];
      for (let u = 0; u < wide; u++) {
        const [x0, x1] = [clip(left + u + tile.apron - REACH), clip(left + u + tile.apron + REACH + 1)];
        const at = (x, y) => sums[y * (side + 1) + x];
        const filled = (at(x1, y1) - at(x0, y1) - at(x1, y0) + at(x0, y0)) / ((x1 - x0) * (y1 - y0));
        likely[v * wide + u] = filled < 1 ? (n * (1 - (1 - filled) ** (1 / n))) / filled : n;
      }
    }
    return likely;
  }

  /** Sums of filled cells over all rectangles from the corner; kept beside the tile. */
  function filledSums(tile) {
    if (tile.filledSums) return tile.filledSums;
    const side = tile.size + 2 * tile.apron;
    const sums = new Uint32Array((side + 1) ** 2);
    for (let y = 0; y < side; y++) {
      for (let x = 0, row = 0; x < side; x++) {
        const value = tile.values[y * side + x];
        if (value === value) row++;
        sums[(y + 1) * (side + 1) + x + 1] = sums[y * (side + 1) + x + 1] + row;
      }
    }
    return (tile.filledSums = sums);
  }

  Object.assign(board, { previewOf });
})();
