"""A server on loopback for one test, which ends with its clients."""

import asyncio
from contextlib import asynccontextmanager, suppress


@asynccontextmanager
async def listening(on_client, tls=None):
    """Serve clients until they leave; yields the port."""
    ended = []

    async def serve(reader, writer):
        over = asyncio.get_running_loop().create_future()
        ended.append(over)
        with suppress(asyncio.IncompleteReadError, OSError):
            await on_client(reader, writer)
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        over.set_result(None)

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield server.sockets[0].getsockname()[1]
        await asyncio.gather(*ended)
