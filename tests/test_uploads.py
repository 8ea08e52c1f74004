"""Uploads by one PUT: what is begun, what is taken, and that nothing stays of what is refused."""

from pathlib import Path

from .uploading import sha256, shop


async def test_bytes_become_a_file_that_is_ready(fresh_url: str, tmp_path: Path) -> None:
    async with shop(fresh_url, tmp_path) as place:
        made = await place.create(size=5, name="../../etc/a.txt", type="text/plain")
        assert made["method"] == "PUT"
        assert made["headers"] == made["fields"] == {}
        assert await place.state(made["id"]) == "pending"
        answer = await place.client.put(made["url"], content=b"hello")
        assert answer.status_code == 201, answer.text
        assert answer.json() == {
            "id": made["id"],
            "name": "a.txt",
            "size": 5,
            "contentType": "text/plain",
            "checksum": sha256(b"hello"),
        }
        assert place.bytes() == [b"hello"]
        assert await place.state(made["id"]) == "ready"
