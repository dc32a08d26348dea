/** Copying a text, where the browser allows it. */
(() => {
  "use strict";
  const board = (window.stageboard = window.stageboard || {});

  /** @returns {Promise<boolean>} whether it was copied */
  async function copyText(text) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      return false;
    }
  }

  Object.assign(board, { copyText });
})();
