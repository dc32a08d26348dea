/** Text chunks of a PNG: what a picture shows, and from where, kept in its file. Pure functions. */
(() => {
  "use strict";
  const board = (window.stageboard = window.stageboard || {});
  /** Bytes: the signature, and the header chunk behind it, which must come first. */
  const AFTER_HEADER = 8 + 25;
  /** Latin-1 without its control characters, as a keyword must have it. */
  const KEYWORD = /^[\x21-\x7e\xa1-\xff]([\x20-\x7e\xa1-\xff]{0,77}[\x21-\x7e\xa1-\xff])?$/;

  const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
    let word = n;
    for (let bit = 0; bit < 8; bit++) word = word & 1 ? 0xedb88320 ^ (word >>> 1) : word >>> 1;
    return word >>> 0;
  });

  function crc(bytes) {
    let word = 0xffffffff;
    for (const byte of bytes) word = TABLE[(word ^ byte) & 255] ^ (word >>> 8);
    return (word ^ 0xffffffff) >>> 0;
  }

  /** A chunk of international text, not compressed: keyword, two flags, no language, no translation, then UTF-8. */
  function textChunk(keyword, text) {
    if (!KEYWORD.test(keyword)) throw new RangeError(`${JSON.stringify(keyword)} cannot be a keyword of a PNG: give 1 to 79 characters of Latin-1.`);
    const name = Uint8Array.from(keyword, (letter) => letter.charCodeAt(0));
    const body = [...new TextEncoder().encode("iTXt"), ...name, 0, 0, 0, 0, 0, ...new TextEncoder().encode(text)];
    const chunk = new Uint8Array(body.length + 8);
    const view = new DataView(chunk.buffer);
    view.setUint32(0, body.length - 4);
    chunk.set(body, 4);
    view.setUint32(body.length + 4, crc(body));
    return chunk;
  }

  /**
   * A PNG with texts behind its header.
   * @param {Uint8Array} png
   * @param {Object<string, string>} texts by keyword
   * @returns {Blob}
   */
  function withTexts(png, texts) {
    const chunks = Object.entries(texts).map(([keyword, text]) => textChunk(keyword, text));
    return new Blob([png.subarray(0, AFTER_HEADER), ...chunks, png.subarray(AFTER_HEADER)], { type: "image/png" });
  }

  Object.assign(board, { pngWithTexts: withTexts });
})();
