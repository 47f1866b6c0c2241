"""Bodies of answers, within bounds."""

import httpx

_MOST_PIECES, _SMALLEST_PIECE = 10_000, 64  # a slow server's first ones, and bytes of the others


def refuse_compressed(response: httpx.Response) -> None:
    """Refuse an answer that would become larger than what was sent.

    Raises:
        httpx.DecodingError: it is compressed, which nobody asked for.
    """
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        raise httpx.DecodingError("the answer is compressed, which wasn't asked for")


async def read_whole(response: httpx.Response, largest: int) -> bytes:
    """Read a body of so many bytes at most, in pieces of a sensible size.

    Raises:
        httpx.DecodingError: it is larger, comes in tiny pieces, or is compressed.
    """
    refuse_compressed(response)
    data, pieces = bytearray(), 0
    async for piece in response.aiter_bytes():
        data += piece
        pieces += 1
        if len(data) > largest:
            raise httpx.DecodingError(f"the answer is larger than {largest // 2**20} MiB")
        if pieces > _MOST_PIECES + len(data) // _SMALLEST_PIECE:
            raise httpx.DecodingError("the answer comes in pieces of a few bytes")
    return bytes(data)
