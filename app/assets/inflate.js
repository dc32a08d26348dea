/** Unpacking a tile's body. It runs in the page and in its worker. */
(() => {
  "use strict";
  const board = (self.stageboard = self.stageboard || {});
  /** Bytes of a tile that can be meant: 256 planes of the widest numbers. */
  const LARGEST = 2 ** 30;

  /**
   * @param {ArrayBuffer} body gzip, its last four bytes the size of what is inside
   * @returns {Promise<ArrayBuffer>} rejects where the body is damaged
   */
  async function inflate(body) {
    const size = body.byteLength >= 18 ? new DataView(body).getUint32(body.byteLength - 4, true) : 0;
    if (size === 0 || size > LARGEST) throw new Error("this tile is damaged");
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

  Object.assign(board, { inflate });
})();
