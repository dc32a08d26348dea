/** Names of countries and cities above the data, the greater first, none over another. */
(() => {
  "use strict";
  const board = (window.stageboard = window.stageboard || {});
  const FONTS = { country: "600 12.5px Inter, system-ui, sans-serif", city: "12px Inter, system-ui, sans-serif" };
  let loading = null;

  /** @returns {Promise<{name: string, x: number, y: number, rank: number, kind: string}[]>} 0 to 1 an axis, the greater first */
  function load() {
    const one = (file, kind) =>
      fetch(board.at(`/geo/${file}.json`))
        .then((response) => (response.ok ? response.json() : []))
        .then((rows) =>
          rows.map(([name, lon, lat, rank]) => ({
            name,
            x: (lon + 180) / 360,
            y: 0.5 - Math.asinh(Math.tan((lat * Math.PI) / 180)) / (2 * Math.PI),
            rank,
            kind,
          })),
        );
    loading = loading || Promise.all([one("countries", "country"), one("labels", "city")]).then((lists) => lists.flat().sort((a, b) => a.rank - b.rank)).catch(() => ((loading = null), []));
    return loading;
  }

  class Labels {
    /** @param {L.Map} map @param {HTMLElement} place whose style holds the colours */
    constructor(map, place) {
      Object.assign(this, { map, place, shown: false });
      this.pane = map.getPane("explorerLabels") || map.createPane("explorerLabels");
      this.pane.classList.add("leaflet-zoom-hide");
      Object.assign(this.pane.style, { zIndex: 450, pointerEvents: "none" });
      this.canvas = document.createElement("canvas");
      this.canvas.setAttribute("aria-hidden", "true");
      this.pane.replaceChildren(this.canvas);
      this.draw = () => this.redraw();
      map.on("moveend zoomend resize viewreset", this.draw);
    }

    show(shown) {
      this.shown = shown;
      this.redraw();
    }

    remove() {
      this.map.off("moveend zoomend resize viewreset", this.draw);
      this.pane.replaceChildren();
      this.gone = true;
    }

    async redraw() {
      this.canvas.style.display = this.shown ? "" : "none";
      if (!this.shown) return;
      const names = await load();
      if (this.gone || !this.shown) return;
      const zoom = this.map.getZoom();
      const { x, y } = writeNames(this.canvas, names, board.viewPixels(this.map, zoom), zoom, this.place);
      L.DomUtil.setPosition(this.canvas, this.map.containerPointToLayerPoint([x, y]));
    }
  }

  /**
   * Write names on a canvas, for a view in pixels and a quarter of it around, so that a drag does not lay bare what has none.
   * @returns {{x: number, y: number}} where the canvas lies in the view
   */
  function writeNames(canvas, names, { x0, x1, y0, y1 }, zoom, place) {
    const [across, down] = [Math.round((x1 - x0) / 4), Math.round((y1 - y0) / 4)];
    const [width, height] = [x1 - x0 + 2 * across, y1 - y0 + 2 * down];
    const ratio = window.devicePixelRatio || 1;
    Object.assign(canvas, { width: Math.round(width * ratio), height: Math.round(height * ratio) });
    Object.assign(canvas.style, { width: `${width}px`, height: `${height}px`, position: "absolute" });
    const pen = canvas.getContext("2d");
    pen.scale(ratio, ratio);
    write(pen, names, { zoom, left: x0 - across, top: y0 - down, width, height }, getComputedStyle(place));
    return { x: -across, y: -down };
  }

  function write(pen, names, { zoom, left, top, width, height }, style) {
    Object.assign(pen, { textAlign: "center", textBaseline: "middle", lineJoin: "round", lineWidth: 3 });
    pen.strokeStyle = style.getPropertyValue("--map-halo");
    const taken = [];
    const scale = 256 * 2 ** zoom;
    for (const one of names) {
      if (one.rank > zoom || (one.kind === "country" && zoom > 7)) continue;
      const [x, y] = [Math.round(one.x * scale - left), Math.round(one.y * scale - top)];
      if (x < 0 || y < 0 || x > width || y > height) continue;
      pen.font = FONTS[one.kind];
      const half = pen.measureText(one.name).width / 2 + 8;
      const box = [x - half, x + half, y - 12, y + 12];
      if (taken.some((b) => box[0] < b[1] && box[1] > b[0] && box[2] < b[3] && box[3] > b[2])) continue;
      taken.push(box);
      pen.fillStyle = style.getPropertyValue(one.kind === "country" ? "--map-country" : "--map-city");
      pen.strokeText(one.name, x, y);
      pen.fillText(one.name, x, y);
    }
  }

  Object.assign(board, { Labels, loadNames: load, writeNames, penNames: write });
})();
