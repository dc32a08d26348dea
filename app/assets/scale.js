/**
 * Where values stand on the colour scale: the place, 0 to 1, and the level, a whole number, that the colour is looked up by.
 * The counterpart of `app/pipeline/scale.py`: the same arithmetic, so that both find the same level.
 */
(() => {
  "use strict";
  const board = (window.stageboard = window.stageboard || {});
  /** Levels are 1 to STEPS + 1; 0 is empty. */
  const STEPS = 65280;
  const BINS = 65536;

  const CURVES = {
    log: { bend: (x) => Math.log1p(x), unbend: (y) => Math.expm1(y) },
    cbrt: { bend: (x) => Math.cbrt(x), unbend: (y) => y ** 3 },
    linear: { bend: (x) => x, unbend: (y) => y },
  };

  /** Shares of the visible cells: what `numpy.interp` gives for knots and shares, each value's knots found by its bin. */
  class Shares {
    /**
     * @param {number} low from which knots are counted
     * @param {Float64Array|number[]} knots ascending
     * @param {Float64Array|number[]} shares of the cells that are not above each
     */
    constructor(low, knots, shares) {
      Object.assign(this, { low, knots, shares });
      const per = BINS / knots[knots.length - 1];
      // Bins too narrow for numbers, or one knot: all is searched from the first.
      this.per = Number.isFinite(per) ? per : 0;
      this.starts = new Uint32Array(BINS + 1);
      for (const knot of knots) this.starts[Math.min(BINS, Math.floor(knot * this.per) + 1)]++;
      for (let bin = 1; bin <= BINS; bin++) this.starts[bin] += this.starts[bin - 1];
      this.slopes = new Float64Array(knots.length);
      for (let i = 1; i < knots.length; i++) this.slopes[i] = (shares[i] - shares[i - 1]) / (knots[i] - knots[i - 1]);
    }

    /** How many knots are at or below a distance. */
    upTo(above) {
      const { knots, starts, per } = this;
      let after = starts[Math.min(BINS, Math.max(0, above * per)) | 0];
      while (after < knots.length && knots[after] <= above) after++;
      while (after > 0 && knots[after - 1] > above) after--;
      return after;
    }

    at(value) {
      const { knots, shares, slopes } = this;
      const above = value - this.low;
      const after = this.upTo(above);
      if (after === 0) return shares[0];
      // At a knot no slope counts: between the least of numbers it is infinite.
      if (after === knots.length || knots[after - 1] === above) return shares[after - 1];
      return slopes[after] * (above - knots[after - 1]) + shares[after - 1];
    }

    /** Levels of values; 0 for NaN. As `at` has it, written out. */
    grade(values, found) {
      const { low, per, starts, knots, shares, slopes } = this;
      const top = knots.length;
      const first = shares[0];
      const span = shares[top - 1] - first;
      for (let i = 0; i < found.length; i++) {
        const above = values[i] - low;
        if (above !== above) continue;
        let after = starts[Math.min(BINS, Math.max(0, above * per)) | 0];
        while (after < top && knots[after] <= above) after++;
        while (after > 0 && knots[after - 1] > above) after--;
        let share = shares[after === 0 ? 0 : after - 1];
        if (after > 0 && after < top && knots[after - 1] !== above) share = slopes[after] * (above - knots[after - 1]) + share;
        found[i] = 1 + ((((share - first) / span) * STEPS + 0.5) | 0);
      }
    }

    /** The least value with that share of the cells at or below it. */
    value(share) {
      let [low, high] = [0, this.knots.length - 1];
      while (low < high) {
        const middle = (low + high) >> 1;
        if (this.shares[middle] >= share - 1e-12) high = middle;
        else low = middle + 1;
      }
      return this.low + this.knots[low];
    }
  }

  class Scale {
    /**
     * @param {object} of
     * @param {"eq_hist"|"log"|"cbrt"|"linear"} of.normalization
     * @param {number} of.low the value of the least level; what is below has it, too
     * @param {number} of.high
     * @param {Float64Array|number[]} [of.knots] with eq_hist: distances from the low end, ascending
     * @param {Float64Array|number[]} [of.shares] of the visible cells that are not above each
     * @param {number[]|function(): Float64Array} [of.sample] some of the visible cells' values, ascending, or what returns
     *   them; none where their knots tell all apart
     */
    constructor({ normalization, low, high, knots, shares, sample }) {
      Object.assign(this, { normalization, lo: low, hi: high, flat: !(low < high), sample });
      const equal = normalization === "eq_hist" && !this.flat;
      this.shares = equal ? new Shares(low, knots, shares) : null;
      this.curve = equal ? { bend: (value) => this.shares.at(value), first: shares[0], last: shares[shares.length - 1] } : this.curveOf(normalization);
    }

    /** A curve of the distance from the low end, its argument a value of the scale. */
    curveOf(normalization) {
      const { lo, hi } = this;
      const { bend, unbend } = CURVES[normalization] || CURVES.linear;
      const within = (value) => (value < lo ? lo : value > hi ? hi : value);
      return { bend: (value) => bend(within(value) - lo), unbend: (bent) => lo + unbend(bent), first: 0, last: bend(hi - lo) };
    }

    /** @returns {number} 0 at the low end, 1 at the high one; where both are one value, 1 from there on */
    position(value) {
      if (this.flat) return value < this.lo ? 0 : 1;
      const { bend, first, last } = this.curve;
      return (bend(value) - first) / (last - first);
    }

    /** The value at a position: the inverse of `position`. */
    value(position) {
      if (position <= 0 || this.flat) return this.lo;
      if (position >= 1) return this.hi;
      const { unbend, first, last } = this.curve;
      const bent = first + position * (last - first);
      return Math.max(this.lo, Math.min(this.hi, unbend ? unbend(bent) : this.shares.value(bent)));
    }

    /** What the colour bar shows: the scale, or where its bins are too coarse for the data, how many cells have each colour. */
    get bar() {
      const sample = typeof this.sample === "function" ? this.sample() : this.sample;
      if (!this.shares || !sample?.length) return this;
      const bar = new Bar(this, sample);
      return bar.isNear() ? this : bar;
    }

    /** @returns {Uint16Array} the level nearest to each value's position; 0 for NaN */
    levels(values) {
      const found = new Uint16Array(values.length);
      if (this.flat) for (let i = 0; i < found.length; i++) found[i] = values[i] !== values[i] ? 0 : values[i] < this.lo ? 1 : STEPS + 1;
      else if (this.shares) this.shares.grade(values, found);
      else this.grade(values, found);
      return found;
    }

    /** Levels by a curve. Written out, since a function handed in would be called once a cell. */
    grade(values, found) {
      const { lo, hi, normalization } = this;
      const [log, cbrt] = [normalization === "log", normalization === "cbrt"];
      const { last } = this.curve;
      for (let i = 0; i < found.length; i++) {
        const value = values[i];
        if (value !== value) continue;
        const above = (value < lo ? lo : value > hi ? hi : value) - lo;
        const bent = log ? Math.log1p(above) : cbrt ? Math.cbrt(above) : above;
        found[i] = 1 + (((bent / last) * STEPS + 0.5) | 0);
      }
    }
  }

  /** A colour bar on which a value stands at the share of the visible cells between the ends that are not above it. */
  class Bar {
    /** @param {Scale} scale @param {ArrayLike<number>} sample */
    constructor(scale, sample) {
      const { lo, hi, normalization } = scale;
      Object.assign(this, { scale, lo, hi, sample, normalization });
      [this.first, this.last] = [this.upTo(lo), sample.length];
    }

    /** How many of the sample are at or below a value. */
    upTo(value) {
      let [low, high] = [0, this.sample.length];
      while (low < high) {
        const middle = (low + high) >> 1;
        if (this.sample[middle] <= value) low = middle + 1;
        else high = middle;
      }
      return low;
    }

    position(value) {
      if (value <= this.lo) return 0;
      return value >= this.hi ? 1 : Math.max(0, (this.upTo(value) - this.first) / (this.last - this.first));
    }

    value(position) {
      if (position <= 0) return this.lo;
      if (position >= 1) return this.hi;
      return this.sample[Math.max(0, Math.ceil(this.first + position * (this.last - this.first) - 1e-9) - 1)];
    }

    /** Whether all values stand where the scale has them, as near as a bar can show. */
    isNear() {
      if (this.first >= this.last) return true;
      return Array.from({ length: 33 }, (_, i) => this.value(i / 32)).every((value) => Math.abs(this.position(value) - this.scale.position(value)) < 0.01);
    }

    /** The colours along the bar, as the picture has them. @returns {string} CSS */
    gradient(palette) {
      const values = Array.from({ length: 65 }, (_, i) => this.value(i / 64));
      const words = board.levelColours(palette, this.scale.levels(values)).subarray(1);
      return `linear-gradient(90deg, ${Array.from(words, (word) => `rgb(${word & 255},${(word >> 8) & 255},${(word >> 16) & 255})`).join(", ")})`;
    }
  }

  Object.assign(board, { Scale, STEPS, BINS });
})();
