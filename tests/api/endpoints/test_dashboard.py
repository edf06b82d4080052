"""``GET /dashboard`` and its files, over a real socket."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import rinha.api

if TYPE_CHECKING:
    from multidict import CIMultiDictProxy

    from tests.api.conftest import Api, StartApi

FILES = sorted(each.name for each in Path(rinha.api.__file__ or "").parent.joinpath("dashboard").iterdir())
MAX_BYTES = 150_000


async def get(api: Api, path: str, **headers: str) -> tuple[int, CIMultiDictProxy[str], bytes]:
    async with api.client.get(path, headers=headers) as response:
        return response.status, response.headers, await response.read()


async def test_the_page_and_all_its_files_are_served_and_small(api: Api) -> None:
    pages = [await get(api, path) for path in ("/dashboard", *(f"/dashboard/{name}" for name in FILES))]
    for status, headers, body in pages:
        assert status == 200
        assert body
        assert headers["Content-Security-Policy"].startswith("default-src 'self';")
        assert headers["X-Content-Type-Options"] == "nosniff"
    assert sum(len(body) for _, _, body in pages) <= MAX_BYTES


async def test_what_it_has_already_is_not_sent_again(api: Api) -> None:
    _, headers, _ = await get(api, "/dashboard")
    status, again, body = await get(api, "/dashboard", **{"If-None-Match": headers["ETag"]})
    assert (status, body, again["ETag"]) == (304, b"", headers["ETag"])


@pytest.mark.parametrize("name", ["nothing.js", "__init__.py", "..", "%2e%2e", "index.html/x", ""])
async def test_there_are_no_other_files(api: Api, name: str) -> None:
    assert (await api.answer(f"GET /dashboard/{name} HTTP/1.1\r\nHost: x\r\n\r\n".encode())).status == 404


async def test_it_can_be_switched_off(start_api: StartApi) -> None:
    api = await start_api(dashboard=False)
    assert [(await get(api, path))[0] for path in ("/dashboard", "/dashboard/main.js", "/overview")] == [404] * 3


async def test_with_a_token_the_page_is_open_and_its_data_is_not(start_api: StartApi) -> None:
    api = await start_api(admin_token="a token of 16 chars")
    assert [(await get(api, path))[0] for path in ("/dashboard", "/dashboard/main.js", "/overview")] == [200, 200, 401]


async def test_nothing_stands_in_the_page_that_its_policy_forbids(api: Api) -> None:
    html = (await get(api, "/dashboard"))[2].decode()
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:|https?://", html)
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", html))
