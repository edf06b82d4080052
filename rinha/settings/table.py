"""The settings: one table, from which come parsing, errors, ``rinha check`` and the README's list of variables."""

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from rinha.net.address import Address, TcpAddress, UnixAddress, parse_host_or_path
from rinha.net.nats_url import NatsUrl, parse_nats_url
from rinha.net.secret import FixedSecret, SharedSecret
from rinha.settings.processors import ProcessorSettings
from rinha.settings.readers import own_name, parse_api_name, parse_bridge, parse_journal_id
from rinha.settings.secret import Secret, parse_token
from rinha.settings.variable import ReadBy, Variable
from rinha.store.url import StoreUrl, parse_store_url


class Settings(Struct, frozen=True, kw_only=True):
    """What the processes of the system are told, read and checked. Each field's annotation says what it means."""

    host: Annotated[
        str | UnixAddress,
        ReadBy(parse_host_or_path),
        Variable(
            "RINHA_HOST",
            "0.0.0.0",
            "address that the HTTP APIs listen on, `::` for all of IPv6 and IPv4; for `rinha api` also a Unix socket, "
            "`unix:/path`, without a port",
        ),
    ]
    port: Annotated[
        int,
        Meta(ge=0, le=65535),
        Variable("RINHA_PORT", "9999", "port that the HTTP APIs listen on; 0 takes a free one"),
    ]
    processors: tuple[ProcessorSettings, ...]
    simulate: bool
    """Whether nobody named processors, so that ``rinha up`` has to simulate them."""
    bridge: Annotated[
        Address,
        ReadBy(parse_bridge),
        Variable(
            "RINHA_BRIDGE",
            "tcp://127.0.0.1:7000",
            "where the worker listens and the APIs connect: `tcp://host:port` or `unix:/path`; "
            "`rinha up` takes a free port of loopback if it isn't set",
        ),
    ]
    bridge_secret: Annotated[
        SharedSecret,
        ReadBy(FixedSecret.of),
        Variable(
            "RINHA_BRIDGE_SECRET",
            "",
            "secret shared by worker and APIs, of at least 16 bytes; it or its file is required unless the bridge is "
            "on loopback or a Unix socket; `rinha up` makes one if neither they nor `RINHA_BRIDGE` are set",
            secret=True,
        ),
    ] = FixedSecret()
    """It may be in the file that the next one names."""
    bridge_secret_file: Annotated[
        str,
        Variable(
            "RINHA_BRIDGE_SECRET_FILE",
            "",
            "file that holds the secret instead; if it isn't there the worker makes it, and the APIs wait for it",
        ),
    ] = ""
    bridge_linger_ms: Annotated[
        float,
        Meta(ge=0, le=100),
        Variable(
            "RINHA_BRIDGE_LINGER_MS",
            "0",
            "with `queued` or `RINHA_NATS`: milliseconds that a payment may wait in its API to leave with others",
        ),
    ]
    admin_token: Annotated[
        Secret,
        ReadBy(parse_token),
        Variable(
            "RINHA_ADMIN_TOKEN",
            "",
            "token that lists, purging, retries and closing payments need, as `Authorization: Bearer <token>`, of at "
            "least 16 characters; without it nobody closes payments, and the rest is open to all",
            secret=True,
        ),
    ] = Secret()
    accept: Annotated[
        Literal["queued", "received", "durable"],
        Variable(
            "RINHA_ACCEPT",
            "received",
            "what a 202 means: `queued` the API holds the payment for the worker, `received` the worker holds it, "
            "`durable` it is on disk; with `RINHA_NATS` always `durable`",
        ),
    ]
    store: Annotated[
        StoreUrl | None,
        ReadBy(parse_store_url),
        Variable(
            "RINHA_STORE",
            "",
            "journal of payments: `sqlite:////absolute/path`, `sqlite:///relative/path` or "
            "`postgresql://user:password@host/database`; needed for `durable`, with another level it is written later",
            secret=True,
        ),
    ] = None
    store_file: Annotated[
        str, Variable("RINHA_STORE_FILE", "", "file that holds `RINHA_STORE` instead, as engines mount secrets")
    ] = ""
    journal_id: Annotated[
        bytes | None,
        ReadBy(parse_journal_id),
        Variable(
            "RINHA_JOURNAL_ID",
            "",
            "the journal that the worker must have, by the id in its log line `worker.journal`; with it the worker "
            "goes on where an API knows another one; all zeros for none",
        ),
    ] = None
    nats: Annotated[
        NatsUrl | None,
        ReadBy(parse_nats_url),
        Variable(
            "RINHA_NATS",
            "",
            "NATS servers with JetStream that carry payments to several workers: `nats://token@host:port,host:port`; "
            "needs a journal in PostgreSQL, and `RINHA_ACCEPT` is `durable` then",
            secret=True,
        ),
    ] = None
    nats_file: Annotated[str, Variable("RINHA_NATS_FILE", "", "file that holds `RINHA_NATS` instead")] = ""
    nats_replicas: Annotated[
        int,
        Meta(ge=1, le=5),
        Variable("RINHA_NATS_REPLICAS", "1", "with `RINHA_NATS`: NATS servers that keep each payment"),
    ]
    shards: Annotated[
        int,
        Meta(ge=1, le=64),
        Variable(
            "RINHA_SHARDS",
            "1",
            "with `RINHA_NATS`: parts that payments are divided into, each with a worker and a journal of its own; "
            "chosen once, for good",
        ),
    ]
    routing: Annotated[
        Literal["fastest", "cheapest"],
        Variable(
            "RINHA_ROUTING",
            "fastest",
            "which processor is preferred: the `fastest` healthy one, or the `cheapest` for as long as patience lasts",
        ),
    ]
    patience_s: Annotated[
        float,
        Meta(ge=0, le=3600),
        Variable("RINHA_PATIENCE_S", "5.0", "with `cheapest`: seconds that a payment waits for the cheaper processor"),
    ]
    latency_tolerance_ms: Annotated[
        float,
        Meta(ge=0, le=60_000),
        Variable(
            "RINHA_LATENCY_TOLERANCE_MS",
            "10",
            "with `fastest`: a difference in latency that counts as none, in milliseconds",
        ),
    ]
    benchmark_share: Annotated[
        float,
        Meta(ge=0, le=0.5),
        Variable(
            "RINHA_BENCHMARK_SHARE",
            "0.05",
            "with `fastest`: share of the pool that keeps measuring the cheaper processor while it isn't in use",
        ),
    ]
    pool_size: Annotated[
        int,
        Meta(ge=2, le=800),
        Variable("RINHA_POOL_SIZE", "64", "number of payment actors: requests to processors at a time"),
    ]
    settle_per_s: Annotated[
        float,
        Meta(ge=1, le=1_000_000),
        Variable(
            "RINHA_SETTLE_PER_S",
            "2000",
            "waiting payments that are sent per second at most, so that draining a backlog leaves time for new ones",
        ),
    ]
    attempt_deadline_s: Annotated[
        float,
        Meta(ge=0.1, le=600),
        Variable(
            "RINHA_ATTEMPT_DEADLINE_S",
            "10",
            "seconds for one whole exchange with a processor, after which its outcome is unknown",
        ),
    ]
    park_refusals: Annotated[
        int,
        Meta(ge=1, le=1_000_000),
        Variable(
            "RINHA_PARK_REFUSALS",
            "20",
            "refusals of one payment by each processor, while that one settles others, after which it is parked",
        ),
    ]
    park_unknown_s: Annotated[
        float,
        Meta(ge=1, le=86_400),
        Variable(
            "RINHA_PARK_UNKNOWN_S",
            "120",
            "seconds of a payment's unknown outcome, while its processor settles others, after which it is parked",
        ),
    ]
    backlog_max: Annotated[
        int,
        Meta(ge=1, le=10_000_000),
        Variable("RINHA_BACKLOG_MAX", "100000", "payments that the worker holds at most"),
    ]
    memory_payments: Annotated[
        int,
        Meta(ge=10_000, le=100_000_000),
        Variable(
            "RINHA_MEMORY_PAYMENTS",
            "500000",
            "with a store: of so many payments at most the worker holds ids and rows in memory, some 80 MB a million; "
            "of older ones it holds sums, and asks the store",
        ),
    ]
    answer_timeout_s: Annotated[
        float,
        Meta(ge=0.1, le=600),
        Variable("RINHA_ANSWER_TIMEOUT_S", "10", "seconds that an API waits for the worker before it answers 504"),
    ]
    repeat_s: Annotated[
        float,
        Meta(ge=0, le=3600),
        Variable(
            "RINHA_REPEAT_S",
            "300",
            "with `queued` and `received`: seconds for which an id that is sent again settles once though the worker "
            "was restarted meanwhile; each API remembers up to 122,880 ids for it",
        ),
    ]
    drain_s: Annotated[
        float,
        Meta(ge=0, le=3600),
        Variable("RINHA_DRAIN_S", "10", "seconds for settling what is held when the system stops"),
    ]
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Variable("RINHA_LOG_LEVEL", "info", "least level that is logged"),
    ]
    trace_share: Annotated[
        float,
        Meta(ge=0, le=1),
        Variable("RINHA_TRACE_SHARE", "0", "share of payments whose every hop is written as a line, 0 to 1"),
    ]
    trace_recent: Annotated[
        int,
        Meta(ge=0, le=1_000_000),
        Variable(
            "RINHA_TRACE_RECENT",
            "20000",
            "hops of all payments that each process keeps in memory, to be asked for afterwards: some 3 MB; 0 for none",
        ),
    ]
    trace_slow_ms: Annotated[
        float,
        Meta(ge=0, le=3_600_000),
        Variable(
            "RINHA_TRACE_SLOW_MS",
            "0",
            "a payment that takes longer has gone wrong, and its hops are written, milliseconds; 0 for none",
        ),
    ]
    dashboard: Annotated[
        Literal["on", "off"],
        Variable(
            "RINHA_DASHBOARD",
            "on",
            "whether what the system does is measured second by second, for the page `/dashboard`, `/overview` and "
            "`/metrics`",
        ),
    ]
    time_slice_ms: Annotated[
        float,
        Meta(ge=0, le=100),
        Variable(
            "RINHA_TIME_SLICE_MS",
            "0",
            "milliseconds, 0.1 to 100, that a process may run at a time while others wait: who has less is served "
            "sooner (since Linux 6.12); 0 for the system's own",
        ),
    ]
    api_name: Annotated[
        str,
        ReadBy(parse_api_name),
        Variable("RINHA_API_NAME", "", "name of this API in logs and answers", default_note="the host's name"),
    ] = field(default_factory=own_name)
    api_count: Annotated[
        int,
        Meta(ge=1, le=64),
        Variable("RINHA_API_COUNT", "2", "number of API processes that `rinha up` starts"),
    ]

    @property
    def listen_address(self) -> Address:
        """Where an API listens."""
        return self.host if isinstance(self.host, UnixAddress) else TcpAddress(self.host, self.port)
