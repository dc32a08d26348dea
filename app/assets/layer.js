/**
 * The aggregate layer: which tiles a view needs, when they are shown, and what that cost.
 *
 * The scale is taken when all that the view needs are there, so that one serves them all and nothing jumps. In the meantime
 * each tile shows a preview, made of other zooms' tiles; on the scale in use where the zoom is the same, else on one that
 * the previews give. Where nothing can be made, and for a moment after each zoom in, Leaflet shows the old zoom's, scaled.
 */
(() => {
  "use strict";
  const board = (window.stageboard = window.stageboard || {});
  const PATIENCE = 4000;
  /** Pixels within which a place is that of a whole pixel: a hundred times what projecting to the deepest zoom loses. */
  const SLACK = 1e-4;
  /** Below it, float32 holds quarters. */
  const WHOLE = 2 ** 22;
  /** ms for which an old picture, enlarged by Leaflet, will do, or none: making previews would only delay tiles that come so soon. */
  const GRACE = { covered: 150, blank: 70 };

  /** A GridLayer of canvases that asks its owner for their contents. */
  function canvasGrid(owner, options) {
    const Grid = L.GridLayer.extend({
      ...(options.isValid && { _isValidTile: options.isValid }),
      createTile(coords, done) {
        const canvas = document.createElement("canvas");
        canvas.width = canvas.height = board.TILE;
        owner.add(this._tileCoordsToKey(coords), { canvas, coords: { ...coords }, done: () => done(null, canvas) });
        return canvas;
      },
    });
    return new Grid({
      tileSize: board.TILE,
      noWrap: true,
      updateWhenIdle: false,
      keepBuffer: 1,
      minZoom: 1,
      maxZoom: board.MAX_Z + 1,
      ...options,
    });
  }

  /** The whole world in Leaflet's coordinates. */
  function worldBounds(map) {
    const corner = (side) => map.options.crs.pointToLatLng(L.point(side, side), 0);
    return L.latLngBounds(corner(0), corner(256));
  }

  class AggregateView extends board.Drawing {
    /**
     * @param {L.Map} map
     * @param {object} info as `plot_info` gives it
     * @param {{shown: Function, held: Function, failed: Function, busy: Function}} listener
     */
    constructor(map, info, listener) {
      // The first picture, whose place this view takes, has taken stock, and painted.
      super(board.early?.shader ?? new board.Shader());
      Object.assign(this, { map, info, listener, early: board.early });
      this.lane = new board.Lane();
      this.layer = canvasGrid(this, { className: "explorer-data", zIndex: 5, isValid: board.isNear });
      this.layer.on("tileunload", (event) => this.drop(this.layer._tileCoordsToKey(event.coords)));
      this.onMove = () => this.schedule();
      this.onView = () => this.follow();
    }

    /** Show a look; only what it changes runs. */
    show(look) {
      const first = !this.look;
      this.look = look;
      this.spec = board.specOf(this.info, look);
      this.layer.setOpacity(look.data_opacity / 100);
      if (first) {
        this.layer.addTo(this.map);
        this.map.on("moveend resize", this.onMove).on("move resize", this.onView);
      } else {
        for (const one of this.current()) this.request(one);
      }
      this.schedule();
    }

    remove() {
      this.gone = true;
      cancelAnimationFrame(this.frame);
      cancelAnimationFrame(this.later);
      clearTimeout(this.timer);
      this.map.off("moveend resize", this.onMove).off("move resize", this.onView);
      for (const one of this.tiles.values()) one.abort?.abort();
      this.lane.remove();
      this.layer.remove();
      this.tiles.clear();
    }

    add(key, one) {
      const placed = board.isBeyond(one.coords) ? Object.assign(new board.EdgeTile(this, one.coords), one) : one;
      this.tiles.set(key, placed);
      this.request(placed);
    }

    drop(key) {
      this.tiles.get(key)?.abort?.abort();
      this.tiles.delete(key);
    }

    /** The tiles of the zoom that is shown, or zoomed to; those beyond the edge, which follow others, last. */
    current() {
      const now = [...this.tiles.values()].filter((one) => one.coords.z === this.layer._tileZoom);
      return [...now.filter(({ edge }) => !edge), ...now.filter(({ edge }) => edge)];
    }

    address({ x, y, z }) {
      return board.tileAddress(this.spec, z - 1, x, y);
    }

    /** Want what the view shows now: other requests are given up, and made again when it shows their tiles again. */
    follow() {
      const zoom = this.layer._tileZoom;
      if (this.gone || !this.lane.want(this.spec, zoom - 1, board.tileRect(board.viewPixels(this.map, zoom), zoom - 1))) return;
      for (const one of this.tiles.values()) {
        if (one.edge) continue;
        if (this.lane.holds(one.coords.z - 1, one.coords.x, one.coords.y)) {
          this.request(one);
        } else if (!one.next) {
          one.abort?.abort();
          one.url = "";
        }
      }
    }

    async request(one) {
      if (one.edge) return this.schedule();
      this.follow();
      const url = this.address(one.coords);
      if (one.url === url) return undefined;
      one.abort?.abort();
      Object.assign(one, { url, next: null, preview: undefined, abort: new AbortController() });
      this.waitingSince = this.waitingSince || performance.now();
      try {
        const { tile, fact } = await board.fetchTile(url, this.lane.rect, one.abort.signal, this.lane);
        if (one.url !== url || this.gone) return undefined;
        one.next = tile;
        this.facts.push(fact);
      } catch (error) {
        if (error.name === "AbortError" || one.url !== url || this.gone) return undefined;
        // A newer wish was on its way.
        if (error.status === 409) return this.again(one);
        one.next = { empty: true, failed: true };
        this.listener.failed(error);
      }
      return this.schedule();
    }

    again(one) {
      one.url = "";
      if (this.lane.holds(one.coords.z - 1, one.coords.x, one.coords.y)) this.request(one);
    }

    schedule() {
      if (this.gone || !this.look) return;
      if (!this.frame) this.frame = requestAnimationFrame(() => this.render());
    }

    render() {
      this.frame = 0;
      if (this.gone) return;
      const view = board.viewPixels(this.map, this.layer._tileZoom);
      const placed = this.current().map((one) => ({ one, part: board.visiblePart(one.coords, view) }));
      const seen = placed.filter(({ part }) => part);
      const waiting = seen.filter(({ one }) => !one.next);
      this.listener.busy(waiting.length > 0);
      this.exact = seen.every(({ one }) => one.next && !one.next.failed);
      const patient = waiting.length && (performance.now() - this.waitingSince < PATIENCE || waiting.length === seen.length);
      if (patient) return this.hold(seen, view);
      this.waitingSince = waiting.length ? this.waitingSince : 0;
      this.settle(seen, view);
      if (waiting.length === 0) this.listener.shown(this);
      return undefined;
    }

    /** Not all tiles are here: show those that are, and previews. What takes longer than a frame goes on in the next. */
    hold(seen, view) {
      clearTimeout(this.timer);
      this.listener.held(this);
      const covered = seen.every(({ one }) => this.covered(one.coords));
      const grace = (covered ? GRACE.covered : GRACE.blank) - (performance.now() - this.waitingSince);
      if (grace > 0) {
        this.timer = setTimeout(() => this.schedule(), grace);
        return;
      }
      this.timer = setTimeout(() => this.schedule(), PATIENCE);
      const end = performance.now() + board.FRAME_BUDGET;
      if (!this.advance(seen, view, () => performance.now() > end)) this.schedule();
    }

    /** Go on with previews, on the scale in use or on the one that they give. @returns {boolean} whether all is done */
    advance(seen, view, late) {
      const settled = this.settled === this.place();
      const held = (coords) => board.tileCache.peek(this.address(coords));
      for (const { one } of seen) {
        if (late()) return false;
        if (!one.edge && !one.next && one.preview === undefined) one.preview = board.previewOf(held, one.coords, this.look.aggregate);
        if (settled) this.paintAny(one);
      }
      return settled || this.estimate(seen, view, late);
    }

    /** Whether Leaflet keeps a coarser tile under a tile's place until that one shows something. */
    covered({ x, y, z }) {
      return [1, 2, 3, 4, 5].some((up) => this.tiles.get(`${x >> up}:${y >> up}:${z - up}`)?.loaded);
    }

    place() {
      return `${this.spec} ${this.layer._tileZoom}`;
    }

    /** Take the scale from previews, to paint on. Not where another picture would stay beside them: one scale serves all. */
    estimate(seen, view, late) {
      if (!seen.some(({ one }) => one.preview) || seen.some(({ one }) => one.loaded && !one.next && !one.preview)) return true;
      const parts = this.parts(seen, view);
      for (const { tile } of parts) {
        if (late()) return false;
        board.gridOf(tile, this.drawn);
      }
      this.survey(parts, seen, view);
      return false;
    }

    /** Its preview, where a tile is not here. */
    shows({ next, preview }) {
      return next || preview;
    }

    survey(parts, seen, view) {
      this.settled = this.place();
      return super.survey(parts, seen, view);
    }

    /** Paint a tile, or its preview while it is not here; only a part of it where that is enough for now. @returns {boolean} whether nothing was to do */
    paintAny(one, part) {
      if (one.next && !(one.next.failed && one.preview)) return this.paint(one, part);
      return one.preview ? this.paintPreview(one) : true;
    }

    paintPreview(one) {
      const { shader, drawn } = this;
      const painted = [one.url, "preview", shader.version, drawn.radius, drawn.palette.css].join(" ");
      if (one.painted === painted) return true;
      if (!this.isBlank(one, one.preview)) shader.paint(this.pen(one), one.preview, drawn);
      this.previewed = this.previewed || performance.now();
      this.finished(one, painted, null);
      return false;
    }

    paint(one, part) {
      const idle = super.paint(one, part);
      if (!one.edge) one.preview = null;
      return idle;
    }

    /** Take a tile of the first picture as it is. @returns {boolean} whether it was there */
    copied(one, painted) {
      const twin = this.early?.tiles.get(this.layer._tileCoordsToKey(one.coords));
      if (twin?.painted !== painted) return false;
      this.pen(one).drawImage(twin.canvas, 0, 0);
      return true;
    }

    /** A tile's canvas shows something of this view: Leaflet lets go of what it kept in its place. */
    finished(one, painted, tile) {
      super.finished(one, painted, tile);
      if (!one.loaded) one.done();
      one.loaded = true;
    }

    /**
     * The cell that is painted at a pixel of the zoom that is shown, or, where it is empty, the nearest filled one that is
     * spread over it. None of a preview, none beyond the world, and none while a zoom is animated.
     * @param {number} px, py whole
     * @returns {{values: number[], x: number, y: number, exact: boolean}|null} values not spread, one a plane; the pixel
     *   that has them; whether they have all the digits that the server has
     */
    cellAt(px, py) {
      const zoom = this.layer._tileZoom;
      const [x, y] = [Math.floor(px / board.TILE), Math.floor(py / board.TILE)];
      const one = this.tiles.get(`${x}:${y}:${zoom}`);
      if (!one?.tile || one.tile !== one.next || one.tile.empty || !this.drawn) return null;
      const [left, top] = [x * board.TILE, y * board.TILE];
      const found = nearest(one.tile, px - left, py - top, this.drawn.radius);
      one.tile.exact ??= isExact(one.tile, this.drawn.aggregate);
      return found && { values: found.values, x: left + found.x, y: top + found.y, exact: one.tile.exact };
    }

    /** The values of the cell at a place of the map, which may be that of a whole pixel, give or take what arithmetic loses. */
    valueAt(latLng) {
      // Projections clamp what lies beyond the map.
      if (Math.abs(latLng.lat) > (this.map.options.crs.projection.MAX_LATITUDE ?? Infinity) + 1e-9) return null;
      const { x, y } = this.map.project(latLng, this.layer._tileZoom);
      const whole = (value) => (Math.abs(value - Math.round(value)) < SLACK ? Math.round(value) : Math.floor(value));
      return this.cellAt(whole(x), whole(y))?.values ?? null;
    }
  }

  /**
   * Whether no digits are lost: of counts and float64 none are, nor of whole numbers as float32, or they would have come as
   * float64. Large ones do not show that they are whole, since float32 rounds them to it; small ones beside them do, but not
   * for what is divided, which is whole by chance.
   */
  function isExact({ values, float }, aggregate) {
    if (!float || values.BYTES_PER_ELEMENT === 8) return true;
    let [known, large] = [false, false];
    for (const value of values) {
      if (!Number.isFinite(value)) continue;
      if (!Number.isInteger(value)) return false;
      if (Math.abs(value) < WHOLE) known = true;
      else large = true;
    }
    return !large || (known && ["sum", "min", "max"].includes(aggregate));
  }

  /** The filled cell nearest to a cell: its values, one a plane, and its place in the tile. */
  function nearest(tile, cx, cy, radius) {
    const side = tile.size + 2 * tile.apron;
    let best = null;
    for (let dy = -radius; dy <= radius; dy++) {
      for (let dx = -radius; dx <= radius; dx++) {
        const far = dx * dx + dy * dy;
        if (far > (radius + 0.5) ** 2 || (best && far >= best.far)) continue;
        const at = (cy + dy + tile.apron) * side + cx + dx + tile.apron;
        const values = Array.from({ length: tile.planes }, (_, plane) => tile.values[plane * side * side + at]);
        if (values.some((value) => (tile.float ? value === value : value > 0))) best = { far, values, x: cx + dx, y: cy + dy };
      }
    }
    return best;
  }

  Object.assign(board, { AggregateView, canvasGrid, worldBounds });
})();
