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
      const { knots, shares } = this;
      const above = value - this.low;
      const after = this.upTo(above);
      if (after === 0) return shares[0];
      // At a knot no slope counts: between the least of numbers it is infinite.
      if (after === knots.length || knots[after - 1] === above) return shares[after - 1];
      const slope = (shares[after] - shares[after - 1]) / (knots[after] - knots[after - 1]);
      return slope * (above - knots[after - 1]) + shares[after - 1];
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
     * @param {ArrayLike<number>} [of.sample] of the visible cells' values, ascending; where bins may tell too few of them apart
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
      if (!this.shares || !this.sample?.length) return this;
      const bar = new Bar(this);
      return bar.isNear() ? this : bar;
    }

    /** @returns {Uint16Array} the level nearest to each value's position; 0 for NaN */
    levels(values) {
      const found = new Uint16Array(values.length);
      const { flat, lo } = this;
      const { bend, first, last } = this.curve;
      const span = last - first;
      for (let i = 0; i < found.length; i++) {
        const value = values[i];
        if (value !== value) continue;
        const at = flat ? (value < lo ? 0 : 1) : (bend(value) - first) / span;
        found[i] = Math.floor(at * STEPS + 0.5) + 1;
      }
      return found;
    }
  }

  /** A colour bar on which a value stands at the share of the visible cells between the ends that are not above it. */
  class Bar {
    /** @param {Scale} scale */
    constructor(scale) {
      const { lo, hi, sample, normalization } = scale;
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
