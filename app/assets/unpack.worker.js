/** The page's worker: it answers {id, body} by {id, tile}, or by {id, error}. */
self.onmessage = async ({ data: { id, body } }) => {
  try {
    const tile = await stageboard.readTile(body);
    postMessage({ id, tile }, [tile.values.buffer]);
  } catch (error) {
    postMessage({ id, error: error.message });
  }
};
postMessage({ ready: true });
