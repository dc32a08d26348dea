/**
 * From an aggregate tile to pixels, stage by stage: spread, stats, index, encode, each timed and none run twice.
 * One table serves all tiles of a view, so their seams cannot show.
 */
(() => {
  "use strict";
  const board = (window.stageboard = window.stageboard || {});

  const GREY = [128, 128, 128];

  /** Which spreading keeps lone points visible, by the share of visible cells that are filled. */
  const SPARSE = [[0.004, 0], [0.001, 1], [0.0002, 2], [0, 3]];

  /** Whether a part of a tile holds another. */
  const holds = (area, part) => area.x0 <= part.x0 && area.x1 >= part.x1 && area.y0 <= part.y0 && area.y1 >= part.y1;

  /**
   * The numbers of a part of a tile at a spreading, or of more of it; kept beside the tile. A view's first look takes the
   * visible part, so that it is shown before time goes into what nobody sees yet.
   * @returns {{kind: string, area: object, values?: Float64Array, counts?: Uint32Array, codes?: TypedArray, cells?: TypedArray, mixed?: Uint32Array}}
   */
  function gridOf(tile, { radius, aggregate, colours, front = -1 }, part = board.whole(tile)) {
    const key = `${radius} ${aggregate} ${front}`;
    const kept = tile.grid && tile.grid.key === key;
    if (kept && holds(tile.grid.area, part)) return tile.grid;
    const area = kept ? board.whole(tile) : part;
    tile.grid = { ...numbers(tile, radius, board.spreadOperator(aggregate), aggregate === "by" ? colours : null, front, area), key, area };
    return tile.grid;
  }

  function numbers(tile, radius, how, colours, front, area) {
    if (colours) return byCategory(tile, radius, colours, front, area);
    const cells = board.spread(tile, 0, radius, how, area);
    return tile.float ? { kind: "float", cells } : board.rank(cells);
  }

  /**
   * Totals, and each cell's colour: the mean of the categories' colours, weighted by their counts. Sums of counts and of
   * weighted colours spread as the counts themselves do, so four grids are spread however many categories there are.
   * Cells of the category that is brought out have its colour alone, and are opaque.
   */
  function byCategory(tile, radius, colours, front, { x0, x1, y0, y1 }) {
    const side = tile.size + 2 * tile.apron;
    const [width, height] = [x1 - x0, y1 - y0];
    const [across, down] = [width + 2 * radius, height + 2 * radius];
    const sums = [new Uint32Array(across * down), ...Array.from({ length: 3 }, () => new Float64Array(across * down))];
    // Row by row, so that the sums of a row stay in the processor's nearest cache while the planes go by.
    for (let row = 0; row < down; row++) {
      const from = (y0 + tile.apron - radius + row) * side + x0 + tile.apron - radius;
      for (let plane = 0; plane < tile.planes; plane++) addRow(sums, row * across, across, tile.values, plane * side * side + from, colours[plane] || GREY);
    }
    const [total, r, g, b] = sums.map((values) => board.spreadSums({ values, width, height, margin: radius }));
    const mixed = new Uint32Array(total.length);
    for (let at = 0; at < mixed.length; at++) {
      // Exact sums, divided in the float32 of Datashader and of the server.
      const sum = Math.fround(total[at]);
      const part = (of) => Math.floor(Math.fround(Math.fround(of) / sum));
      if (sum) mixed[at] = (part(b[at]) << 16) | (part(g[at]) << 8) | part(r[at]);
    }
    if (front >= 0 && front < tile.planes) {
      const [cr, cg, cb] = colours[front];
      const own = board.spread(tile, front, radius, "add", { x0, x1, y0, y1 });
      for (let at = 0; at < mixed.length; at++) if (own[at] > 0) mixed[at] = ((255 << 24) | (cb << 16) | (cg << 8) | cr) >>> 0;
    }
    return { ...board.rank(total), mixed };
  }

  function addRow([total, r, g, b], to, length, counts, from, [cr, cg, cb]) {
    for (let at = 0; at < length; at++) {
      const count = counts[from + at];
      if (count === 0) continue;
      total[to + at] += count;
      r[to + at] += count * cr;
      g[to + at] += count * cg;
      b[to + at] += count * cb;
    }
  }

  /** The least spreading at which the visible points, or those of the category brought out, can be seen; 0 where there are many. */
  function sparseSpread(parts, area, front = -1) {
    let filled = 0;
    const enough = area * SPARSE[0][0];
    for (const { tile, part } of parts) {
      filled += filledIn(tile, part, enough - filled, front);
      if (filled >= enough) return 0;
    }
    return filled === 0 ? 0 : SPARSE.find(([share]) => filled / area >= share)[1];
  }

  /** How many cells of a part of a tile are filled, or of one of its planes, given up at `enough`. */
  function filledIn(tile, part, enough, front = -1) {
    const { values, apron, size, planes, float } = tile;
    const side = size + 2 * apron;
    let filled = 0;
    const [first, end] = front < 0 ? [0, planes] : [front, Math.min(front + 1, planes)];
    for (let plane = first; plane < end; plane++) {
      for (let y = part.y0; y < part.y1 && filled < enough; y++) {
        const row = plane * side * side + (y + apron) * side + apron;
        for (let at = row + part.x0, end = row + part.x1; at < end; at++) {
          const value = values[at];
          if (float ? value === value : value !== 0) filled++;
        }
      }
    }
    return filled;
  }

  /** Shades a view's tiles. Holds the scale in use, and remembers what each stage last ran with. */
  class Shader {
    constructor() {
      this.scale = null;
      this.version = 0;
      this.pixels = new ImageData(board.TILE, board.TILE);
      this.words = new Uint32Array(this.pixels.data.buffer);
    }

    /**
     * Take stock of a view. Runs no stage whose inputs are the same as last time.
     * @param {{tile: object, part: object}[]} parts the filled visible tiles and what is visible of each
     * @param {object} look aggregate, normalization, range, radius, colours and front (by category), area (of the view, in cells)
     * @param {string} view a key of what is visible
     * @returns {Object<string, number>} ms of each stage that ran
     */
    survey(parts, look, view) {
      const ms = {};
      const spreadKey = `${view} ${look.radius} ${look.aggregate} ${look.front}`;
      if (spreadKey !== this.spreadKey) {
        timed(ms, "spread", () => parts.forEach(({ tile, part }) => gridOf(tile, look, part)));
        timed(ms, "stats", () => {
          this.stats = board.visibleStats(parts.map(({ tile, part }) => ({ grid: tile.grid, part })), look.area);
        });
        this.spreadKey = spreadKey;
      }
      const indexKey = `${spreadKey} ${look.normalization} ${look.range}`;
      if (indexKey !== this.indexKey) {
        timed(ms, "index", () => this.index(look, parts));
        this.indexKey = indexKey;
      }
      return ms;
    }

    index(look, parts) {
      this.version++;
      this.scale = this.stats && board.scaleOf(this.stats, look.normalization, look.range);
      if (this.scale) for (const { tile } of parts) this.grade(tile.grid);
    }

    /** Levels of a grid's codes; of floats each cell is a code of its own. Each grid remembers its own. */
    grade(grid) {
      if (grid.graded === this.version) return;
      grid.levels = this.scale.levels(grid.kind === "float" ? grid.cells : grid.values);
      grid.graded = this.version;
    }

    /**
     * Write the pixels of a part of a tile, or of more of it.
     * @param {CanvasRenderingContext2D} context of a canvas as large as a tile
     * @param {object} tile
     * @param {object} look as for `survey`, and `palette`
     * @param {{x0, x1, y0, y1}} [part] the whole tile where not given
     * @returns {boolean} whether the whole tile was written
     */
    paint(context, tile, look, part) {
      if (tile.empty || !this.scale) {
        context.clearRect(0, 0, board.TILE, board.TILE);
        return true;
      }
      const grid = gridOf(tile, look, part);
      this.grade(grid);
      const { x0, x1, y0, y1 } = grid.area;
      if (grid.kind === "float") this.write(grid, grid.levels, board.colourTable(look.palette));
      else this.write(grid, grid.codes, grid.mixed ? board.alphas(grid.levels, look.front >= 0) : board.levelColours(look.palette, grid.levels));
      context.putImageData(this.pixels, 0, 0, x0, y0, x1 - x0, y1 - y0);
      return holds(grid.area, board.whole(tile));
    }

    /** Fill in a grid's pixels. */
    write({ area, mixed }, codes, table) {
      const { words } = this;
      const width = area.x1 - area.x0;
      for (let y = area.y0, from = 0; y < area.y1; y++) {
        const to = y * board.TILE + area.x0;
        if (mixed) for (let x = 0; x < width; x++, from++) words[to + x] = mixed[from] | table[codes[from]];
        else for (let x = 0; x < width; x++, from++) words[to + x] = table[codes[from]];
      }
    }
  }

  function timed(ms, name, run) {
    const start = performance.now();
    run();
    ms[name] = (ms[name] || 0) + performance.now() - start;
  }

  Object.assign(board, { Shader, sparseSpread, gridOf, filledIn });
})();
