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
      const [size, ratio, zoom] = [this.map.getSize(), window.devicePixelRatio || 1, this.map.getZoom()];
      const margin = size.multiplyBy(0.25).round();
      const width = size.x + 2 * margin.x;
      const height = size.y + 2 * margin.y;
      Object.assign(this.canvas, { width: Math.round(width * ratio), height: Math.round(height * ratio) });
      Object.assign(this.canvas.style, { width: `${width}px`, height: `${height}px`, position: "absolute" });
      L.DomUtil.setPosition(this.canvas, this.map.containerPointToLayerPoint(margin.multiplyBy(-1)));
      const pen = this.canvas.getContext("2d");
      pen.scale(ratio, ratio);
      const view = board.viewPixels(this.map, zoom);
      this.write(pen, names, { zoom, left: view.x0 - margin.x, top: view.y0 - margin.y, width, height });
    }

    write(pen, names, { zoom, left, top, width, height }) {
      const style = getComputedStyle(this.place);
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
  }

  Object.assign(board, { Labels });
})();
