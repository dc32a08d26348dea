/**
 * The offline base map: Natural Earth's land, borders and states, drawn under the data in the theme's colours.
 * Shapes are projected once and clipped to each tile, so that deep zooms stay quick and exact.
 */
(() => {
  "use strict";
  const board = (window.stageboard = window.stageboard || {});
  const EDGE = 12;
  const shapes = new Map();

  /** Project a ring of degrees to web mercator, 0 to 1 an axis. */
  function project(ring) {
    const points = new Float64Array(ring.length * 2);
    const box = [Infinity, -Infinity, Infinity, -Infinity];
    ring.forEach(([lon, lat], i) => {
      const limit = Math.max(-85.0511287798066, Math.min(85.0511287798066, lat));
      const x = (lon + 180) / 360;
      const y = 0.5 - Math.asinh(Math.tan((limit * Math.PI) / 180)) / (2 * Math.PI);
      points[2 * i] = x;
      points[2 * i + 1] = y;
      box[0] = Math.min(box[0], x);
      box[1] = Math.max(box[1], x);
      box[2] = Math.min(box[2], y);
      box[3] = Math.max(box[3], y);
    });
    return { points, box };
  }

  /** Fetch shapes by name, once a page load. @returns {Promise<{points: Float64Array, box: number[]}[]>} */
  function load(name) {
    if (!shapes.has(name)) {
      const loading = fetch(board.at(`/geo/${name}.json`))
        .then((response) => (response.ok ? response.json() : { coordinates: [] }))
        .then((geometry) => (geometry.type === "MultiPolygon" ? geometry.coordinates.flat() : geometry.coordinates).map(project))
        .catch(() => (shapes.delete(name), []));
      shapes.set(name, loading);
    }
    return shapes.get(name);
  }

  /** What a zoom shows: [name, whether filled]. */
  function wanted(zoom) {
    const land = zoom >= 7 ? "land-10m" : zoom >= 4 ? "land-50m" : "land-110m";
    return [[land, true], ["borders-50m", false], ...(zoom >= 5 ? [["states-us", false]] : [])];
  }

  /** Cut a closed ring at one side of a box (Sutherland and Hodgman, 1974). */
  function cut(ring, axis, edge, keepAbove) {
    const out = [];
    const inside = (i) => (keepAbove ? ring[i + axis] >= edge : ring[i + axis] <= edge);
    for (let i = 0, before = ring.length - 2; i < ring.length; before = i, i += 2) {
      const [now, then] = [inside(i), inside(before)];
      if (now !== then) {
        const part = (edge - ring[before + axis]) / (ring[i + axis] - ring[before + axis]);
        const other = ring[before + 1 - axis] + part * (ring[i + 1 - axis] - ring[before + 1 - axis]);
        if (axis === 0) out.push(edge, other);
        else out.push(other, edge);
      }
      if (now) out.push(ring[i], ring[i + 1]);
    }
    return out;
  }

  /** Trace a ring, clipped to the tile and a margin. */
  function traceRing(path, points, scale, left, top) {
    let ring = new Array(points.length);
    for (let i = 0; i < points.length; i += 2) {
      ring[i] = points[i] * scale - left;
      ring[i + 1] = points[i + 1] * scale - top;
    }
    const far = board.TILE + EDGE;
    for (const [axis, edge, above] of [[0, -EDGE, true], [0, far, false], [1, -EDGE, true], [1, far, false]]) {
      if (ring.length) ring = cut(ring, axis, edge, above);
    }
    for (let i = 0; i < ring.length; i += 2) path[i === 0 ? "moveTo" : "lineTo"](ring[i], ring[i + 1]);
    if (ring.length) path.closePath();
  }

  /** Trace the pieces of a line that come near the tile. */
  function traceLine(path, points, scale, left, top) {
    const far = board.TILE + EDGE;
    let drawing = false;
    for (let i = 2; i < points.length; i += 2) {
      const [ax, ay] = [points[i - 2] * scale - left, points[i - 1] * scale - top];
      const [bx, by] = [points[i] * scale - left, points[i + 1] * scale - top];
      const near = Math.max(ax, bx) > -EDGE && Math.min(ax, bx) < far && Math.max(ay, by) > -EDGE && Math.min(ay, by) < far;
      if (near && !drawing) path.moveTo(ax, ay);
      if (near) path.lineTo(bx, by);
      drawing = near;
    }
  }

  class Coast {
    /** @param {L.Map} map @param {HTMLElement} place whose style holds the colours */
    constructor(map, place) {
      Object.assign(this, { map, place });
      this.tiles = new Map();
      this.layer = board.canvasGrid(this, { className: "explorer-coast", zIndex: 1, bounds: board.worldBounds(map) });
      this.layer.on("tileunload", (event) => this.tiles.delete(this.layer._tileCoordsToKey(event.coords)));
    }

    add(key, one) {
      this.tiles.set(key, one);
      this.draw(one).then(() => one.done());
    }

    /** Draw anew in the theme's colours. */
    refresh() {
      for (const one of this.tiles.values()) this.draw(one);
    }

    draw({ canvas, coords }) {
      return drawCoast(canvas, coords, this.place);
    }
  }

  /** Draw a tile of Leaflet's zoom, when its shapes are here. */
  async function drawCoast(canvas, coords, place, ratio = window.devicePixelRatio || 1, thick = 1) {
    const layers = wanted(coords.z);
    const loaded = await Promise.all(layers.map(([name]) => load(name)));
    canvas.width = canvas.height = Math.round(board.TILE * ratio);
    const pen = canvas.getContext("2d");
    pen.scale(ratio, ratio);
    const style = getComputedStyle(place);
    const ink = (name) => style.getPropertyValue(`--map-${name}`).trim();
    loaded.forEach((list, i) => drawShapes(pen, list, coords, layers[i], ink, thick));
  }

  function drawShapes(pen, list, { x, y, z }, [name, filled], ink, thick) {
    const scale = 256 * 2 ** z;
    const [left, top, reach] = [x * board.TILE, y * board.TILE, EDGE / scale];
    const side = board.TILE / scale;
    pen.beginPath();
    for (const { points, box } of list) {
      const [x0, y0] = [left / scale, top / scale];
      if (box[1] < x0 - reach || box[0] > x0 + side + reach || box[3] < y0 - reach || box[2] > y0 + side + reach) continue;
      (filled ? traceRing : traceLine)(pen, points, scale, left, top);
    }
    pen.lineWidth = (filled ? 1 : 0.8) * thick;
    pen.strokeStyle = ink(filled ? "coast" : name === "states-us" ? "state" : "border");
    if (filled) {
      pen.fillStyle = ink("land");
      pen.fill("evenodd");
    }
    pen.stroke();
  }

  Object.assign(board, { Coast, drawCoast });
})();
