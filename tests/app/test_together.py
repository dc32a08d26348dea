"""Real workers that share a store: a cold view is computed once for all who ask, and a Redis may come and go."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from time import monotonic
from urllib.request import Request, urlopen

from tests.app.test_serving import Start, ask, start
from tests.redis_server import RedisServer

__all__ = ["start"]
CLIENTS = 200


def test_a_cold_view_is_computed_once_for_200_clients_of_four_workers(start: Start) -> None:
    _, address = start("--workers", "4")
    together = Barrier(CLIENTS)

    def visit(_: int) -> tuple[bytes, str]:
        together.wait(60)
        with urlopen(Request(f"{address}/image/places/map.png?width=500&height=300"), timeout=60) as answer:
            return bytes(answer.read()), answer.headers["Server-Timing"]

    with ThreadPoolExecutor(CLIENTS) as pool:
        answers = list(pool.map(visit, range(CLIENTS)))
    assert len({body for body, _ in answers}) == 1
    assert answers[0][0].startswith(b"\x89PNG")
    for stage in ("grid", "stats", "index", "encode"):
        ran = [said for _, said in answers if re.search(rf'{stage};[^,]*desc="?ran', said)]
        assert len(ran) == 1, (stage, len(ran))


def test_a_redis_that_goes_and_comes_back_is_no_error_for_anyone(start: Start, tmp_path: Path) -> None:
    server = RedisServer(tmp_path, "--requirepass", "h0rse")
    try:
        _, address = start("--store", server.url)
        image = f"{address}/image/places/map.png?height=200&width="
        first = ask(f"{image}300")
        server.stop()
        assert ask(f"{image}300") == first
        assert ask(f"{image}310").startswith(b"\x89PNG")
        ends = monotonic() + 30
        while "cannot be reached" not in (health := ask(f"{address}/health").decode()):
            assert monotonic() < ends, health
        assert "h0rse" not in health
        server.start()
        while (last := json.loads(ask(f"{address}/health"))["store"][-1])["detail"] or not last["entries"]:
            assert monotonic() < ends + 30
            ask(f"{image}{int(monotonic() * 10) % 500 + 320}")
    finally:
        server.stop()
