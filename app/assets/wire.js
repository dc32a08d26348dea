/** Reading tiles as `app/pipeline/tiles.py` writes them. It runs in the page and in its worker. */
(() => {
  "use strict";
  const board = (self.stageboard = self.stageboard || {});
  const TYPES = { 1: Uint8Array, 2: Uint16Array, 3: Uint32Array, 4: Float32Array, 5: Float64Array };
  const HEADER = 16;
  /** Bytes of a tile that can be meant: 256 planes of the widest numbers. */
  const LARGEST = 2 ** 30;
  const damaged = () => new Error("this tile is damaged");

  /**
   * @param {ArrayBuffer} body gzip, its last four bytes the size of what is inside
   * @returns {Promise<ArrayBuffer>}
   */
  async function inflate(body) {
    const size = body.byteLength >= 18 ? new DataView(body).getUint32(body.byteLength - 4, true) : 0;
    if (size === 0 || size > LARGEST) throw damaged();
    const inside = new Uint8Array(size);
    const stream = new DecompressionStream("gzip");
    const [writer, reader] = [stream.writable.getWriter(), stream.readable.getReader()];
    const written = Promise.all([writer.write(new Uint8Array(body)), writer.close()]);
    written.catch(() => {}); // the reader is told as well, and may be first
    for (let at = 0; ; ) {
      const { done, value } = await reader.read();
      if (done) break;
      inside.set(value, at);
      at += value.length;
    }
    await written;
    return inside.buffer;
  }

  function decode(buffer) {
    const view = new DataView(buffer);
    const magic = buffer.byteLength >= HEADER ? String.fromCharCode(...new Uint8Array(buffer, 0, 4)) : "";
    if (magic !== "SBT1") throw new Error("this is not an aggregate tile");
    const Type = TYPES[view.getUint8(4)];
    if (!Type) throw damaged();
    const [apron, size, planes] = [view.getUint8(5), view.getUint16(6, true), view.getUint16(8, true)];
    const count = planes * (size + 2 * apron) ** 2;
    return { values: cells(buffer, Type, count, view.getUint32(12, true)), apron, size, planes, float: Type.name.startsWith("Float") };
  }

  /** All cells, where `filled` of them, or with 0 all, are in the buffer. */
  function cells(buffer, Type, count, filled) {
    const bitmap = filled ? Math.ceil(count / 64) * 8 : 0;
    if (buffer.byteLength !== HEADER + bitmap + (filled || count) * Type.BYTES_PER_ELEMENT) throw damaged();
    const held = new Type(buffer, HEADER + bitmap, filled || count);
    if (!filled) return held;
    const all = new Type(count).fill(NaN);
    const bits = new Uint8Array(buffer, HEADER, bitmap);
    let next = 0;
    for (let at = 0; at < bitmap; at++) {
      for (let byte = bits[at], cell = 8 * at; byte; byte >>= 1, cell++) if (byte & 1) all[cell] = held[next++];
    }
    if (next !== filled) throw damaged();
    return all;
  }

  /**
   * @param {ArrayBuffer} body of a tile's answer
   * @returns {Promise<{values: TypedArray, apron: number, size: number, planes: number, float: boolean}>} rejects where the body is damaged
   */
  const readTile = async (body) => decode(await inflate(body));

  Object.assign(board, { readTile });
})();
