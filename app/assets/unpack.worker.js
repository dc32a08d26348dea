/** The page's worker: it answers {id, body} by {id, inside}, or by {id, error}. */
self.onmessage = async ({ data: { id, body } }) => {
  try {
    const inside = await stageboard.inflate(body);
    postMessage({ id, inside }, [inside]);
  } catch (error) {
    postMessage({ id, error: error.message });
  }
};
postMessage({ ready: true });
