/** Ticks along the edges of a plane, drawn anew on every move so that they never lag behind the data. */
(() => {
  "use strict";
  const board = (window.stageboard = window.stageboard || {});
  const LEFT = 64;
  /** How wide the left strip may grow for its labels. */
  const WIDEST = 118;
  const FONT = "12px Inter, system-ui, sans-serif";
  /** Pixels of an axis before which no label stands: half of the first's, which for moments is long. */
  const BEFORE = { date: 84 };
  const BOTTOM = 30;
  const EVERY = { x: 110, y: 64 };

  /** Read the page's colours. */
  function colours(element) {
    const style = getComputedStyle(element);
    const read = (name) => style.getPropertyValue(name).trim();
    return { text: read("--text"), quiet: read("--quiet"), line: read("--line"), surface: read("--surface") };
  }

  class Axes {
    /** @param {L.Map} map @param {object} info @param {World} world @param {HTMLElement} place */
    constructor(map, info, world, place) {
      Object.assign(this, { map, info, world, place });
      this.canvas = document.createElement("canvas");
      place.replaceChildren(this.canvas);
      this.draw = () => this.redraw();
      this.hide = () => place.classList.add("moving");
      map.on("move zoomend moveend resize", this.draw);
      map.on("zoomanim", this.hide);
      this.redraw();
    }

    remove() {
      this.map.off("move zoomend moveend resize", this.draw);
      this.map.off("zoomanim", this.hide);
      this.place.replaceChildren();
    }

    redraw() {
      if (this.map._animatingZoom) return;
      this.place.classList.remove("moving");
      const size = this.map.getSize();
      const ratio = window.devicePixelRatio || 1;
      if (this.canvas.width !== Math.round(size.x * ratio) || this.canvas.height !== Math.round(size.y * ratio)) {
        this.canvas.width = Math.round(size.x * ratio);
        this.canvas.height = Math.round(size.y * ratio);
        Object.assign(this.canvas.style, { width: `${size.x}px`, height: `${size.y}px` });
      }
      const pen = this.canvas.getContext("2d");
      pen.setTransform(ratio, 0, 0, ratio, 0, 0);
      pen.clearRect(0, 0, size.x, size.y);
      this.drawStrips(pen, size, colours(this.place));
    }

    drawStrips(pen, size, ink) {
      pen.font = FONT;
      const down = this.ticks("y", 8, size.y - BOTTOM - 6, size.y - BOTTOM);
      const widest = Math.max(0, ...down.map(({ label }) => pen.measureText(label).width));
      const left = Math.min(Math.max(LEFT, Math.ceil(widest) + 10), WIDEST);
      const across = this.ticks("x", Math.max(left + 12, BEFORE[this.info.axes.x.kind] || 0), size.x, size.x);
      pen.globalAlpha = 0.9;
      pen.fillStyle = ink.surface;
      pen.fillRect(0, size.y - BOTTOM, size.x, BOTTOM);
      pen.fillRect(0, 0, left, size.y - BOTTOM);
      pen.globalAlpha = 1;
      Object.assign(pen, { strokeStyle: ink.quiet, fillStyle: ink.text, lineWidth: 1 });
      pen.beginPath();
      this.drawAcross(pen, across, size.y - BOTTOM);
      for (const { px, label } of down) this.tickY(pen, px, label, left);
      pen.stroke();
      this.drawTitles(pen, ink, size, left);
    }

    /** The ticks of an axis between two pixels of it, in the order of these. */
    ticks(name, first, last, length) {
      const zoom = this.map.getZoom();
      const place = { rect: board.viewPixels(this.map, zoom), zoom };
      return axisTicks(this.info, this.world, place, name, [first, last], length / EVERY[name]);
    }

    /** Ticks along x; no label runs into the one before. */
    drawAcross(pen, ticks, top) {
      Object.assign(pen, { textAlign: "center", textBaseline: "top" });
      let end = -Infinity;
      for (const { px, label } of ticks) {
        pen.moveTo(px, top);
        pen.lineTo(px, top + 5);
        const half = pen.measureText(label).width / 2;
        if (px - half < end + 8) continue;
        pen.fillText(label, px, top + 9);
        end = px + half;
      }
    }

    tickY(pen, py, label, left) {
      pen.moveTo(left - 5, py);
      pen.lineTo(left, py);
      Object.assign(pen, { textAlign: "right", textBaseline: "middle" });
      pen.fillText(label, left - 8, py, left - 10);
    }

    /** Names of the axes, at their far ends, on the data's side of the strips. */
    drawTitles(pen, ink, size, left) {
      const name = axisName;
      Object.assign(pen, { textAlign: "right", textBaseline: "bottom", fillStyle: ink.text, strokeStyle: ink.surface, lineWidth: 4, lineJoin: "round" });
      pen.font = '600 12px Inter, system-ui, sans-serif';
      const write = (text, x, y) => {
        pen.strokeText(text, x, y);
        pen.fillText(text, x, y);
      };
      write(`${name(this.info.axes.x)} →`, size.x - 12, size.y - BOTTOM - 8);
      pen.textAlign = "left";
      pen.textBaseline = "top";
      write(`${this.info.axes.y.reverse ? "↓" : "↑"} ${name(this.info.axes.y)}`, left + 8, 10);
    }
  }

  /** An axis's title with its unit. */
  const axisName = ({ title, unit, kind }) => (unit && kind === "number" && !title.includes(unit) ? `${title}, ${unit}` : title);

  /**
   * The ticks of an axis between two pixels of a view.
   * @param {{rect: object, zoom: number}} place what is in view, in pixels at Leaflet's zoom
   * @param {"x"|"y"} name
   * @param {[number, number]} ends pixels of the view
   * @param {number} most how many there may be, about
   * @returns {{label: string, px: number}[]} in the order of the pixels
   */
  function axisTicks(info, world, { rect, zoom }, name, [first, last], most) {
    const unit = 2 ** 24 / 2 ** zoom;
    const at = (px) => (name === "x" ? world.data((rect.x0 + px) * unit, 0)[0] : world.data(0, (rect.y0 + px) * unit)[1]);
    const [from, to] = [at(first), at(last)];
    const found = board.format.ticks(info.axes[name].kind, Math.min(from, to), Math.max(from, to), Math.max(2, Math.floor(most)));
    const placed = found.map(({ value, label }) => ({ label, px: Math.floor(first + ((value - from) / (to - from)) * (last - first)) + 0.5 }));
    return placed.sort((a, b) => a.px - b.px);
  }

  Object.assign(board, { axisTicks, axisName, tickEvery: EVERY, Axes, axesRoom: { left: LEFT, bottom: BOTTOM }, pageColours: colours });
})();
