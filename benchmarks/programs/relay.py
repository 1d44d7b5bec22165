"""A relay before a service on 127.0.0.1: `python3 relay.py PORT SECONDS [CERTIFICATE KEY]`, its port on stdout.

It hands everything on after so many seconds, with the service's own name in the header Host, and speaks TLS where it
has a certificate.
"""

from __future__ import annotations

import asyncio
import re
import ssl
import sys

_HOST = re.compile(rb"Host: [^\r\n]*\r\n", re.IGNORECASE)


async def main() -> None:
    """Serve until somebody ends the process."""
    port, delay, *files = sys.argv[1:]
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if files else None
    if tls:
        tls.load_cert_chain(*files)

    async def relayed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", int(port))
        host = f"Host: 127.0.0.1:{port}\r\n".encode()
        await asyncio.gather(handed_on(reader, back, float(delay), host), handed_on(there, writer))

    server = await asyncio.start_server(relayed, "127.0.0.1", 0, ssl=tls)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


async def handed_on(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float = 0.0, host: bytes = b""
) -> None:
    """Hand on what comes, each piece after the delay, until there is no more."""
    try:
        while data := await reader.read(1 << 16):
            await asyncio.sleep(delay)
            writer.write(_HOST.sub(host, data, count=1) if host else data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


if __name__ == "__main__":
    asyncio.run(main())
