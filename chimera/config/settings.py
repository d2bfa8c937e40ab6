"""All settings, in one class. Created once per process and passed on; nothing reads the environment at import."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, PrivateAttr, SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode

from chimera.config.catalog_file import models_in
from chimera.config.named_secrets import read_secrets
from chimera.config.sources import env_file
from chimera.config.temporal_tls import TemporalTls
from chimera.config.types import (
    AuditDays,
    DatabaseUrl,
    HostAndPort,
    HostName,
    HostPattern,
    KeptDays,
    LogLevel,
    Network,
    NotNegative,
    OnDisk,
    Origin,
    PayloadKeys,
    Port,
    Positive,
    RedisUrl,
    Secret,
    SentSecret,
    TimeZone,
    WebAddress,
)
from chimera.config.vendor_settings import OfVendors
from chimera.config.vendors import VENDORS
from models.base import ModelRef
from models.model_calls import MAX_CALL_SECONDS
from models.providers import OwnModel, OwnPrice
from models.tasks import SubtaskMode
from models.users import Registrations, Role

RETENTION_SETTINGS = {
    "tasks": "tasks_kept_days",
    "completions": "completions_kept_days",
    "chat_sessions": "chat_sessions_kept_days",
    "ai_calls": "ai_calls_kept_days",
    "files": "files_kept_days",
    "audit_log": "audit_log_kept_days",
    "notifications": "notifications_kept_days",
    "system_log": "system_log_days",
    "custom_metrics": "custom_metrics_days",
}
"""The setting for each kind of content."""
WindowTokens = Annotated[int, Field(ge=1024)]


class Settings(OfVendors):
    """All settings. Each is read from the first source that has it: `CHIMERA_*` variables, `.env`, and files of the
    same name in `CHIMERA_SECRETS_DIR`.

    `.env.example` lists every setting.
    """

    data_dir: OnDisk = Path(".chimera")
    """The folder for everything that the embedded stack stores: databases, logs, the first user's sign-in."""

    # Servers. If an address isn't set, the embedded stack starts its own server.
    database_url: DatabaseUrl | None = None
    redis_url: RedisUrl | None = None
    temporal_address: HostAndPort | None = None
    temporal_namespace: str = "default"
    temporal_ui_url: WebAddress | None = None
    temporal_tls: bool | None = None
    """If not set, TLS is on if one of the next settings is set."""
    temporal_api_key: SentSecret | None = None
    temporal_tls_client_cert_path: OnDisk | None = None
    temporal_tls_client_key_path: OnDisk | None = None
    temporal_tls_server_ca_cert_path: OnDisk | None = None
    temporal_tls_server_name: HostName | None = None
    payload_keys: PayloadKeys | None = None
    """Temporal's payloads are encrypted with the first key and decrypted with any: `chimera/config/payload_keys.py`."""
    task_queue: str = "chimera"
    host: str = "127.0.0.1"
    api_port: Port = 8000
    temporal_port: Port = 7233
    temporal_ui_port: Port = 8233
    simulator_port: Port = 8001
    local_model_port: Port = 8002

    # Sign-in.
    jwt_secret: Secret | None = None
    access_token_minutes: int = Field(default=30, ge=1, le=24 * 60)
    refresh_token_days: int = Field(default=30, ge=1, le=365)
    registration: Registrations = "off"
    setup_token: Secret | None = None
    """With it, the first administrator can be created over HTTP. It has no effect once there is one."""
    oidc_issuer: WebAddress | None = None
    """The identity provider's address. With it, the client's ID and redirect URL, users can sign in there."""
    oidc_client_id: str | None = None
    oidc_client_secret: SentSecret | None = None
    oidc_redirect_url: WebAddress | None = None
    """The page to which the provider sends users back. It must be registered there."""
    oidc_role_claim: str = "groups"
    oidc_roles: dict[str, Role] = Field(default_factory=dict)
    """Roles by the values of the claim. If not empty, only users with one of these values can sign in there."""
    cors_origins: Annotated[tuple[Origin, ...], NoDecode] = ()
    allowed_hosts: Annotated[tuple[HostName, ...], NoDecode] = ()
    """Names under which this installation can be reached, besides this machine's own names and IP addresses."""
    trusted_proxies: Annotated[tuple[Network, ...], NoDecode] = ()
    """Proxies whose X-Forwarded-For is trusted; this header is ignored from any other sender."""

    # Providers. The settings for their keys and addresses are derived from `VENDORS`.
    default_model: ModelRef = "simulator/standard"
    local_model: str | None = None
    """A GGUF file, or `gemma3-270m`, that the embedded stack serves as `local/…` if no address is set."""
    catalog_file: OnDisk | None = None
    """A JSON file with facts about models, by provider/model (`OwnModel`). Prices and windows below take precedence."""
    prices: dict[ModelRef, OwnPrice] = Field(default_factory=dict)
    """USD by model, for models that aren't in the price list: per million input and output tokens, or by name."""
    requests_per_minute: dict[str, Positive] = Field(default_factory=dict)
    """By provider; shared by all workers. For a provider that isn't listed, Chimera sets no limit."""
    tokens_per_minute: dict[str, Positive] = Field(default_factory=dict)
    """By provider, as above. A call counts as the maximum number of tokens that it may need."""
    breaker_failures: int = Field(default=5, ge=1)
    """Failures in a row before a provider's circuit breaker opens."""
    breaker_probe_s: float = Field(default=10.0, gt=0)
    context_windows: dict[ModelRef, WindowTokens] = Field(default_factory=dict)
    """Tokens by model, for models that aren't in the price list."""

    # How tasks run.
    subtasks: SubtaskMode = SubtaskMode.CHILD
    """Default for tasks that don't set it."""

    # Chat.
    chat_titles: bool = True
    """Whether a model writes the titles of chat sessions. Otherwise, a title is the beginning of the first message."""
    chat_summary_share: float = Field(default=0.6, gt=0.3, le=1)
    """If a session's messages exceed this share of the room that the model's window has for them, older messages are
    summarized."""

    # The OpenAI-compatible API.
    reply_patience_s: float = Field(default=590.0, gt=0)
    """The longest wait for an answer that isn't streamed, and for a person who has to decide about a tool call.
    OpenAI's clients wait for ten minutes.
    """

    # Tools.
    mcp_file: OnDisk | None = None
    """A JSON file with MCP servers. If not set, it is `mcp.json` in the data folder, if that exists."""
    tools_dir: OnDisk | None = None
    """A folder whose Python files define tools: `chimera/tools/python/`."""
    openapi_file: OnDisk | None = None
    """A JSON file that names HTTP APIs whose operations are tools. Default: `openapi-tools.json` in the data folder, if
    it exists.
    """

    # A model call's limits.
    call_first_byte_s: float = Field(default=30.0, gt=0)
    call_stall_s: float = Field(default=60.0, gt=0)
    call_total_s: float = Field(default=300.0, gt=0, le=MAX_CALL_SECONDS)
    call_max_attempts: int = Field(default=5, ge=1, le=100)
    max_answer_bytes: int = 4 * 1024 * 1024
    max_media_bytes: int = 64 * 1024 * 1024
    """For an answer with images or vectors."""

    # What tools may reach.
    egress_allow: Annotated[tuple[HostAndPort, ...], NoDecode] = ()
    """Destinations that tools may reach although they are private, or use another port than 80 and 443."""
    egress_trusted: Annotated[tuple[HostPattern, ...], NoDecode] = ()
    """Hosts to which a run may send data even after it has read untrusted content."""
    searxng_url: WebAddress | None = None
    brave_api_key: SentSecret | None = None
    tavily_api_key: SentSecret | None = None
    """The first of these three that is set becomes the engine of the tool `web_search`."""

    # Processes.
    max_concurrent_activities: Positive = 200
    max_running_tasks: NotNegative = 0
    """Tasks that run at once in the whole installation; others stay queued. 0: a quarter of
    `max_concurrent_activities`, but at least 8.
    """
    graceful_shutdown_s: float = 30.0
    database_pool_size: Positive = 20
    database_pool_overflow: int = 10
    max_connections: Positive = 1000
    """To the API. A single address may have at most half of them, unless it is a trusted proxy."""
    max_body_bytes: int = 1024 * 1024
    max_file_bytes: int = Field(default=25 * 1024 * 1024, gt=0)

    notifications_kept_days: Positive = 30
    """How long notifications are kept, whether they have been read or not."""

    # Retention: days that content is kept; 0: until it is deleted on request. What was paid is always kept.
    tasks_kept_days: KeptDays = 0
    """After a task has ended."""
    completions_kept_days: KeptDays = 0
    """After the answer to a conversation that came with the request."""
    chat_sessions_kept_days: KeptDays = 0
    """After a session's last message."""
    ai_calls_kept_days: KeptDays = 0
    """Embeddings, images and transcriptions."""
    files_kept_days: KeptDays = 0
    """Uploaded and generated files that nothing uses."""
    audit_log_kept_days: AuditDays = 0
    retention_hour: int = Field(default=3, ge=0, le=23)
    """The hour, in UTC, at which the daily retention run starts."""

    # What one user may have at once; 0 means no limit.
    max_open_tasks: NotNegative = 2000
    """Drafts count, until they are deleted."""
    max_open_ai_calls: NotNegative = 500
    """Embeddings, images and transcriptions."""
    max_open_replies: NotNegative = 200
    """Replies in chat sessions, and completions."""
    max_chat_sessions: NotNegative = 10_000
    """Archived sessions count too."""
    max_schedules: NotNegative = 100
    max_agents: NotNegative = 100
    max_api_keys: NotNegative = 50
    max_kept_bytes: NotNegative = 1024 * 1024 * 1024
    """The total size of a user's files."""
    max_metric_values: NotNegative = 100_000
    """Values of custom metrics."""
    max_sockets: NotNegative = 10
    max_streams: NotNegative = 10

    # Requests per minute, counted for all API processes; 0 means no limit.
    max_requests_per_minute: NotNegative = 6000
    """Of one user, with all their sessions and keys."""
    max_key_requests_per_minute: NotNegative = 6000
    """Of one API key."""
    max_anonymous_requests_per_minute: NotNegative = 600
    """Of one address, without a valid token or key."""
    max_starts_per_minute: NotNegative = 600
    """Requests of one user that create or start runs."""

    # Spending limits, in addition to the budgets of runs; None means no limit.
    max_cost_day_micro_usd: NotNegative | None = None
    """For each user without a limit of their own, as in the next one."""
    max_cost_month_micro_usd: NotNegative | None = None
    max_total_cost_day_micro_usd: NotNegative | None = None
    """For all users together, as in the next one."""
    max_total_cost_month_micro_usd: NotNegative | None = None
    limits_time_zone: TimeZone = "UTC"
    """Where days and months begin."""

    # Logs.
    log_level: LogLevel = "INFO"
    log_dir: OnDisk | None = None
    log_json: bool = False
    system_log_days: Positive = 30
    """How long warnings and errors are kept in the database."""
    system_log_rows: Positive = 100_000

    # Metrics.
    metrics_token: Secret | None = None
    """Allows a program to read the metrics without an account."""
    worker_metrics_port: Port | None = None
    """A worker serves its metrics here, if both this and the token are set."""
    custom_metrics_days: Positive = 90
    """How long recorded values of custom metrics are kept."""

    # Fault injection, for tests only: `name=action[:once-file]`, comma-separated (`chimera/failpoints.py`).
    failpoints: str = ""

    # Not a field, because it consists of any number of variables, and only the processes that run tools receive it.
    _secrets: Mapping[str, SecretStr] = PrivateAttr(default_factory=lambda: read_secrets(env_file()))

    @property
    def secrets(self) -> Mapping[str, SecretStr]:
        """The named secrets, by name in upper case; see `chimera/config/named_secrets.py`. Read-only."""
        return self._secrets

    @property
    def mcp_path(self) -> Path | None:
        """The file with the installation's MCP servers; None if there is none."""
        if self.mcp_file is not None:
            return self.mcp_file
        usual = self.data_dir / "mcp.json"
        return usual if usual.is_file() else None

    @property
    def kept_days(self) -> dict[str, int]:
        """How many days each kind of content is kept (`RetentionKind`); 0: forever."""
        return {kind: getattr(self, setting) for kind, setting in RETENTION_SETTINGS.items()}

    @property
    def most_running(self) -> int:
        """The number of tasks that may run at once."""
        return self.max_running_tasks or max(8, self.max_concurrent_activities // 4)

    def key_of(self, vendor: str) -> SecretStr | None:
        """Return the key that was set for a vendor."""
        key: SecretStr | None = getattr(self, VENDORS[vendor].key_field, None)
        return key

    def address_of(self, vendor: str) -> str | None:
        """Return a vendor's address: the one that was set, or else that of its public API."""
        row = VENDORS[vendor]
        address: str | None = getattr(self, row.address_field)
        return address or row.base_url

    @property
    def temporal_connection(self) -> TemporalTls:
        """The TLS settings of the connection to Temporal."""
        return TemporalTls(
            switch=self.temporal_tls,
            has_api_key=self.temporal_api_key is not None,
            client_cert=self.temporal_tls_client_cert_path,
            client_key=self.temporal_tls_client_key_path,
            server_ca=self.temporal_tls_server_ca_cert_path,
            server_name=self.temporal_tls_server_name,
        )

    @property
    def own_models(self) -> Mapping[str, OwnModel]:
        """The entries of `catalog_file`."""
        return models_in(self.catalog_file) if self.catalog_file else {}

    @property
    def own_prices(self) -> Mapping[str, OwnPrice | OwnModel]:
        return {**self.own_models, **self.prices}

    @property
    def own_windows(self) -> Mapping[str, int | OwnModel]:
        return {**self.own_models, **self.context_windows}

    @field_validator("default_model", "requests_per_minute", "tokens_per_minute")
    @classmethod
    def _names_providers(cls, value: str | dict[str, int]) -> str | dict[str, int]:
        named = {value.partition("/")[0]} if isinstance(value, str) else set(value)
        if unknown := sorted(named - set(VENDORS)):
            raise ValueError(f"Unknown provider {unknown[0]!r}. Use one of these providers: {', '.join(VENDORS)}.")
        return value

    @field_validator(
        "cors_origins", "allowed_hosts", "trusted_proxies", "egress_allow", "egress_trusted", mode="before"
    )
    @classmethod
    def _separate_by_commas(cls, value: object) -> object:
        return tuple(filter(None, map(str.strip, value.split(",")))) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _temporal_can_be_reached(self) -> Self:
        self.temporal_connection.check(self.temporal_address)
        return self

    @model_validator(mode="after")
    def _catalog_file_can_be_used(self) -> Self:
        _ = self.own_models
        return self
