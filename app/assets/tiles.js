/**
 * Aggregate tiles: fetching, and the cache in memory that survives Dash's page changes.
 * A tile is the numbers that `wire.js` reads; what they look like is `shade.js`.
 */
(() => {
  "use strict";
  const board = (window.stageboard = window.stageboard || {});
  const BUDGET = 256 * 2 ** 20;

  /** Tiles by address, the least recently used dropped first, bounded in bytes. */
  class TileCache {
    constructor(budget) {
      this.budget = budget;
      this.bytes = 0;
      this.tiles = new Map();
    }

    get(url) {
      const tile = this.tiles.get(url);
      if (tile) {
        this.tiles.delete(url);
        this.tiles.set(url, tile);
      }
      return tile;
    }

    /** A tile, if it is here, without counting as a use of it. */
    peek(url) {
      return this.tiles.get(url);
    }

    /** Bytes of a tile: thrice the numbers, since shading keeps its own beside them. */
    sizeOf(tile) {
      return tile.empty ? 64 : tile.values.byteLength * 3;
    }

    put(url, tile) {
      if (!this.tiles.has(url)) this.bytes += this.sizeOf(tile);
      this.tiles.set(url, tile);
      for (const old of this.tiles.keys()) {
        if (this.bytes <= this.budget || old === url) break;
        this.drop(old);
      }
    }

    drop(url) {
      this.bytes -= this.sizeOf(this.tiles.get(url));
      this.tiles.delete(url);
    }
  }

  const cache = new TileCache(BUDGET);
  /** Requests under way, by address: who wants the tile that another view asks for waits for it, and tells the same of it. */
  const coming = new Map();

  /** Parse `Server-Timing` into {stage: {how, ms}}. */
  function serverTiming(header) {
    const stages = {};
    for (const part of (header || "").split(",")) {
      const [name, ...rest] = part.trim().split(";");
      if (!name) continue;
      const fields = Object.fromEntries(rest.map((one) => one.trim().split("=")));
      stages[name] = { how: (fields.desc || "ran").replaceAll('"', ""), ms: Number(fields.dur || 0), parts: Number(fields.parts || 0) };
    }
    return stages;
  }

  /** Whether the browser answered from its own cache; its stored Server-Timing then speaks of another day. */
  function fromBrowserCache(url) {
    const entries = performance.getEntriesByName(new URL(url, location.href).href, "resource");
    const last = entries[entries.length - 1];
    return Boolean(last && last.transferSize === 0 && last.responseEnd > 0);
  }

  /**
   * Fetch one tile, from memory where it has been seen.
   * @param {string} url
   * @param {number[]} rect columns and rows, half-open, that the view is about to need
   * @param {AbortSignal} signal
   * @param {Lane} [lane] of the view that wants it; without one, nothing stops its computation
   * @returns {Promise<{tile: object, fact: {where: string, ahead: boolean, bytes: number, timing: object}}>} ahead: prefetched
   */
  async function fetchTile(url, rect, signal, lane) {
    const shared = coming.has(url) && (await coming.get(url).catch(() => null));
    if (shared) return shared;
    const seen = cache.get(url);
    if (seen) return { tile: seen, fact: { where: "page", ahead: board.prefetch.use(url), bytes: 0, timing: {} } };
    const asked = askForTile(url, rect, signal, lane);
    coming.set(url, asked);
    try {
      return await asked;
    } finally {
      if (coming.get(url) === asked) coming.delete(url);
    }
  }

  async function askForTile(url, rect, signal, lane) {
    if (performance.getEntriesByType("resource").length > 200) performance.clearResourceTimings();
    const ask = () => {
      const wanted = lane ? { "Stageboard-View": lane.rect.join(","), "Stageboard-Lane": lane.text() } : { "Stageboard-View": rect.join(",") };
      const asked = fetch(url, { signal, headers: wanted });
      return lane ? lane.during(asked) : asked;
    };
    const response = await board.askAgain(ask, signal);
    if (!response.ok) throw Object.assign(new Error(await reason(response)), { status: response.status });
    const empty = response.status === 204;
    const tile = empty ? { empty } : await board.unpacker.unpack(await response.arrayBuffer());
    cache.put(url, tile);
    const cached = fromBrowserCache(url);
    const timing = cached ? {} : serverTiming(response.headers.get("Server-Timing"));
    const bytes = cached ? 0 : Number(response.headers.get("Content-Length") || 0);
    return { tile, fact: { where: cached ? "browser" : "server", ahead: false, bytes, timing } };
  }

  /** The server's own sentence about an error. */
  async function reason(response) {
    try {
      return (await response.json()).error || `the server answered ${response.status}`;
    } catch {
      return `the server answered ${response.status}`;
    }
  }

  Object.assign(board, { TileCache, tileCache: cache, fetchTile, reason, serverTiming });
})();
