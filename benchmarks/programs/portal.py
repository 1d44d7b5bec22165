"""An access portal that takes 50 ms for each answer: `python3 portal.py`, its port on the first line of stdout.

`/counted` tells how many connections there were and how many requests at once, and starts counting anew.
"""

from __future__ import annotations

import asyncio
import json

DELAY = 0.05  # seconds
BODY = json.dumps({"roleList": [{"roleName": "ReadOnlyAccess", "accountId": "111122223333"}]}).encode()


class Portal:
    """Answers every path but one alike."""

    def __init__(self) -> None:
        """Count from nothing."""
        self.connections = self.flying = self.most = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection for as long as it lasts."""
        new = True
        while head := await self._head(reader):
            if head.startswith(b"GET /counted "):
                body = json.dumps([self.connections, self.most]).encode()
                self.connections = self.most = 0
            else:
                self.connections += new
                body = await self._answer()
                new = False
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
            await writer.drain()
        writer.close()

    async def _head(self, reader: asyncio.StreamReader) -> bytes:
        try:
            return await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            return b""

    async def _answer(self) -> bytes:
        self.flying += 1
        self.most = max(self.most, self.flying)
        await asyncio.sleep(DELAY)
        self.flying -= 1
        return BODY


async def main() -> None:
    """Serve until somebody ends the process."""
    server = await asyncio.start_server(Portal().serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
