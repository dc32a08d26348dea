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
   * Number a grid's distinct counts from 1, in order; 0 stays empty. Done once for a tile's part and spreading.
   * @param {TypedArray} cells whole numbers
   * @returns {{kind: "int", values: Float64Array, counts: Uint32Array, codes: TypedArray}} counts[i + 1] cells hold values[i]
   */
  function rank(cells) {
    const top = cells.BYTES_PER_ELEMENT < 4 ? 2 ** (8 * cells.BYTES_PER_ELEMENT) - 1 : greatest(cells);
    return top < DIRECT ? rankDirect(cells, top) : rankSorted(cells);
  }

  function greatest(cells) {
    let top = 0;
    for (let i = 0; i < cells.length; i++) if (cells[i] > top) top = cells[i];
    return top;
  }

  function rankDirect(cells, top) {
    const seen = new Uint32Array(top + 1);
    for (let i = 0; i < cells.length; i++) seen[cells[i]]++;
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
    const codes = distinct < 65535 ? new Uint16Array(cells.length) : new Uint32Array(cells.length);
    for (let i = 0; i < cells.length; i++) codes[i] = seen[cells[i]];
    return { kind: "int", values, counts, codes };
  }

  function rankSorted(cells) {
    const values = Float64Array.from(new Set(cells)).sort().filter((value) => value > 0);
    const code = new Map([[0, 0]]);
    values.forEach((value, i) => code.set(value, i + 1));
    const codes = new Uint32Array(cells.length);
    const counts = new Uint32Array(values.length + 1);
    for (let i = 0; i < cells.length; i++) counts[(codes[i] = code.get(cells[i]))]++;
    return { kind: "int", values, counts, codes };
  }

  /** Whether two parts of a tile are the same. */
  const same = (a, b) => a.x0 === b.x0 && a.x1 === b.x1 && a.y0 === b.y0 && a.y1 === b.y1;

  /** How many cells of a part of a tile hold each code; those of the grid's own are known already. */
  function countsIn(grid, part) {
    if (same(part, grid.area)) return grid.counts;
    const counts = new Uint32Array(grid.values.length + 1);
    tally(counts, grid, part);
    return counts;
  }

  /** Where a row of a part of a tile begins among a grid's cells. */
  const rowStart = (area, part, y) => (y - area.y0) * (area.x1 - area.x0) + part.x0 - area.x0;

  /** Add to counts how many cells of a part of a tile hold each code. */
  function tally(counts, { codes, area }, part) {
    for (let y = part.y0; y < part.y1; y++) {
      const start = rowStart(area, part, y);
      for (let at = start, end = start + part.x1 - part.x0; at < end; at++) counts[codes[at]]++;
    }
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
   * @param {{grid: object, part: {x0, x1, y0, y1}}[]} parts the visible part of each tile, within its grid; all of one kind
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
    let lists = parts.map(({ grid, part }) => ({ values: grid.values, counts: countsIn(grid, part).subarray(1) }));
    lists.push({ values: new Float64Array(0), counts: new Float64Array(0) });
    while (lists.length > 1) {
      const next = [];
      for (let i = 0; i < lists.length; i += 2) next.push(i + 1 < lists.length ? mergeCounts(lists[i], lists[i + 1]) : lists[i]);
      lists = next;
    }
    return { kind: "int", ...lists[0] };
  }

  function floatStats(parts) {
    const [low, high] = extremes(parts);
    if (!(low <= high)) return null;
    const width = (high - low) / BINS || 1;
    const found = { kind: "float", low, high, width };
    const bins = new Uint32Array(BINS + 1);
    for (const { grid, part } of parts) {
      [grid.codes, grid.binned] = [bin(grid.cells, found), found];
      tally(bins, grid, part);
    }
    const values = new Float64Array(BINS);
    const counts = new Float64Array(BINS);
    let n = 0;
    for (let i = 0; i < BINS; i++) {
      if (bins[i + 1] === 0) continue;
      values[n] = high > low ? low + (i + 0.5) * width : low;
      counts[n++] = bins[i + 1];
    }
    return Object.assign(found, { values: values.subarray(0, n), counts: counts.subarray(0, n) });
  }

  /** The least and the greatest visible value; nothing is between them where there is none. */
  function extremes(parts) {
    let [low, high] = [Infinity, -Infinity];
    for (const { grid, part } of parts) {
      const { cells, area } = grid;
      for (let y = part.y0; y < part.y1; y++) {
        const start = rowStart(area, part, y);
        for (let at = start, end = start + part.x1 - part.x0; at < end; at++) {
          const value = cells[at];
          if (value < low) low = value;
          if (value > high) high = value;
        }
      }
    }
    return [low, high];
  }

  /** Number a float tile's cells by the bins of the view, from 1; cells outside its range go to the end bins. */
  function bin(cells, stats) {
    const codes = new Uint32Array(cells.length);
    const { low, width } = stats;
    const scale = 1 / width;
    for (let i = 0; i < cells.length; i++) {
      const value = cells[i];
      if (value !== value) continue;
      const at = (value - low) * scale;
      codes[i] = 1 + (at < 0 ? 0 : at >= BINS ? BINS - 1 : at | 0);
    }
    return codes;
  }

  /** The centres of the view's bins, to be placed on the colour scale. */
  function binCentres({ low, width }) {
    const centres = new Float64Array(BINS);
    for (let i = 0; i < BINS; i++) centres[i] = low + (i + 0.5) * width;
    return centres;
  }

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
  const share = (stats, x) => shareAfter(stats, lastAtMost(stats.values, x), x);

  /** The share at x, where `at` is the index of the last value that is not above it. */
  function shareAfter({ kind, values, cdf }, at, x) {
    if (at < 0) return kind === "int" ? 0 : cdf[0];
    if (kind === "int" || at === values.length - 1) return cdf[at];
    return cdf[at] + ((cdf[at + 1] - cdf[at]) * (x - values[at])) / (values[at + 1] - values[at]);
  }

  /** The share at each of some ascending values, in one walk. */
  function shares(stats, ascending) {
    const out = new Float64Array(ascending.length);
    const { values } = stats;
    for (let i = 0, at = -1; i < out.length; i++) {
      while (at + 1 < values.length && values[at + 1] <= ascending[i]) at++;
      out[i] = shareAfter(stats, at, ascending[i]);
    }
    return out;
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

  function bent({ bend }, values, from) {
    const out = new Float64Array(values.length);
    for (let i = 0; i < out.length; i++) out[i] = bend(Math.max(values[i] - from, 0));
    return out;
  }

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
      this.bend = curve ? (values) => bent(curve, values, this.lo) : (values) => shares(stats, values);
      this.unbend = curve ? (y) => this.lo + curve.unbend(y) : (y) => quantile(stats, y);
      [this.start, this.end] = this.bend([this.lo, this.hi]);
    }

    /** @returns {number} 0 at the low end of the range, 1 at its high end; 1 throughout where both are one value */
    position(x) {
      return this.positions([x])[0];
    }

    /** @returns {Float64Array} the position of each of some ascending values */
    positions(values) {
      const out = this.bend(values);
      const span = this.end - this.start;
      for (let i = 0; i < out.length; i++) {
        if (span > 0) out[i] = Math.max(0, Math.min(1, (out[i] - this.start) / span));
        else out[i] = values[i] < this.lo ? 0 : 1;
      }
      return out;
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
