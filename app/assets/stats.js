/**
 * Statistics over what is visible, and the normalisations of Datashader that follow from them.
 * Counts are exact, value by value; floats go through 65,536 bins, as in `datashader.transfer_functions.eq_hist`.
 */
(() => {
  "use strict";
  const board = (window.stageboard = window.stageboard || {});
  const BINS = 65536;
  const DIRECT = 2 ** 20;

  /**
   * Number a grid's distinct counts from 1, in order; 0 stays empty. Done once for a tile and spreading.
   * @param {TypedArray} cells whole numbers, row by row
   * @param {number} size rows and columns that are numbered
   * @param {number} apron cells around them that are not
   * @returns {{kind: "int", values: Float64Array, counts: Uint32Array, codes: TypedArray}} counts[i + 1] cells hold values[i]
   */
  function rank(cells, size, apron = 0) {
    const side = size + 2 * apron;
    const top = cells.BYTES_PER_ELEMENT < 4 ? 2 ** (8 * cells.BYTES_PER_ELEMENT) - 1 : greatest(cells);
    return top < DIRECT ? rankDirect(cells, top, size, apron, side) : rankSorted(cells, size, apron, side);
  }

  function greatest(cells) {
    let top = 0;
    for (let i = 0; i < cells.length; i++) if (cells[i] > top) top = cells[i];
    return top;
  }

  function rankDirect(cells, top, size, apron, side) {
    const seen = new Uint32Array(top + 1);
    for (let y = 0; y < size; y++) {
      for (let at = (y + apron) * side + apron, end = at + size; at < end; at++) seen[cells[at]]++;
    }
    let distinct = 0;
    for (let value = 1; value <= top; value++) if (seen[value]) distinct++;
    const values = new Float64Array(distinct);
    const counts = new Uint32Array(distinct + 1);
    counts[0] = seen[0];
    for (let value = 1, code = 0; value <= top; value++) {
      if (!seen[value]) continue;
      values[code++] = value;
      counts[code] = seen[value];
      seen[value] = code;
    }
    seen[0] = 0;
    const codes = distinct < 65535 ? new Uint16Array(size * size) : new Uint32Array(size * size);
    for (let y = 0, to = 0; y < size; y++) {
      for (let at = (y + apron) * side + apron, end = at + size; at < end; at++) codes[to++] = seen[cells[at]];
    }
    return { kind: "int", values, counts, codes };
  }

  function rankSorted(cells, size, apron, side) {
    const values = Float64Array.from(new Set(cells)).sort().filter((value) => value > 0);
    const code = new Map([[0, 0]]);
    values.forEach((value, i) => code.set(value, i + 1));
    const codes = new Uint32Array(size * size);
    const counts = new Uint32Array(values.length + 1);
    for (let y = 0, to = 0; y < size; y++) {
      for (let at = (y + apron) * side + apron, end = at + size; at < end; at++) counts[(codes[to++] = code.get(cells[at]))]++;
    }
    return { kind: "int", values, counts, codes };
  }

  /** How many cells of a part of a tile hold each code; the whole tile's are known already. */
  function countsIn(grid, size, part) {
    if (part.x0 === 0 && part.y0 === 0 && part.x1 === size && part.y1 === size) return grid.counts;
    const counts = new Uint32Array(grid.values.length + 1);
    for (let y = part.y0; y < part.y1; y++) {
      for (let at = y * size + part.x0, end = y * size + part.x1; at < end; at++) counts[grid.codes[at]]++;
    }
    return counts;
  }

  /** Merge two ascending lists of values with their counts. */
  function mergeCounts(a, b) {
    const values = new Float64Array(a.values.length + b.values.length);
    const counts = new Float64Array(values.length);
    let [i, j, n] = [0, 0, 0];
    while (i < a.values.length || j < b.values.length) {
      const left = i < a.values.length ? a.values[i] : Infinity;
      const right = j < b.values.length ? b.values[j] : Infinity;
      const value = left < right ? left : right;
      let count = 0;
      if (left === value) count += a.counts[i++];
      if (right === value) count += b.counts[j++];
      if (count === 0) continue;
      values[n] = value;
      counts[n++] = count;
    }
    return { values: values.subarray(0, n), counts: counts.subarray(0, n) };
  }

  /**
   * Count what is visible.
   * @param {{grid: object, size: number, part: {x0, x1, y0, y1}}[]} parts the visible part of each tile, all of one kind
   * @returns {{kind: string, values: Float64Array, counts: Float64Array, total: number, low: number, width: number}|null}
   *   null where nothing is visible
   */
  function visibleStats(parts) {
    if (parts.length === 0) return null;
    const found = parts[0].grid.kind === "int" ? intStats(parts) : floatStats(parts);
    if (!found || found.values.length === 0) return null;
    found.cdf = new Float64Array(found.values.length);
    let sum = 0;
    for (let i = 0; i < found.counts.length; i++) found.cdf[i] = sum += found.counts[i];
    for (let i = 0; i < found.cdf.length; i++) found.cdf[i] /= sum;
    return Object.assign(found, { total: sum });
  }

  function intStats(parts) {
    let lists = parts.map(({ grid, size, part }) => ({ values: grid.values, counts: countsIn(grid, size, part).subarray(1) }));
    lists.push({ values: new Float64Array(0), counts: new Float64Array(0) });
    while (lists.length > 1) {
      const next = [];
      for (let i = 0; i < lists.length; i += 2) next.push(i + 1 < lists.length ? mergeCounts(lists[i], lists[i + 1]) : lists[i]);
      lists = next;
    }
    return { kind: "int", ...lists[0] };
  }

  function floatStats(parts) {
    let [low, high] = [Infinity, -Infinity];
    eachVisible(parts, (cells, at, end) => {
      for (; at < end; at++) {
        const value = cells[at];
        if (value < low) low = value;
        if (value > high) high = value;
      }
    });
    if (!(low <= high)) return null;
    const width = (high - low) / BINS || 1;
    const bins = new Uint32Array(BINS);
    eachVisible(parts, (cells, at, end) => {
      for (; at < end; at++) {
        const value = cells[at];
        if (value === value) bins[Math.min(BINS - 1, Math.floor((value - low) / width))]++;
      }
    });
    const filled = [];
    for (let i = 0; i < BINS; i++) if (bins[i]) filled.push(i);
    const values = Float64Array.from(filled, (i) => (high > low ? low + (i + 0.5) * width : low));
    return { kind: "float", values, counts: Float64Array.from(filled, (i) => bins[i]), low, high, width };
  }

  function eachVisible(parts, visit) {
    for (const { grid, size, part } of parts) {
      for (let y = part.y0; y < part.y1; y++) visit(grid.cells, y * size + part.x0, y * size + part.x1);
    }
  }

  /** Number a float tile's cells by the bins of the view, from 1; cells outside its range go to the end bins. */
  function bin(cells, stats) {
    const codes = new Uint32Array(cells.length);
    const { low, width } = stats;
    for (let i = 0; i < cells.length; i++) {
      const value = cells[i];
      if (value !== value) continue;
      const at = Math.floor((value - low) / width);
      codes[i] = 1 + (at < 0 ? 0 : at >= BINS ? BINS - 1 : at);
    }
    return codes;
  }

  /** The centres of the view's bins, to be placed on the colour scale. */
  const binCentres = (stats) => Float64Array.from({ length: BINS }, (_, i) => stats.low + (i + 0.5) * stats.width);

  /** Index of the last value that is not above x; -1 where all are above. */
  function lastAtMost(values, x) {
    let [low, high] = [0, values.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (values[middle] <= x) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** The share of visible cells at or below x: steps for counts, interpolated between bins for floats. */
  function share(stats, x) {
    const { values, cdf } = stats;
    const at = lastAtMost(values, x);
    if (at < 0) return stats.kind === "int" ? 0 : cdf[0];
    if (stats.kind === "int" || at === values.length - 1) return cdf[at];
    return cdf[at] + ((cdf[at + 1] - cdf[at]) * (x - values[at])) / (values[at + 1] - values[at]);
  }

  /** The least visible value with that share of the cells at or below it. */
  function quantile(stats, wanted) {
    const { values, cdf } = stats;
    let [low, high] = [0, values.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (cdf[middle] >= wanted - 1e-12) high = middle;
      else low = middle + 1;
    }
    return values[low];
  }

  const CURVES = {
    log: { bend: (x) => Math.log1p(x), unbend: (y) => Math.expm1(y) },
    cbrt: { bend: (x) => Math.cbrt(x), unbend: (y) => y ** 3 },
    linear: { bend: (x) => x, unbend: (y) => y },
  };

  /** Where values stand on the colour scale, 0 to 1, and which value stands where. */
  class Scale {
    /**
     * @param {object} stats as `visibleStats` gives it
     * @param {"eq_hist"|"log"|"cbrt"|"linear"} normalization
     * @param {[number, number]} range percentiles of the visible cells, 0 to 100
     */
    constructor(stats, normalization, range) {
      this.stats = stats;
      this.normalization = normalization;
      const [first, last] = stats.kind === "int" ? [stats.values[0], stats.values.at(-1)] : [stats.low, stats.high];
      this.min = first;
      this.max = last;
      this.lo = range[0] <= 0 ? first : quantile(stats, range[0] / 100);
      this.hi = range[1] >= 100 ? last : quantile(stats, range[1] / 100);
      const curve = CURVES[normalization];
      this.bend = curve ? (x) => curve.bend(Math.max(x - this.lo, 0)) : (x) => share(stats, x);
      this.unbend = curve ? (y) => this.lo + curve.unbend(y) : (y) => quantile(stats, y);
      [this.start, this.end] = [this.bend(this.lo), this.bend(this.hi)];
    }

    /** @returns {number} 0 at the low end of the range, 1 at its high end; 1 throughout where both are one value */
    position(x) {
      const span = this.end - this.start;
      if (!(span > 0)) return x < this.lo ? 0 : 1;
      return Math.max(0, Math.min(1, (this.bend(x) - this.start) / span));
    }

    /** @returns {Float64Array} the position of each value */
    positions(values) {
      return Float64Array.from(values, (x) => this.position(x));
    }

    /** The value at a position: the inverse of `position`. */
    value(position) {
      if (position <= 0) return this.lo;
      if (position >= 1) return this.hi;
      return this.unbend(this.start + position * (this.end - this.start));
    }
  }

  Object.assign(board, { rank, visibleStats, bin, binCentres, mergeCounts, Scale });
})();
