/** What lies under and over the data of a picture of a map: coastlines or tiles of the network, names, the scale bar. */
(() => {
  "use strict";
  const board = (window.stageboard = window.stageboard || {});
  const AROUND = 40075016.68; // metres, along the equator

  /** Wait for a picture of the network; rejects where it does not come, or may not be drawn. */
  async function loaded(address) {
    const image = new Image();
    image.crossOrigin = "anonymous";
    image.src = address;
    await image.decode();
    return image;
  }

  /** Places of tiles of a side that a rectangle of pixels touches, within a world of so many. */
  function touched({ x0, x1, y0, y1 }, side, count) {
    const found = [];
    for (let y = Math.max(0, Math.floor(y0 / side)); y * side < y1 && y < count; y++) for (let x = Math.max(0, Math.floor(x0 / side)); x * side < x1 && x < count; x++) found.push({ x, y });
    return found;
  }

  /** Draw the built-in coastlines. */
  async function coast(pen, { rect, z }, { left, top }, unit, place) {
    const scratch = document.createElement("canvas");
    for (const { x, y } of touched(rect, board.TILE, 2 ** z)) {
      await board.drawCoast(scratch, { x, y, z: z + 1 }, place, 1, unit);
      pen.drawImage(scratch, left + x * board.TILE - rect.x0, top + y * board.TILE - rect.y0);
    }
  }

  /** Draw tiles of the network, of the zoom at which their own texts have the picture's size. */
  async function network(pen, { rect, z }, { left, top }, unit, { url, max_zoom: deepest = 19 }) {
    const zoom = Math.max(0, Math.min(deepest, z + 1 - Math.round(Math.log2(unit))));
    const side = 256 * 2 ** (z + 1 - zoom);
    const tiles = touched(rect, side, 2 ** zoom);
    const images = await Promise.all(tiles.map(({ x, y }) => loaded(L.Util.template(url, { x, y, z: zoom, s: "abc"[(x + y) % 3], r: "" }))));
    tiles.forEach(({ x, y }, i) => pen.drawImage(images[i], left + x * side - rect.x0, top + y * side - rect.y0, side, side));
  }

  /**
   * Draw what lies under the data.
   * @returns {Promise<string>} whose it is, for the attribution; empty where nothing is drawn
   */
  async function drawUnder(pen, picture, at, unit, { base, look, place }) {
    const known = base.known[look.basemap] || {};
    pen.globalAlpha = look.map_opacity / 100;
    let whose = "";
    try {
      if (known.url && !base.failed) {
        await network(pen, picture, at, unit, known);
        whose = new DOMParser().parseFromString(known.attribution || "", "text/html").body.textContent;
      }
    } catch {
      base.tell(`${known.title} could not be loaded for the picture, so the built-in coastlines are drawn instead.`);
    }
    if (!whose && look.basemap !== "none") {
      await coast(pen, picture, at, unit, place);
      whose = "Natural Earth";
    }
    pen.globalAlpha = 1;
    return whose;
  }

  /** Write names of places over the data. */
  async function drawNames(pen, { rect, z, size }, { left, top }, unit, place) {
    const names = await board.loadNames();
    pen.save();
    pen.beginPath();
    pen.rect(left, top, size.width, size.height);
    pen.clip();
    pen.translate(left, top);
    pen.scale(unit, unit);
    const view = { zoom: z + 1 - Math.log2(unit), left: rect.x0 / unit, top: rect.y0 / unit, width: size.width / unit, height: size.height / unit };
    board.penNames(pen, names, view, getComputedStyle(place));
    pen.restore();
  }

  /** Draw a bar of a round number of metres in the lower right corner, true in the middle of the picture. */
  function drawScaleBar(pen, { rect, z, size }, { left, top }, unit, style) {
    const world = board.TILE * 2 ** z;
    const middle = Math.PI * (1 - (rect.y0 + rect.y1) / world);
    const metres = AROUND / Math.cosh(middle) / world;
    const most = metres * 100 * unit;
    const power = 10 ** Math.floor(Math.log10(most));
    const round = power * ([5, 3, 2].find((one) => one * power <= most) ?? 1);
    const [right, bottom, length] = [left + size.width - 12 * unit, top + size.height - 12 * unit, round / metres];
    pen.save();
    Object.assign(pen, { strokeStyle: style.getPropertyValue("--map-halo"), lineWidth: 5 * unit, lineJoin: "round", textAlign: "left", textBaseline: "bottom" });
    pen.font = `${11 * unit}px Inter, system-ui, sans-serif`;
    const trace = () => {
      pen.beginPath();
      for (const [x, y] of [[right - length, bottom - 6 * unit], [right - length, bottom], [right, bottom], [right, bottom - 6 * unit]]) pen.lineTo(x, y);
      pen.stroke();
    };
    const text = round >= 1000 ? `${round / 1000} km` : `${round} m`;
    trace();
    Object.assign(pen, { lineWidth: 3 * unit });
    pen.strokeText(text, right - length + 5 * unit, bottom - 3 * unit);
    Object.assign(pen, { strokeStyle: style.getPropertyValue("--text"), fillStyle: style.getPropertyValue("--text"), lineWidth: 1.5 * unit });
    trace();
    pen.fillText(text, right - length + 5 * unit, bottom - 3 * unit);
    pen.restore();
  }

  Object.assign(board, { pictureMap: { drawUnder, drawNames, drawScaleBar } });
})();
