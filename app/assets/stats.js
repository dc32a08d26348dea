/**
 * Statistics over what is visible, and the scale that follows from them; `scale.js` says where values stand on it.
 * Percentiles are exact. Shares of the cells are those of `datashader.transfer_functions.eq_hist`: of counts value by value,
 * of floats by 65,536 bins. The counterpart of `find_scale` in `app/pipeline/scale.py`.
 */
(() => {
  "use strict";
  const board = (window.stageboard = window.stageboard || {});
  const DIRECT = 2 ** 20;
  /** Values beyond stand at the ends: differences divided by shares of the cells would overflow. */
  const LARGEST = 1e290;
  /** Bins of a range below would be too narrow for numbers. */
  const SMALLEST = 1e-290;
  /** As many values are sorted in no time. */
  const FEW = 4096;
  /** As many tell shares of a colour bar apart. */
  const SAMPLE = 16384;

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
    addCounts(counts, grid, part);
    return counts;
  }

  /** Where a row of a part of a tile begins among a grid's cells. */
  const rowStart = (area, part, y) => (y - area.y0) * (area.x1 - area.x0) + part.x0 - area.x0;

  /** Add to counts how many cells of a part of a tile hold each code. */
  function addCounts(counts, { codes, area }, part) {
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
   * Take stock of what is visible.
   * @param {{grid: object, part: {x0, x1, y0, y1}}[]} parts the visible part of each tile, within its grid; all of one kind
   * @param {number} area of the view, in cells
   * @returns {Counts|Floats|null} null where nothing is visible
   */
  function visibleStats(parts, area) {
    if (parts.length === 0) return null;
    const found = parts[0].grid.kind === "int" ? new Counts(parts, area) : new Floats(parts);
    return found.total ? found : null;
  }

  /** The place, in ascending order, of the least of some cells that has a share of them at or below it. */
  function rankOf(cells, percent) {
    // The product rounds; a share of a billionth of a cell is none.
    return Math.min(Math.max(Math.ceil((percent / 100) * cells - 1e-9) - 1, 0), cells - 1);
  }

  /** Counts that are visible, each with its cells. */
  class Counts {
    constructor(parts, area) {
      let lists = parts.map(({ grid, part }) => ({ values: grid.values, counts: countsIn(grid, part).subarray(1) }));
      lists.push({ values: new Float64Array(0), counts: new Float64Array(0) });
      while (lists.length > 1) {
        const next = [];
        for (let i = 0; i < lists.length; i += 2) next.push(i + 1 < lists.length ? mergeCounts(lists[i], lists[i + 1]) : lists[i]);
        lists = next;
      }
      const [{ values, counts }] = lists;
      this.values = values;
      this.below = cumulated(counts);
      this.total = this.below.at(-1) || 0;
      this.counts = counts;
      // Totals of categories turn to floats in Datashader where a cell is empty, and floats go through bins.
      this.binned = Boolean(parts[0].grid.mixed) && this.total < area;
    }

    percentile(percent) {
      return this.values[lastAtMost(this.below, rankOf(this.total, percent)) + 1];
    }

    /** Knots and shares of the cells between two of the values. */
    shares(low, high) {
      const [from, to] = [lastAtMost(this.values, low), lastAtMost(this.values, high) + 1];
      const [values, counts] = [this.values.subarray(from, to), this.counts.subarray(from, to)];
      if (this.binned || high - low >= board.BINS) return binShares(tally(values, counts, low, high), high - low);
      const below = cumulated(counts);
      return { knots: values.map((value) => value - low), shares: below.map((cells) => cells / below.at(-1)) };
    }
  }

  /** Floats that are visible and finite. */
  class Floats {
    constructor(parts) {
      const room = parts.reduce((sum, { part }) => sum + (part.x1 - part.x0) * (part.y1 - part.y0), 0);
      const cells = new Float64Array(room);
      let [n, low, high] = [0, Infinity, -Infinity];
      for (const { grid, part } of parts) {
        for (let y = part.y0; y < part.y1; y++) {
          const start = rowStart(grid.area, part, y);
          for (let at = start, end = start + part.x1 - part.x0; at < end; at++) {
            const value = grid.cells[at];
            if (value - value !== 0) continue; // neither empty nor infinite
            cells[n++] = value;
            if (value < low) low = value;
            if (value > high) high = value;
          }
        }
      }
      Object.assign(this, { cells: cells.subarray(0, n), total: n, low: Math.max(low, -LARGEST), high: Math.min(high, LARGEST) });
      if (low < this.low || high > this.high) this.cells = this.cells.map((value) => Math.max(this.low, Math.min(this.high, value)));
    }

    percentile(percent) {
      if (percent <= 0) return this.low;
      if (percent >= 100) return this.high;
      return nth(this.cells, rankOf(this.total, percent));
    }

    shares(low, high) {
      if (high - low >= SMALLEST) return { ...binShares(tally(this.cells, null, low, high), high - low), sample: () => this.sample(low, high) };
      const sorted = this.cells.filter((value) => value >= low && value <= high).sort();
      const distinct = Float64Array.from(new Set(sorted));
      const shares = distinct.map((value) => (lastAtMost(sorted, value) + 1) / sorted.length);
      return { knots: distinct.map((value) => value - low), shares };
    }

    /** Some of the values between two, ascending. */
    sample(low, high) {
      const step = Math.ceil(this.total / SAMPLE);
      const some = Float64Array.from({ length: Math.floor(this.total / step) }, (_, i) => this.cells[i * step]);
      return some.filter((value) => value >= low && value <= high).sort();
    }
  }

  /** Running sums. */
  function cumulated(counts) {
    const found = new Float64Array(counts.length);
    let sum = 0;
    for (let i = 0; i < counts.length; i++) found[i] = sum += counts[i];
    return found;
  }

  /**
   * How many cells lie in each of equal bins between two values; those beyond are in none. A quotient rounds: as in
   * `numpy.histogram`, edges decide.
   */
  function tally(values, counts, low, high) {
    const { BINS } = board;
    const found = new Float64Array(BINS);
    const [per, step] = [BINS / (high - low), (high - low) / BINS];
    for (let i = 0; i < values.length; i++) {
      const above = values[i] - low;
      if (!(above >= 0 && above <= high - low)) continue;
      let at = Math.min(Math.max(above * per, 0), BINS - 1) | 0;
      if (above < at * step && at > 0) at--;
      else if (at < BINS - 1 && above >= (at + 1) * step) at++;
      found[at] += counts ? counts[i] : 1;
    }
    return found;
  }

  /** The centres of the bins that hold something, and the share of the cells up to each. */
  function binShares(tallied, span) {
    const { BINS } = board;
    const step = span / BINS;
    const edge = (i) => (i < BINS ? i * step : span);
    const filled = tallied.reduce((sum, cells) => sum + (cells > 0), 0);
    const [knots, shares] = [new Float64Array(filled), new Float64Array(filled)];
    let [n, sum] = [0, 0];
    for (let bin = 0; bin < BINS; bin++) {
      if (tallied[bin] === 0) continue;
      knots[n] = (edge(bin) + edge(bin + 1)) / 2;
      shares[n++] = sum += tallied[bin];
    }
    for (let i = 0; i < n; i++) shares[i] /= sum;
    return { knots, shares };
  }

  /** The value of a rank, counted from 0, of some finite numbers in no order; of all only those of a bin are sorted. */
  function nth(values, rank) {
    if (values.length <= FEW) return values.slice().sort()[rank];
    let [low, high] = [Infinity, -Infinity];
    for (const value of values) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
    const per = FEW / (high - low);
    if (!(per > 0 && Number.isFinite(per))) return values.slice().sort()[rank];
    const bin = (value) => Math.min(FEW - 1, Math.floor((value - low) * per));
    const counts = new Uint32Array(FEW);
    for (const value of values) counts[bin(value)]++;
    let [at, left] = [0, rank];
    while (left >= counts[at]) left -= counts[at++];
    return nth(values.filter((value) => bin(value) === at), left);
  }

  /** Index of the last of some ascending values that is not above x; -1 where all are above. */
  function lastAtMost(values, x) {
    let [low, high] = [0, values.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (values[middle] <= x) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /**
   * The scale of what is visible.
   * @param {Counts|Floats} stats
   * @param {"eq_hist"|"log"|"cbrt"|"linear"} normalization
   * @param {[number, number]} range percentiles of the visible cells, 0 to 100
   * @returns {Scale}
   */
  function scaleOf(stats, normalization, range) {
    const [low, high] = range.map((percent) => stats.percentile(percent));
    const shares = normalization === "eq_hist" && low < high ? stats.shares(low, high) : {};
    return new board.Scale({ normalization, low, high, ...shares });
  }

  Object.assign(board, { rank, visibleStats, scaleOf, mergeCounts });
})();
