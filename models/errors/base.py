"""The base class of every error that Chimera raises on purpose."""

from typing import ClassVar

from models.remedies import Remedy


class ChimeraError(Exception):
    """The base class of Chimera's errors. Never raised itself."""

    code: ClassVar[str] = "internal_error"
    http_status: ClassVar[int] = 500
    title: ClassVar[str] = "Internal error"
    retryable: ClassVar[bool] = False

    def __init__(
        self,
        message: str,
        *,
        field: str | None = None,
        retry_after_s: float | None = None,
        remedy: Remedy | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.retry_after_s = retry_after_s
        self.remedy = remedy
