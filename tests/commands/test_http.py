"""What commands ask an API, and what they say where it doesn't answer."""

from __future__ import annotations

import json
import os
import socket
from typing import TYPE_CHECKING

import pytest

from rinha.commands.errors import CommandError
from rinha.commands.http import Api, Place, find_api, parse_place
from rinha.commands.main import main
from rinha.net.address import UnixAddress
from rinha.net.http_url import HttpUrl
from rinha.process import ExitCode
from rinha.settings.load import load_settings
from rinha.settings.secret import Secret
from tests.commands.scripted_api import ScriptedApi, scripted_api
from tests.support.processes import free_port

if TYPE_CHECKING:
    from pathlib import Path

TOKEN = "0123456789abcdef"


def api_at(url: str, token: str = "", timeout_s: float = 10.0) -> Api:
    return Api(parse_place(url), Secret(token), timeout_s=timeout_s)


def failure(api: Api) -> tuple[str, ExitCode]:
    with pytest.raises(CommandError) as caught:
        api.get("/held")
    return str(caught.value), caught.value.exit_code


def test_an_answer_is_its_json(api: ScriptedApi) -> None:
    api.say("GET /held", {"why": "ü"})
    assert api_at(api.url).get("/held") == {"why": "ü"}
    assert api.authorizations == [None]


def test_parameters_that_are_empty_are_left_out(api: ScriptedApi) -> None:
    api.say("GET /payments?limit=0", [])
    assert api_at(api.url).get("/payments", state="", limit=0, after="") == []


def test_the_token_goes_with_every_request(api: ScriptedApi) -> None:
    api.say("POST /parked/retry", {"retried": 2})
    assert api_at(api.url, TOKEN).post("/parked/retry") == {"retried": 2}
    assert api.authorizations == [f"Bearer {TOKEN}"]


def test_a_path_stands_before_all_others(api: ScriptedApi) -> None:
    api.say("GET /rinha/held", 1)
    assert api_at(f"{api.url}/rinha/").get("/held") == 1


def test_a_unix_socket_is_asked_alike(tmp_path: Path) -> None:
    with scripted_api(tmp_path / "api") as api:
        api.say("GET /held", 1)
        assert api_at(api.url).get("/held") == 1


def test_ipv6_is_asked_alike() -> None:
    try:
        server = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError as error:
        pytest.skip(f"no IPv6 here: {error}")
    url = f"http://[::1]:{server.getsockname()[1]}"
    server.close()
    assert failure(api_at(url))[0].startswith(f"nobody answers at {url} (Connection refused): ")


@pytest.mark.parametrize("url", ["http://127.0.0.1:{port}", "unix:{directory}/none"])
def test_where_nobody_is_the_way_out_is_said(url: str, tmp_path: Path) -> None:
    url = url.format(port=free_port(), directory=tmp_path)
    said, code = failure(api_at(url))
    assert said.startswith(f"nobody answers at {url} (")
    assert said.endswith("): start the system with `rinha up`, or say with --url where it is")
    assert code is ExitCode.UNAVAILABLE


def test_a_name_that_nobody_has_is_nobody() -> None:
    said, code = failure(api_at("http://nobody.invalid"))
    assert said.startswith("nobody answers at http://nobody.invalid (")
    assert code is ExitCode.UNAVAILABLE


def test_one_that_is_silent_is_waited_for_and_no_longer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        said, code = failure(api_at(url, timeout_s=0.05))
    assert said == f"{url} doesn't answer within 0.05 s: look at its log, or try again"
    assert code is ExitCode.UNAVAILABLE


@pytest.mark.parametrize(
    ("status", "code"),
    [(400, ExitCode.REFUSED), (403, ExitCode.REFUSED), (404, ExitCode.FAILED), (409, ExitCode.FAILED)]
    + [(status, ExitCode.UNAVAILABLE) for status in (502, 503, 504)],
)
def test_a_refusal_is_the_api_s_own_words(api: ScriptedApi, status: int, code: ExitCode) -> None:
    api.say("GET /held", {"title": "No", "detail": "The worker is away since 12:00:03."}, status)
    assert failure(api_at(api.url)) == ("The worker is away since 12:00:03.", code)


def test_a_missing_token_is_named(api: ScriptedApi) -> None:
    api.say("GET /held", {"detail": "Send it as Authorization: Bearer <token>."}, 401)
    said, code = failure(api_at(api.url))
    assert said == f"{api.url} wants the administrator's token: set RINHA_ADMIN_TOKEN to it"
    assert code is ExitCode.REFUSED


@pytest.mark.parametrize(("status", "body"), [(200, b"<html>"), (404, b"no such page"), (404, b"[]"), (500, b"{}")])
def test_a_stranger_is_known_as_one(api: ScriptedApi, status: int, body: bytes) -> None:
    api.say("GET /held", body, status)
    said, code = failure(api_at(api.url))
    assert f"{api.url} answers {status} without" in said
    assert "say with --url" in said
    assert code is ExitCode.REFUSED


def test_what_speaks_no_http_is_a_stranger() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        reply = b"SSH-2.0-OpenSSH_9.6\r\n"

        def answer() -> None:
            client = server.accept()[0]
            client.recv(1000)
            client.sendall(reply)
            client.close()

        import threading

        thread = threading.Thread(target=answer)
        thread.start()
        said, code = failure(api_at(f"127.0.0.1:{server.getsockname()[1]}"))
        thread.join()
    assert "answers not in HTTP, so it is no API" in said
    assert code is ExitCode.REFUSED


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("http://h:1", HttpUrl("h", 1)),
        ("h:1", HttpUrl("h", 1)),
        ("http://[::1]:1/p/", HttpUrl("::1", 1, "/p")),
        ("unix:/run/api", UnixAddress("/run/api")),
    ],
)
def test_where_an_api_is_can_be_said_briefly(text: str, place: Place) -> None:
    assert parse_place(text) == place


@pytest.mark.parametrize("text", ["https://h", "http://u:p@h", "unix:api", "ftp://h", "h:port"])
def test_nonsense_as_a_place_is_refused(text: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["held", "--url", text])
    assert ended.value.code == 2
    assert "--url" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("environ", "place"),
    [
        ({}, "http://localhost:9999"),
        ({"RINHA_PORT": "8080"}, "http://localhost:8080"),
        ({"RINHA_HOST": "::1"}, "http://[::1]:9999"),
        ({"RINHA_HOST": "::"}, "http://localhost:9999"),
        ({"RINHA_HOST": "unix:/run/apis/payment-api-1"}, "unix:/run/apis/payment-api-1"),
    ],
)
def test_who_says_nothing_means_the_api_of_the_settings(environ: dict[str, str], place: str) -> None:
    assert str(find_api(load_settings(environ), url=None, running="").place) == place


def test_what_runs_counts_more_and_what_is_said_most() -> None:
    settings = load_settings({})
    assert str(find_api(settings, url=None, running="http://127.0.0.1:1").place) == "http://127.0.0.1:1"
    assert str(find_api(settings, url=parse_place("h:2"), running="http://127.0.0.1:1").place) == "http://h:2"


def test_what_rinha_up_has_left_is_found(api: ScriptedApi, capfd: pytest.CaptureFixture[str]) -> None:
    api.say("GET /processors", {"processors": []})
    word = {"RINHA_BRIDGE": "tcp://127.0.0.1:1", "url": api.url}
    path = f"{os.environ['XDG_RUNTIME_DIR']}/rinha.json"
    with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
        json.dump(word, file)
    assert main(["processors", "--json"]) == 0
    assert json.loads(capfd.readouterr().out) == {"processors": []}


def test_an_error_is_one_sentence_on_stderr(api: ScriptedApi, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["held", "--url", api.url]) == ExitCode.FAILED
    assert capfd.readouterr() == ("", "Nobody has scripted GET /payments?limit=20.\n")
