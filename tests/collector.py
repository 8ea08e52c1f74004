"""A process that collects, and says each key that it is about to delete: to be killed."""

import asyncio
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from .storing import START, stored


class Telling:
    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def delete(self, key: str) -> None:
        print(key, flush=True)
        await self._inner.delete(key)
        await asyncio.sleep(0.001)


async def main() -> None:
    url, folder = sys.argv[1:]
    async with stored(url, Path(folder), lambda: START + timedelta(days=2), Telling) as (_, storage):
        await storage.collect()


if __name__ == "__main__":
    asyncio.run(main())
