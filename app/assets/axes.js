/** Ticks along the edges of a plane, drawn anew on every move so that they never lag behind the data. */
(() => {
  "use strict";
  const board = (window.stageboard = window.stageboard || {});
  const LEFT = 64;
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
      pen.font = '12px Inter, system-ui, sans-serif';
      pen.globalAlpha = 0.9;
      pen.fillStyle = ink.surface;
      pen.fillRect(0, size.y - BOTTOM, size.x, BOTTOM);
      pen.fillRect(0, 0, LEFT, size.y - BOTTOM);
      pen.globalAlpha = 1;
      const zoom = this.map.getZoom();
      const rect = board.viewPixels(this.map, zoom);
      const unit = 2 ** 24 / 2 ** zoom;
      const at = (px, axis) => (axis === "x" ? this.world.data((rect.x0 + px) * unit, 0)[0] : this.world.data(0, (rect.y0 + px) * unit)[1]);
      this.drawTicks(pen, ink, "x", size.x, size.y, at);
      this.drawTicks(pen, ink, "y", size.y - BOTTOM, size.y, at);
      this.drawTitles(pen, ink, size);
    }

    drawTicks(pen, ink, name, length, height, at) {
      const { kind } = this.info.axes[name];
      const [from, to] = [at(0, name), at(length, name)];
      const most = Math.max(2, Math.floor(length / EVERY[name]));
      pen.strokeStyle = ink.quiet;
      pen.fillStyle = ink.text;
      pen.lineWidth = 1;
      pen.beginPath();
      for (const { value, label } of board.format.ticks(kind, Math.min(from, to), Math.max(from, to), most)) {
        const px = Math.round(((value - from) / (to - from)) * length) + 0.5;
        if (name === "x" && px > LEFT + 12) this.tickX(pen, px, height, label);
        if (name === "y" && px > 8 && px < length - 6) this.tickY(pen, px, label);
      }
      pen.stroke();
    }

    tickX(pen, px, height, label) {
      pen.moveTo(px, height - BOTTOM);
      pen.lineTo(px, height - BOTTOM + 5);
      Object.assign(pen, { textAlign: "center", textBaseline: "top" });
      pen.fillText(label, px, height - BOTTOM + 9);
    }

    tickY(pen, py, label) {
      pen.moveTo(LEFT - 5, py);
      pen.lineTo(LEFT, py);
      Object.assign(pen, { textAlign: "right", textBaseline: "middle" });
      pen.fillText(label, LEFT - 8, py, LEFT - 10);
    }

    /** Names of the axes, at their far ends, on the data's side of the strips. */
    drawTitles(pen, ink, size) {
      const name = ({ title, unit, kind }) => (unit && kind === "number" && !title.includes(unit) ? `${title}, ${unit}` : title);
      Object.assign(pen, { textAlign: "right", textBaseline: "bottom", fillStyle: ink.text, strokeStyle: ink.surface, lineWidth: 4, lineJoin: "round" });
      pen.font = '600 12px Inter, system-ui, sans-serif';
      const write = (text, x, y) => {
        pen.strokeText(text, x, y);
        pen.fillText(text, x, y);
      };
      write(`${name(this.info.axes.x)} →`, size.x - 12, size.y - BOTTOM - 8);
      pen.textAlign = "left";
      pen.textBaseline = "top";
      write(`${this.info.axes.y.reverse ? "↓" : "↑"} ${name(this.info.axes.y)}`, LEFT + 8, 10);
    }
  }

  Object.assign(board, { Axes, axesRoom: { left: LEFT, bottom: BOTTOM }, pageColours: colours });
})();
