/**
 * Prefetching: at rest, the tiles that the next move is likely to need, into the page's own cache.
 *
 * First the ring around the view on the side of the last motion, then the rest of the ring, then the tiles of a zoom out.
 * Nothing is asked for while anything else is on its way, and all stops at once when the user does anything. It can be
 * switched off: `localStorage["stageboard-prefetch"] = "off"`, or `stageboard.prefetch.enabled = false`.
 */
(() => {
  "use strict";
  const board = (window.stageboard = window.stageboard || {});
  const FIRST = 1000; // ms of rest after the page came
  const REST = 250; // ms of rest after an action
  const MOST = 16; // tiles a rest
  const SHARE = 0.25; // of the cache, for tiles that nothing has used yet
  const SWITCH = "stageboard-prefetch";
  const DOES = ["pointerdown", "wheel", "keydown"];

  /** Addresses of tiles that were fetched ahead and not used yet, the oldest first. */
  const unused = new Set();
  const counts = { prefetched: 0, used: 0, wasted: 0, bytes: 0 };

  function switchedOn() {
    try {
      return localStorage.getItem(SWITCH) !== "off";
    } catch {
      return true;
    }
  }

  /** Tiles that the cache has dropped by now are wasted. */
  function sweep() {
    for (const url of [...unused]) if (!board.tileCache.peek(url)) waste(url);
  }

  function waste(url) {
    unused.delete(url);
    counts.wasted++;
  }

  const prefetch = {
    enabled: switchedOn(),

    /** Note that a tile is used. @returns {boolean} whether it was fetched ahead for this */
    use(url) {
      sweep();
      if (!unused.delete(url)) return false;
      counts.used++;
      return true;
    },

    /** What became of all that was fetched ahead since the page was loaded. */
    stats() {
      sweep();
      return { ...counts, unused: unused.size };
    },
  };

  /** Keep what is not used yet within its share of the cache: the oldest go. */
  function makeRoom() {
    const size = (url) => board.tileCache.sizeOf(board.tileCache.peek(url));
    sweep();
    let held = [...unused].reduce((sum, url) => sum + size(url), 0);
    for (const url of [...unused]) {
      if (held <= board.tileCache.budget * SHARE) break;
      held -= size(url);
      board.tileCache.drop(url);
      waste(url);
    }
  }

  /** Tiles x, y, z of the world, from a rectangle of columns and rows. */
  function* tilesOf([x0, x1, y0, y1], z) {
    for (let y = y0; y < y1; y++) for (let x = x0; x < x1; x++) yield { x, y, z };
  }

  /**
   * What to fetch, the most likely first.
   * @param {number[]} rect columns x0, x1 and rows y0, y1 that are in view, half-open
   * @param {number} z of the tiles
   * @param {[number, number]} motion of the view, in pixels right and down
   * @param {number[]} extent of the data in quanta, x0, x1, y0, y1, half-open
   * @returns {{x: number, y: number, z: number}[]}
   */
  function wanted([x0, x1, y0, y1], z, [right, down], extent) {
    const ahead = ({ x, y }) => (right > 0 && x === x1) || (right < 0 && x < x0) || (down > 0 && y === y1) || (down < 0 && y < y0);
    const within = (at) => at.x >= x0 && at.x < x1 && at.y >= y0 && at.y < y1;
    const ring = [...tilesOf([x0 - 1, x1 + 1, y0 - 1, y1 + 1], z)].filter((at) => !within(at));
    const parents = z ? [...tilesOf([x0 >> 1, ((x1 - 1) >> 1) + 1, y0 >> 1, ((y1 - 1) >> 1) + 1], z - 1)] : [];
    return [...ring.filter(ahead), ...ring.filter((at) => !ahead(at)), ...parents].filter((at) => holdsData(at, extent));
  }

  function holdsData({ x, y, z }, [x0, x1, y0, y1]) {
    const side = 2 ** (32 - z);
    return x * side < x1 && (x + 1) * side > x0 && y * side < y1 && (y + 1) * side > y0;
  }

  /** Fetches ahead for one view, while it rests. */
  class Prefetcher {
    /** @param {L.Map} map @param {AggregateView} view */
    constructor(map, view) {
      Object.assign(this, { map, view, motion: [0, 0], queue: [], moved: false });
      this.stir = () => this.disturb();
      this.turn = () => this.follow();
      for (const name of DOES) addEventListener(name, this.stir, { capture: true, passive: true });
      document.addEventListener("visibilitychange", this.stir);
      map.on("movestart", this.stir).on("moveend", this.turn);
      this.follow();
    }

    /** The page is left: what nobody used is wasted. */
    remove() {
      this.stop();
      for (const name of DOES) removeEventListener(name, this.stir, { capture: true });
      document.removeEventListener("visibilitychange", this.stir);
      this.map.off("movestart", this.stir).off("moveend", this.turn);
      for (const url of [...unused]) waste(url);
    }

    stop() {
      clearTimeout(this.timer);
      this.queue = [];
      this.abort?.abort();
      this.abort = null;
    }

    /** The user does something. */
    disturb() {
      this.moved = true;
      this.rest();
    }

    /** Begin to wait for rest, anew. */
    rest() {
      this.stop();
      this.timer = setTimeout(() => this.begin(), this.moved ? REST : FIRST);
    }

    /** Note where the view went. */
    follow() {
      const zoom = this.map.getZoom();
      const { x, y } = this.map.project(this.map.getCenter(), zoom);
      const before = this.seen;
      this.seen = { zoom, x, y };
      const far = (by) => (Math.abs(by) > 8 ? by : 0);
      if (before?.zoom === zoom) this.motion = [far(x - before.x), far(y - before.y)];
      else this.motion = [0, 0];
    }

    begin() {
      const { view } = this;
      const allowed = prefetch.enabled && !document.hidden && !navigator.connection?.saveData && !board.toldToWait();
      if (!allowed || !view.exact || view.layer._tileZoom !== this.map.getZoom() || this.map._animatingZoom) return;
      const zoom = view.layer._tileZoom;
      const rect = board.tileRect(board.viewPixels(this.map, zoom), zoom - 1);
      const asked = wanted(rect, zoom - 1, this.motion, view.info.extent).map(({ x, y, z }) => view.address({ x, y, z: z + 1 }));
      this.queue = asked.filter((url) => !board.tileCache.peek(url)).slice(0, MOST);
      this.abort = new AbortController();
      this.next(this.abort.signal);
    }

    /** Fetch one after the other until the user stirs, or the server has better to do. */
    async next(signal) {
      try {
        while (this.queue.length && !signal.aborted) await fetchAhead(this.queue.shift(), signal);
      } catch {
        // Aborted, busy or gone: none of these is the user's concern; the next rest tries again.
        if (!signal.aborted) this.stop();
      }
    }
  }

  async function fetchAhead(url, signal) {
    const response = await fetch(url, { signal, priority: "low", headers: { "Stageboard-Prefetch": "1" } });
    board.heed(response);
    // 202: the server has better to do. An error would be noted in the browser's console.
    if (!response.ok || response.status === 202) throw new Error(`the server answered ${response.status}`);
    const tile = response.status === 204 ? { empty: true } : await board.unpacker.unpack(await response.arrayBuffer());
    if (signal.aborted || board.tileCache.peek(url)) return;
    board.tileCache.put(url, tile);
    unused.add(url);
    counts.prefetched++;
    counts.bytes += Number(response.headers.get("Content-Length") || 0);
    makeRoom();
  }

  Object.assign(board, { prefetch, Prefetcher, tilesAhead: wanted });
})();
