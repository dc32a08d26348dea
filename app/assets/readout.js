/** What stands over the map's lower edge: the zoom, the size of a pixel, whether the picture is exact, and the true value under the cursor. */
(() => {
  "use strict";
  const board = (window.stageboard = window.stageboard || {});
  // Looked up when called: scripts load in any order.
  const short = (value) => board.format.short(value);
  const full = (value) => board.format.full(value);
  const fixed = (value, digits) => board.format.fixed(value, digits);

  /** A length of an axis, such as a pixel's. */
  function length(value, { kind, unit }) {
    if (kind === "date") {
      const [size, name] = [[864e5, "d"], [36e5, "h"], [6e4, "min"], [1e3, "s"], [1, "ms"]].find(([one]) => value >= one) || [1, "ms"];
      return `${short(value / size)} ${name}`;
    }
    return short(value) + (kind === "degrees" ? "°" : kind === "clock" ? " min" : unit ? ` ${unit}` : "");
  }

  /** Latitude and longitude, to the resolution of a pixel. */
  function place(lon, lat, pixel) {
    const digits = Math.max(0, Math.min(6, Math.ceil(-Math.log10(pixel))));
    return `${fixed(Math.abs(lat), digits)}° ${lat < 0 ? "S" : "N"}, ${fixed(Math.abs(lon), digits)}° ${lon < 0 ? "W" : "E"}`;
  }

  class Readout {
    /** @param {L.Map} map @param {object} info @param {World} world @param {AggregateView} view @param {HTMLElement} status @param {HTMLElement} value */
    constructor(map, info, world, view, status, value) {
      Object.assign(this, { map, info, world, view, status, value });
      this.moved = (event) => {
        this.at = event.latlng;
        this.frame = this.frame || requestAnimationFrame(() => this.read());
      };
      this.left = () => {
        this.at = null;
        this.value.textContent = "";
      };
      this.zoomed = () => this.scale();
      this.size = board.element("span", "");
      this.state = board.element("span", "explorer-state");
      status.replaceChildren(this.size, this.state);
      map.on("mousemove click", this.moved).on("mouseout", this.left).on("moveend", this.zoomed);
      this.scale();
    }

    remove() {
      cancelAnimationFrame(this.frame);
      this.map.off("mousemove click", this.moved).off("mouseout", this.left).off("moveend", this.zoomed);
    }

    scale() {
      const zoom = this.map.getZoom();
      const pixel = this.world.perPixel(zoom);
      const { x, y } = this.info.axes;
      const down = (Math.abs(this.world.dy) * 2 ** 24) / 2 ** zoom;
      const metres = pixel * Math.cos((this.map.getCenter().lat * Math.PI) / 180);
      const size = this.world.geographic ? `${metres >= 1000 ? `${short(metres / 1000)} km` : `${short(metres)} m`}` : `${length(pixel, x)} × ${length(down, y)}`;
      this.size.textContent = `zoom ${zoom} · ${size} a pixel`;
    }

    /** Say what is shown: "exact" or "preview". The value under the cursor is read anew. */
    say(state) {
      this.state.textContent = state;
      this.state.dataset.state = state;
      this.frame = this.frame || requestAnimationFrame(() => this.read());
    }

    read() {
      this.frame = 0;
      if (!this.at) return;
      const [u, v] = this.world.fromLatLng(this.map, this.at);
      const found = this.view.valueAt(this.at);
      const where = this.coordinates(u, v);
      this.value.textContent = found ? `${this.words(found)} · ${where}` : where;
    }

    coordinates(u, v) {
      const unit = 2 ** 24 / 2 ** this.map.getZoom();
      if (this.world.geographic) {
        const lon = (u / 2 ** 32) * 360 - 180;
        const lat = (Math.atan(Math.sinh(Math.PI * (1 - v / 2 ** 31))) * 180) / Math.PI;
        return place(lon, lat, (360 * unit) / 2 ** 32);
      }
      const { x, y } = this.info.axes;
      const [dataX, dataY] = this.world.data(u, v);
      const one = (axis, value, step) => `${axis.title} ${board.format.coordinate(value, axis.kind, Math.abs(step) * unit)}${axis.unit && axis.kind === "number" ? ` ${axis.unit}` : ""}`;
      return `${one(x, dataX, this.world.dx)}, ${one(y, dataY, this.world.dy)}`;
    }

    /** The values of a cell, in words. */
    words(values) {
      const { aggregate } = this.view.look;
      const field = this.info.fields.find((one) => one.name === this.view.look.field);
      const rows = (count) => `${full(count)} ${count === 1 ? "row" : "rows"}`;
      if (aggregate === "count") return rows(values[0]);
      if (aggregate !== "by") return `${aggregate} ${field.title} ${board.format.fieldValue(values[0], field.kind)}${field.unit ? ` ${field.unit}` : ""}`;
      const ranked = values.map((count, i) => [count, field.labels[i]]).filter(([count]) => count).sort((a, b) => b[0] - a[0]);
      const total = ranked.reduce((sum, [count]) => sum + count, 0);
      return `${rows(total)}: ${ranked.slice(0, 3).map(([count, label]) => `${label} ${full(count)}`).join(", ")}${ranked.length > 3 ? " …" : ""}`;
    }
  }

  Object.assign(board, { Readout });
})();
