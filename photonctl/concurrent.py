"""Awaiting several things at once."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def together(*work: Coroutine[Any, Any, T]) -> list[T]:
    """Await all at once; the first failure stops the others and is raised as itself."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(item) for item in work]
    except BaseExceptionGroup as failures:
        raise _first(failures) from None
    return [task.result() for task in tasks]


async def all_of(*work: Coroutine[Any, Any, T]) -> list[T]:
    """Await all to their ends, whatever happens to one; then the first failure is raised."""
    done = await asyncio.gather(*work, return_exceptions=True)
    failed = next((one for one in done if isinstance(one, BaseException)), None)
    if failed is not None:
        raise failed
    return [one for one in done if not isinstance(one, BaseException)]


def _first(failures: BaseExceptionGroup[BaseException]) -> BaseException:
    first = failures.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
