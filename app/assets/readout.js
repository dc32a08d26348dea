/** What stands over the map's lower edge: the zoom, the size of a pixel, whether the picture is exact, and the true value under the cursor. */
(() => {
  "use strict";
  const board = (window.stageboard = window.stageboard || {});
  // Looked up when called: scripts load in any order.
  const short = (value) => board.format.short(value);
  const full = (value) => board.format.full(value);
  const fixed = (value, digits) => board.format.fixed(value, digits);
  /** ms for which the pointer rests before more digits are asked for. */
  const REST = 150;
  /** Pixels that arithmetic may take from the place of a box. */
  const FINE = 1e-4;

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
    const digits = Math.max(0, Math.ceil(-Math.log10(pixel) - 1e-9));
    return `${fixed(Math.abs(lat), digits)}° ${lat < 0 ? "S" : "N"}, ${fixed(Math.abs(lon), digits)}° ${lon < 0 ? "W" : "E"}`;
  }

  /** Longitude and latitude of a position on the map's plane, whatever units its data have. */
  const degrees = (u, v) => [(u / 2 ** 32) * 360 - 180, (Math.atan(Math.sinh(Math.PI * (1 - v / 2 ** 31))) * 180) / Math.PI];

  class Readout {
    /** @param {L.Map} map @param {object} info @param {World} world @param {AggregateView} view @param {HTMLElement} status @param {HTMLElement} value */
    constructor(map, info, world, view, status, value) {
      Object.assign(this, { map, info, world, view, status, value });
      this.moved = (event) => {
        this.at = event.originalEvent;
        this.stir();
      };
      this.left = () => {
        this.at = null;
        this.forget();
        this.value.textContent = "";
      };
      // Under a pointer that rests, the map may move.
      this.under = () => this.stir();
      this.zoomed = () => this.scale();
      this.size = board.element("span", "");
      this.state = board.element("span", "explorer-state");
      status.replaceChildren(this.size, this.state);
      map.on("mousemove click", this.moved).on("mouseout", this.left).on("moveend", this.zoomed).on("move", this.under);
      this.scale();
    }

    remove() {
      cancelAnimationFrame(this.frame);
      this.forget();
      this.map.off("mousemove click", this.moved).off("mouseout", this.left).off("moveend", this.zoomed).off("move", this.under);
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
      this.soon();
    }

    soon() {
      this.frame = this.frame || requestAnimationFrame(() => this.read());
    }

    /** The pointer or the map moved: it rests from now on, if at all. */
    stir() {
      if (!this.exact) this.forget();
      this.soon();
    }

    read() {
      this.frame = 0;
      if (!this.at) return;
      const zoom = this.map.getZoom();
      const [px, py] = this.pixel(zoom);
      const side = 256 * 2 ** zoom;
      const inside = px >= 0 && py >= 0 && px < side && py < side && !this.map._animatingZoom;
      const cell = inside ? this.view.cellAt(px, py) : null;
      this.ask(cell, zoom);
      const words = cell ? `${this.words(this.exact ? { ...cell, values: this.exact, exact: true } : cell)} · ` : "";
      const unit = 2 ** 24 / 2 ** zoom;
      this.value.textContent = inside ? `${words}${this.coordinates((px + 0.5) * unit, (py + 0.5) * unit, unit)}` : "";
    }

    /** The pixel under the pointer. Leaflet's own place of it is stretched where the map is not a whole number of pixels wide. */
    pixel(zoom) {
      const box = this.map.getContainer().getBoundingClientRect();
      const { x0, y0 } = board.viewPixels(this.map, zoom);
      return [x0 + Math.floor(this.at.clientX - box.left + FINE), y0 + Math.floor(this.at.clientY - box.top + FINE)];
    }

    /** Where a cell has lost digits, and the pointer rests, ask for them; once for each cell. */
    ask(cell, zoom) {
      const address = cell && !cell.exact ? board.at(`/values/${this.view.spec}/${zoom - 1}/${cell.x}/${cell.y}`) : "";
      if (this.asked === address) return;
      this.forget();
      this.asked = address;
      if (address) this.timer = setTimeout(() => this.fetch(address), REST);
    }

    async fetch(address) {
      const { lane } = this.view;
      this.abort = new AbortController();
      try {
        const headers = { "Stageboard-View": lane.rect.join(","), "Stageboard-Lane": lane.text() };
        const answer = await lane.during(fetch(address, { signal: this.abort.signal, headers }));
        const { values } = answer.ok ? await answer.json() : {};
        if (this.asked !== address || !values) return;
        this.exact = values.map(Number);
        this.soon();
      } catch {
        // The digits that are there stay.
      }
    }

    /** Want no more digits. */
    forget() {
      clearTimeout(this.timer);
      this.abort?.abort();
      Object.assign(this, { asked: "", exact: null, abort: null });
    }

    /** A place, with as many digits as tell pixels of that size apart. */
    coordinates(u, v, unit) {
      if (this.world.geographic) return place(...degrees(u, v), (360 * unit) / 2 ** 32);
      const [dataX, dataY] = this.world.data(u, v);
      const { x, y } = this.info.axes;
      const one = (axis, value, step) => `${axis.title} ${board.format.coordinate(value, axis.kind, Math.abs(step) * unit)}${axis.unit && axis.kind === "number" ? ` ${axis.unit}` : ""}`;
      return `${one(x, dataX, this.world.dx)}, ${one(y, dataY, this.world.dy)}`;
    }

    /** The values of a cell, in words. */
    words(cell) {
      const { values } = cell;
      const { aggregate, field: name } = this.view.drawn;
      const field = this.info.fields.find((one) => one.name === name);
      const rows = (count) => `${full(count)} ${count === 1 ? "row" : "rows"}`;
      if (aggregate === "count") return rows(values[0]);
      if (aggregate !== "by") return `${aggregate} ${field.title} ${valueText(cell, aggregate, field)}${field.unit ? ` ${field.unit}` : ""}`;
      const ranked = values.map((count, i) => [count, field.labels[i]]).filter(([count]) => count).sort((a, b) => b[0] - a[0]);
      const total = ranked.reduce((sum, [count]) => sum + count, 0);
      return `${rows(total)}: ${ranked.slice(0, 3).map(([count, label]) => `${label} ${full(count)}`).join(", ")}${ranked.length > 3 ? " …" : ""}`;
    }
  }

  /** A value of a number or time field, with the digits that are true. */
  function valueText({ values: [value], exact }, aggregate, { kind }) {
    if (kind === "time") return board.format.moment(value);
    const own = aggregate === "min" || aggregate === "max";
    // Squares lose more than sums do where values differ by little of their size.
    const sure = aggregate === "var" || aggregate === "std" ? 10 : undefined;
    return exact ? board.format.exact(value, own, sure) : board.format.certain(value);
  }

  Object.assign(board, { Readout });
})();
