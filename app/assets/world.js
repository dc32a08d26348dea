/**
 * The plane of a plot, in the browser: data units, quanta of 2**32 an axis, and Leaflet's coordinates.
 * The counterpart of `app/pipeline/world.py`; it draws nothing.
 */
(() => {
  "use strict";
  const board = (window.stageboard = window.stageboard || {});
  const SIDE = 2 ** 32;
  const TILE = 512;
  const MAX_Z = 22;
  const DEGREE = Math.PI / 180;
  const MAX_LATITUDE = 85.0511287798066;
  /** Leaflet's zoom 0 draws the world 256 pixels wide. */
  const QUANTA_AT_ZERO = SIDE / 256;

  class World {
    /** @param {{crs: string, world: {x0: number, y0: number, dx: number, dy: number}}} info as `plot_info` gives it */
    constructor(info) {
      Object.assign(this, info.world);
      this.crs = info.crs;
      this.geographic = info.crs !== "plane";
    }

    /** Data units of a position in quanta. @returns {[number, number]} */
    data(u, v) {
      if (this.crs !== "lonlat") return [this.x0 + u * this.dx, this.y0 + v * this.dy];
      return [(u / SIDE) * 360 - 180, Math.atan(Math.sinh(Math.PI * (1 - (2 * v) / SIDE))) / DEGREE];
    }

    /** Position in quanta of data units; also beyond the map's edges, but the poles are taken as these. @returns {[number, number]} */
    quanta(x, y) {
      if (this.crs !== "lonlat") return [(x - this.x0) / this.dx, (y - this.y0) / this.dy];
      const latitude = Math.abs(y) < 90 ? y : Math.sign(y) * MAX_LATITUDE;
      return [((x + 180) / 360) * SIDE, (SIDE / 2) * (1 - Math.asinh(Math.tan(latitude * DEGREE)) / Math.PI)];
    }

    /** Leaflet's coordinates of a position in quanta. */
    latLng(map, u, v) {
      return map.options.crs.pointToLatLng(L.point(u / QUANTA_AT_ZERO, v / QUANTA_AT_ZERO), 0);
    }

    /** Position in quanta of Leaflet's coordinates. @returns {[number, number]} */
    fromLatLng(map, latLng) {
      const point = map.options.crs.latLngToPoint(latLng, 0);
      return [point.x * QUANTA_AT_ZERO, point.y * QUANTA_AT_ZERO];
    }

    /** The bounds x0, x1, y0, y1 in data units of a pixel rectangle at Leaflet's zoom. */
    bounds(rect, zoom) {
      const size = QUANTA_AT_ZERO / 2 ** zoom;
      const [xa, ya] = this.data(rect.x0 * size, rect.y0 * size);
      const [xb, yb] = this.data(rect.x1 * size, rect.y1 * size);
      return [Math.min(xa, xb), Math.max(xa, xb), Math.min(ya, yb), Math.max(ya, yb)];
    }

    /**
     * The view on the power-of-two ladder that shows bounds whole: the deepest such zoom, about their centre.
     * @param {{x: number, y: number}} size of the view in pixels
     * @param {{left: number, bottom: number}|null} room pixels at the edges that show no data
     * @returns {{z: number, rect: object}} the zoom of its tiles, and what it shows in pixels
     */
    place(size, bounds, room = null) {
      const [ua, va] = this.quanta(bounds[0], bounds[2]);
      const [ub, vb] = this.quanta(bounds[1], bounds[3]);
      const { left, bottom } = room || { left: 0, bottom: 0 };
      const span = Math.max(Math.abs(ub - ua) / (size.x - left), Math.abs(vb - va) / (size.y - bottom), SIDE / TILE / 2 ** MAX_Z);
      // The tolerance lets a view that was written with fewer digits come back at its own zoom.
      const z = Math.min(Math.max(Math.floor(Math.log2(SIDE / TILE / span) + 1e-3), 0), MAX_Z);
      const unit = SIDE / TILE / 2 ** z;
      const [u, v] = [(ua + ub - left * unit) / 2, (va + vb + bottom * unit) / 2];
      return { z, rect: pixelsAbout({ x: u / unit, y: v / unit }, size) };
    }

    /** The same for a map: the middle of those whole pixels, which Leaflet's rounding leaves where they are. @returns {{center: L.LatLng, zoom: number}} */
    fit(map, bounds, room = null) {
      const { z, rect } = this.place(map.getSize(), bounds, room);
      const half = SIDE / TILE / 2 ** z / 2;
      return { center: this.latLng(map, (rect.x0 + rect.x1) * half, (rect.y0 + rect.y1) * half), zoom: z + 1 };
    }

    /** Data units a pixel at each bound of a view at Leaflet's zoom. @returns {number[]} as the bounds have it */
    steps(bounds, zoom) {
      const size = QUANTA_AT_ZERO / 2 ** zoom;
      if (this.crs !== "lonlat") return bounds.map((_, i) => Math.abs(i < 2 ? this.dx : this.dy) * size);
      const across = (360 * size) / SIDE;
      return bounds.map((bound, i) => (i < 2 ? across : across * Math.cos(bound * DEGREE)));
    }

    /** Data units a pixel at a zoom and, on the map, a latitude's metres a pixel. */
    perPixel(zoom) {
      return (Math.abs(this.dx) * QUANTA_AT_ZERO) / 2 ** zoom;
    }
  }

  /** Leaflet's web mercator, but open to the poles: its own cuts latitudes, and a view whose middle lies beyond would move. */
  function openMercator() {
    const { SphericalMercator } = L.Projection;
    const project = ({ lat, lng }) => L.point(SphericalMercator.R * lng * DEGREE, SphericalMercator.R * Math.asinh(Math.tan(lat * DEGREE)));
    return L.extend({}, L.CRS.EPSG3857, { projection: L.extend({}, SphericalMercator, { project }) });
  }

  /** A view's whole pixels about its middle. @returns {{x0: number, x1: number, y0: number, y1: number}} */
  function pixelsAbout(middle, size) {
    return pixelsAt({ x: middle.x - size.x / 2, y: middle.y - size.y / 2 }, size);
  }

  /** A view's whole pixels from its corner. */
  function pixelsAt(corner, size) {
    const [x0, y0] = [Math.round(corner.x), Math.round(corner.y)];
    return { x0, x1: x0 + size.x, y0, y1: y0 + size.y };
  }

  /** What the viewport shows, in pixels of the layer's zoom; of the target while a zoom is animated. */
  function viewPixels(map, zoom) {
    // Where Leaflet has put the map: half a pixel, once rounded, is not to be rounded again.
    if (!map._animatingZoom && zoom === map.getZoom()) return pixelsAt(map.getPixelBounds().min, map.getSize());
    const center = map._animatingZoom ? map._animateToCenter : map.getCenter();
    return pixelsAbout(map.project(center, zoom), map.getSize());
  }

  /** Tile columns and rows, half-open, that a pixel rectangle touches within the world. @returns {number[]} */
  function tileRect(rect, z) {
    const last = 2 ** z;
    const clamp = (value) => Math.max(0, Math.min(last, value));
    return [
      clamp(Math.floor(rect.x0 / TILE)),
      clamp(Math.ceil(rect.x1 / TILE)),
      clamp(Math.floor(rect.y0 / TILE)),
      clamp(Math.ceil(rect.y1 / TILE)),
    ];
  }

  Object.assign(board, { World, openMercator, viewPixels, tileRect, TILE, MAX_Z });
})();
