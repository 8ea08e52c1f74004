"""All settings, typed, and the only reader of the environment; docs/settings.md explains each.

In: `HEDGEROW_…` variables and a `.env` file, or keyword arguments. Out: Settings. Refused here: values out of
range, and unsafe combinations when the server runs in production (`require_secrets`).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from limits import parse_many
from pydantic import BaseModel, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from ..resolvers.limits import Limits
from ..schema.errors import SetupError
from .hosts import is_open
from .secret_files import SecretFiles, variables

SHORTEST_SECRET = 32
PLACEHOLDER = re.compile(r"change[-_ ]?(me|this|it)|placeholder|example|your[-_ ]", re.I)
"""What texts to copy from have in them, and random ones have not."""
ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[a-z0-9.\-\[\]:]+\Z", re.ASCII)
"""As browsers write it: lower case, no path, and no port that is its scheme's own."""


class OAuthClient(BaseModel):
    """Who this server is at a provider that signs people in."""

    client_id: str = ""
    client_secret: SecretStr | None = None

    @classmethod
    def of(cls, client_id: str, secret: str) -> OAuthClient:
        """One of plain texts."""
        return cls(client_id=client_id, client_secret=SecretStr(secret))

    @property
    def secret(self) -> str:
        """The secret; "" where there is none."""
        return self.client_secret.get_secret_value() if self.client_secret else ""


class Settings(BaseSettings):
    """What a deployment decides. Everything has a default that is safe on one's own machine."""

    model_config = SettingsConfigDict(
        env_prefix="HEDGEROW_", env_file=".env", extra="ignore", frozen=True, env_nested_delimiter="__"
    )

    database_url: str = Field(
        "", description="sqlite:///path or postgresql://…; empty: SQLite in .hedgerow/ beside the file"
    )
    database_pool: int = Field(
        16,
        ge=1,
        le=500,
        description="connections to PostgreSQL, and half as many for writes; SQLite: at most 4 readers",
    )
    replica_urls: str = Field(
        "",
        description="replicas of PostgreSQL, which read queries: postgresql://…, by spaces; as many connections each as"
        " HEDGEROW_DATABASE_POOL",
    )
    replica_behind: float = Field(
        0.1,
        gt=0,
        le=60,
        description="seconds that a query waits for a replica to have what was written before; then the primary reads,"
        " until the replica keeps up",
    )
    sqlite_synchronous: Literal["normal", "full"] = Field(
        "full", description="full: SQLite keeps what it answered even when power fails; normal: when the process dies"
    )
    transaction_isolation: Literal["read committed", "repeatable read", "serializable"] = Field(
        "read committed", description="isolation of transactions in PostgreSQL; SQLite's are serializable"
    )
    admin_secret: SecretStr | None = Field(None, description="who holds it is bound by no rule")
    jwt_secret: SecretStr | None = Field(None, description="key of HS256 tokens, at least 32 bytes")
    auth_secret: SecretStr | None = Field(
        None, description="secrets of auth(), by spaces: the first signs, all verify; default: the JWT secret"
    )
    oauth: dict[str, OAuthClient] = Field(
        default_factory=dict[str, OAuthClient],
        description="who the server is at providers of sign-in, by their names: HEDGEROW_OAUTH__GOOGLE__CLIENT_ID,"
        " HEDGEROW_OAUTH__GOOGLE__CLIENT_SECRET",
    )
    storage_url: SecretStr | None = Field(
        None,
        description="where storage() keeps files: file:///path, or s3://key:secret@host:port/bucket?secure=0&region=…;"
        " empty: a folder in .hedgerow/ beside the file",
    )
    smtp_url: SecretStr | None = Field(
        None, description="what sends mail: smtp://user:password@host:587, or smtps://…; hedgerow dev prints it without"
    )
    mail_from: str = Field("", description="the sender of mail, such as App <app@example.com>")
    jwks_url: str | None = Field(None, description="where the public keys of foreign tokens are")
    jwt_audience: str | None = Field(None, description="the aud that a token must have")
    jwt_issuer: str | None = Field(None, description="the iss that a token must have")
    jwt_id_claim: str = Field("sub", description="path of the claim that is me.id")
    jwt_roles_claim: str = Field("roles", description="path of the claim that lists the roles")
    jwt_claims_claim: str = Field("claims", description="path of the object that holds the other claims")
    jwt_leeway: int = Field(30, ge=0, le=600, description="seconds by which clocks may differ")
    max_rows: int = Field(1_000, ge=1, le=1_000_000, description="most rows of one list")
    max_written_rows: int = Field(100_000, ge=1, description="most rows that a mutation writes")
    max_body_bytes: int = Field(1024 * 1024, ge=1_000, description="largest request body, and message on a WebSocket")
    allowed_origins: str = Field(
        "",
        description="origins of web pages elsewhere, by spaces, that may ask (CORS), open WebSockets and event streams,"
        " sign in by cookies and passkeys, and be returned to from another's sign-in page; or *, to ask and to listen"
        " without cookies",
    )
    public_url: str = Field(
        "", description="where browsers reach the server, such as https://api.example.com; hedgerow dev knows its own"
    )
    read_timeout: float = Field(
        30.0,
        gt=0,
        le=600,
        description="seconds within which a request's head must have come, and then its JSON; files have bounds of"
        " their own",
    )
    init_timeout: float = Field(
        10.0, gt=0, le=600, description="seconds within which a WebSocket must have sent connection_init"
    )
    ping_interval: float = Field(
        20.0, gt=0, le=3600, description="seconds between pings; a WebSocket that answers none until the next is closed"
    )
    idle_timeout: float = Field(
        300.0, gt=0, le=86_400, description="seconds after which a WebSocket without subscriptions is closed"
    )
    send_timeout: float = Field(
        30.0, gt=0, le=3600, description="seconds after which a listener that reads nothing is given up"
    )
    max_connections: int = Field(10_000, ge=1, description="most WebSockets and event streams of this process")
    max_connections_per_address: int = Field(1_000, ge=1, description="most of them from one address (IPv6: one /64)")
    max_connections_per_caller: int = Field(100, ge=1, description="most of them of one signed-in caller, by me.id")
    max_subscriptions: int = Field(100, ge=1, description="most operations at once on one WebSocket")
    max_subscriptions_per_caller: int = Field(
        1_000, ge=1, description="most operations at once on all connections of one caller"
    )
    documents: str = Field("", description="the manifest of trusted documents, which requests may name by their ids")
    documents_only: bool = Field(
        False, description="whether documents that are not trusted are refused, but for the admin secret's holder"
    )
    rate_limit: str = Field(
        "",
        description="how often one signed-in caller may ask, by me.id, such as 600/minute; empty: as often as wanted",
    )
    rate_limit_anyone: str = Field(
        "", description="how often strangers may ask from one address (IPv6: one /64); empty: as often as wanted"
    )
    rate_limit_windows: Literal["moving", "fixed"] = Field(
        "moving",
        description="moving: what is allowed holds for any span of time; fixed: it begins anew each minute, say",
    )
    rate_limit_url: str = Field(
        "", description="the Redis in which all processes count together: redis://…; empty: each by itself"
    )
    max_batch: int = Field(0, ge=0, le=1000, description="most requests in one body; 0: batches are refused")
    max_document_length: int = Field(65_536, ge=100, description="longest GraphQL document, in characters")
    max_tokens: int = Field(8_000, ge=100, description="most tokens of a document")
    max_depth: int = Field(15, ge=1, le=30, description="deepest nesting of fields, filters and orders")
    max_fields: int = Field(1_000, ge=1, description="most fields of an operation")
    max_aliases: int = Field(100, ge=0, description="most aliases of an operation")
    max_root_fields: int = Field(50, ge=1, description="most root fields of an operation")
    max_conditions: int = Field(
        500,
        ge=1,
        description="most conditions and orders of an operation; variables hold at most four objects for each",
    )
    max_relation_conditions: int = Field(20, ge=1, description="most of them that look through relations")
    max_cost: int | dict[str, int] = Field(
        1_000_000_000_000,
        description='most rows that an operation may touch, by estimate; or an object: {"anyone": 5000}',
    )
    statement_timeout: float = Field(
        10.0, gt=0, le=3600, description="seconds after which a statement or transaction is cancelled"
    )
    resolver_timeout: float = Field(
        30.0, gt=0, le=3600, description="seconds after which an operation with fields of your own is cancelled"
    )
    idempotency_seconds: int = Field(
        86_400, ge=1, description="seconds for which an answer to an Idempotency-Key is kept"
    )
    live_clock_seconds: float = Field(
        10.0, ge=0.1, le=86_400, description="seconds after which live queries that read the clock are read again"
    )
    max_live_queries: int = Field(100_000, ge=1, description="most different live queries that a process follows")
    changes_keep_seconds: int = Field(
        86_400, ge=1, description="seconds for which changes are kept, for streams that resume"
    )
    changes_keep_rows: int = Field(1_000_000, ge=1_000, description="most changes that are kept")
    broadcast_url: str = Field(
        "",
        description="what carries messages between processes: postgresql://…, redis://…, nats://… or memory:; empty:"
        " the database where it is PostgreSQL",
    )
    broadcast_name: str = Field(
        "hedgerow", min_length=1, description="sets this backend's messages apart from others' on the same service"
    )
    stream_buffer: int = Field(
        1_000, ge=1, le=100_000, description="most changes that wait for a subscriber of a change stream"
    )
    stream_behind: int = Field(
        10_000, ge=1, description="most changes that are looked through for one who comes back to a stream"
    )
    max_payload_bytes: int = Field(
        16_384, ge=1, le=500_000, description="largest payload published in a channel, as JSON"
    )
    max_presence_bytes: int = Field(1_024, ge=1, le=100_000, description="largest presence of a member, as JSON")
    max_channel_members: int = Field(1_000, ge=1, description="most members of a channel")
    max_channel_waiting: int = Field(
        1_000, ge=1, description="most events of a channel that may wait for a subscriber, who is ended then"
    )
    max_publishes_per_second: float = Field(
        20.0, gt=0, description="most messages a second of one caller, by me.id; strangers are one caller together"
    )
    presence_seconds: float = Field(
        15.0, ge=0.1, le=3600, description="seconds after which the members of a process that died are gone"
    )
    presence_linger_seconds: float = Field(
        3.0, ge=0, le=600, description="seconds for which a member with a key stays when the subscription ends"
    )
    connect_timeout: float = Field(5.0, gt=0, le=60, description="seconds to wait for a free connection")
    slow_milliseconds: int = Field(
        1_000,
        ge=0,
        description="an operation that takes longer is logged, with its durations and the database's plan; 0: none",
    )
    compression: bool = Field(False, description="whether answers are compressed for clients that accept gzip")
    compression_min_bytes: int = Field(1024, ge=0, description="smaller answers are not compressed")
    introspection: bool | Literal["signed-in"] = Field(
        True,
        description="whether the schema can be asked for: true, false, or signed-in, which is all but strangers;"
        " hedgerow serve takes that unless told",
    )
    graphiql: bool = Field(False, description="whether GraphiQL is served to browsers; hedgerow dev does")
    drain_seconds: float = Field(
        0.0,
        ge=0,
        le=60,
        description="seconds for which a server that stops still takes requests, while /readyz says 503",
    )
    metrics_token: SecretStr | None = Field(
        None, description="who sends it as a bearer token may read /metrics, as the admin secret's holder may"
    )
    operation_names: str = Field(
        "",
        description="names of operations, by spaces, that metrics, logs and traces tell apart, beside those of trusted"
        " documents",
    )
    traces: bool = Field(
        False, description="whether operations are traced; OTEL_… variables say where to and how many (hedgerow[otel])"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="least important log lines")
    log_format: Literal["text", "json"] = Field("text", description="log lines for people, or JSON for machines")
    log_requests: bool = Field(False, description="whether each operation is logged when it is over")
    log_values: bool = Field(
        False,
        description="whether the log may repeat what callers sent: names of operations, words of refusals and"
        " exceptions; hedgerow dev does",
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Secrets may be in files of their own; see `secret_files`."""
        environment = {**variables(dotenv_settings), **variables(env_settings)}
        return (
            init_settings,
            SecretFiles(settings_cls, environment),
            env_settings,
            dotenv_settings,
            file_secret_settings,
        )

    @field_validator("allowed_origins")
    @classmethod
    def _plain_origins(cls, given: str) -> str:
        for origin in given.split():
            if origin != "*" and not ORIGIN.match(origin):
                raise ValueError(f"{origin!r} is no origin, such as https://app.example.com or http://localhost:5173")
        return given

    @field_validator("public_url")
    @classmethod
    def _plain_url(cls, given: str) -> str:
        given = given.rstrip("/")
        if given and not (ORIGIN.match(given) and given.startswith(("https://", "http://"))):
            raise ValueError(f"{given!r} is no origin of a server, such as https://api.example.com")
        return given

    @field_validator("replica_urls")
    @classmethod
    def _plain_replicas(cls, given: str) -> str:
        if not all(each.startswith(("postgresql://", "postgres://")) for each in given.split()):
            raise ValueError("they are addresses of PostgreSQL, such as postgresql://host:5432/name, by spaces")
        return given

    @field_validator("rate_limit", "rate_limit_anyone")
    @classmethod
    def _plain_rate(cls, given: str) -> str:
        try:
            if not given or (len(limits := parse_many(given)) == 1 and limits[0].amount > 0):
                return given
        except ValueError:
            pass
        raise ValueError(f"{given!r} is no rate, such as 600/minute, 10/second or 5000 per 12 hours")

    @field_validator("rate_limit_url")
    @classmethod
    def _plain_redis(cls, given: str) -> str:
        if given and not given.startswith(("redis://", "rediss://")):
            raise ValueError("it is no address of a Redis, such as redis://host:6379")
        return given

    @field_validator("max_cost")
    @classmethod
    def _for_everybody(cls, given: int | dict[str, int]) -> int | dict[str, int]:
        costs = given if isinstance(given, dict) else {"anyone": given}
        if "anyone" not in costs or min(costs.values()) < 1:
            raise ValueError('give a number of 1 or more, or an object that has "anyone" among its roles')
        return given

    @classmethod
    def read(cls, **given: object) -> Settings:
        """Settings of the environment, with `given` on top; SetupError says what is wrong with them."""
        try:
            return cls(**{name: value for name, value in given.items() if value is not None})  # pyright: ignore[reportArgumentType]
        except ValidationError as error:
            faults = [f"HEDGEROW_{'_'.join(map(str, each['loc'])).upper()}: {each['msg']}" for each in error.errors()]
            raise SetupError("These settings can't be used:\n  " + "\n  ".join(faults)) from None

    @property
    def cursor_secret(self) -> str | None:
        """What cursors are sealed with: processes that share the admin secret share it."""
        secret = self.admin_secret or self.jwt_secret
        return secret.get_secret_value() if secret else None

    @property
    def web_origins(self) -> frozenset[str]:
        """Origins of the pages that people sign in from: those that are listed, and the server's own."""
        return frozenset({*self.allowed_origins.split(), self.public_url}) - {"*", ""}

    @property
    def limits(self) -> Limits:
        """The bounds of a request."""
        return Limits(
            max_rows=self.max_rows,
            max_written_rows=self.max_written_rows,
            max_document_length=self.max_document_length,
            max_tokens=self.max_tokens,
            max_depth=self.max_depth,
            max_fields=self.max_fields,
            max_aliases=self.max_aliases,
            max_root_fields=self.max_root_fields,
            max_conditions=self.max_conditions,
            max_relation_conditions=self.max_relation_conditions,
            max_cost=self.max_cost,
        )

    def database(self, beside: Path | None) -> str:
        """The database's address; the default is a SQLite file of the name of the file `beside`, in `.hedgerow`
        there.

        Raises SetupError for databases that Hedgerow does not know.
        """
        url = self.database_url
        if not url:
            folder = beside.parent if beside else Path.cwd()
            return f"sqlite:///{folder / '.hedgerow' / (beside.stem if beside else 'data')}.db"
        if not url.startswith(("sqlite:///", "postgresql://", "postgres://")):
            raise SetupError("HEDGEROW_DATABASE_URL is neither sqlite:///path nor postgresql://….")
        return url

    def replicas(self, beside: Path | None) -> list[str]:
        """The addresses of the database's replicas; SetupError where it can have none."""
        if self.replica_urls and self.database(beside).startswith("sqlite"):
            raise SetupError(
                "HEDGEROW_REPLICA_URLS: SQLite has no replicas. Name a primary of PostgreSQL in HEDGEROW_DATABASE_URL,"
                " or leave it empty."
            )
        return self.replica_urls.split()

    def storage(self, beside: Path | None) -> str:
        """Where files are kept; the default is a folder of the name of the file `beside`, in `.hedgerow` there."""
        if self.storage_url:
            return self.storage_url.get_secret_value()
        folder = (beside.parent if beside else Path.cwd()).absolute()
        return f"file://{folder / '.hedgerow' / (beside.stem if beside else 'data')}.files"

    @property
    def file_secrets(self) -> list[str]:
        """What URLs of files are signed with, the first of them; none where no secret is set."""
        if self.auth_secret:
            return self.auth_secret.get_secret_value().split()
        secret = self.jwt_secret or self.admin_secret
        return [secret.get_secret_value()] if secret else []

    def require_secrets(self) -> None:
        """Refuses to run in production without secrets, or with weak ones; SetupError with all that is missing."""
        faults: list[str] = []
        if self.jwt_secret is None and self.jwks_url is None:
            faults.append("Set HEDGEROW_JWT_SECRET (a random text of 32 bytes or more) or HEDGEROW_JWKS_URL.")
        if self.admin_secret is None:
            faults.append("Set HEDGEROW_ADMIN_SECRET (a random text of 32 bytes or more).")
        found = {
            f"HEDGEROW_{name}_SECRET": given.get_secret_value()
            for name, given in (("JWT", self.jwt_secret), ("ADMIN", self.admin_secret), ("AUTH", self.auth_secret))
            if given is not None
        }
        if self.metrics_token is not None:
            found["HEDGEROW_METRICS_TOKEN"] = self.metrics_token.get_secret_value()
        for name, text in found.items():
            for secret in text.split() if name == "HEDGEROW_AUTH_SECRET" else [text]:
                if len(secret.encode()) < SHORTEST_SECRET:
                    faults.append(f"{name} is shorter than {SHORTEST_SECRET} bytes: use a random text.")
                elif PLACEHOLDER.search(secret):
                    faults.append(f"{name} is a text to be replaced: use a random one, of `openssl rand -hex 32`.")
        admin = found.pop("HEDGEROW_ADMIN_SECRET", "")
        for name, text in found.items():
            if admin and admin in (text, *text.split()):
                faults.append(
                    f"HEDGEROW_ADMIN_SECRET is {name} too: whoever may know the one would hold the other. Use two."
                )
        if self.jwks_url and is_open(self.jwks_url):
            faults.append("HEDGEROW_JWKS_URL is http://: whoever is on the way there could sign tokens. Use https://.")
        if faults:
            raise SetupError("This server is not safe to run yet:\n  " + "\n  ".join(faults))

    def doubts(self, beside: Path | None, *, workers: int = 1) -> list[str]:
        """What is allowed in production, and most likely not meant."""
        doubts: list[str] = []
        if is_open(self.public_url):
            doubts.append(
                "HEDGEROW_PUBLIC_URL is http://: passwords, tokens and cookies can be read on the way. Use https://."
            )
        if self.jwks_url and not self.jwt_audience:
            doubts.append(
                "HEDGEROW_JWT_AUDIENCE is not set: tokens that the issuer of HEDGEROW_JWKS_URL made for other apps are"
                " accepted too."
            )
        if workers > 1 and not self.broadcast_url and self.database(beside).startswith("sqlite"):
            doubts.append(
                "The workers can't send each other messages: events and members of channels reach those of the same"
                " worker only, and a sign-out ends connections of others only once their tokens do. Set"
                " HEDGEROW_BROADCAST_URL to redis://… or nats://…, or use PostgreSQL."
            )
        return doubts
