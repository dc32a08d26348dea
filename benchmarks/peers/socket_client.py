"""A session of Panel without a browser: Bokeh's protocol over one websocket."""

import asyncio
import json
from dataclasses import dataclass
from itertools import count
from typing import Any

from bokeh.util.token import generate_jwt_token, generate_session_id
from tornado.websocket import WebSocketClientConnection, websocket_connect

_NUMBERS = count()
# A picture of 800 x 400 pixels is longer than all else that the server sends.
PICTURE_BYTES = 500_000
# Panel draws nothing for a page that has not said so.
_READY = {
    "kind": "MessageSent",
    "msg_type": "bokeh_event",
    "msg_data": {"type": "event", "name": "document_ready", "values": {"type": "map"}},
}


@dataclass
class PanelSession:
    """An open session: its connection, and the widget that chooses the colormap."""

    connection: WebSocketClientConnection
    widget: str
    values: list[str]

    @classmethod
    async def open(cls, url: str, seconds: float = 60) -> "PanelSession":
        """Open a session as a browser does: the server builds its document, with the first picture."""
        token = generate_jwt_token(generate_session_id())
        connection = await websocket_connect(
            url.replace("http", "ws") + "/ws", subprotocols=["bokeh", token], max_message_size=2**28
        )
        await asyncio.wait_for(_reply(connection, "ACK"), seconds)
        await _send(connection, "PULL-DOC-REQ", {})
        document = await asyncio.wait_for(_reply(connection, "PULL-DOC-REPLY"), seconds)
        widget = next(one for one in _models(document) if one.get("attributes", {}).get("title") == "Cmap")
        options = widget["attributes"]["options"]
        await _send(connection, "PATCH-DOC", {"events": [_READY]})
        return cls(connection, widget["id"], [value for value, _ in options])

    async def choose(self, turn: int) -> None:
        """Change the colormap, and wait for the new picture."""
        change = {"kind": "ModelChanged", "model": {"id": self.widget}, "attr": "value"}
        await _send(self.connection, "PATCH-DOC", {"events": [{**change, "new": self.values[turn % len(self.values)]}]})
        while True:
            message = await self.connection.read_message()
            if message is None:
                raise ConnectionError("the server closed the session")
            if isinstance(message, bytes) and len(message) > PICTURE_BYTES:
                return

    def close(self) -> None:
        """End the session."""
        self.connection.close()


async def _send(connection: WebSocketClientConnection, kind: str, content: dict[str, Any]) -> None:
    """Send a message: header, metadata, and content."""
    for part in ({"msgid": f"m{next(_NUMBERS)}", "msgtype": kind}, {}, content):
        await connection.write_message(json.dumps(part))


async def _reply(connection: WebSocketClientConnection, kind: str) -> Any:
    """Return the content of the next message of a kind."""
    while (message := await connection.read_message()) is not None:
        header = json.loads(message) if isinstance(message, str) else {}
        if header.get("msgtype") == kind:
            await connection.read_message()  # metadata
            content = json.loads(await connection.read_message() or "{}")
            for _ in range(2 * header.get("num_buffers", 0)):  # each with a header
                await connection.read_message()
            return content
    raise ConnectionError(f"the server closed the connection before {kind}")


def _models(tree: Any) -> Any:
    """Yield every dictionary in a tree of JSON."""
    if isinstance(tree, dict):
        yield tree
        tree = list(tree.values())
    if isinstance(tree, list):
        for one in tree:
            yield from _models(one)
