import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from chimera.config.settings import Settings
from chimera.observe import logging as chimera_logging


@pytest.fixture
def lines(tmp_path: Path) -> Iterator["Lines"]:
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    # Remove the handlers without closing them, because they belong to pytest.
    root.handlers.clear()
    chimera_logging.configure(Settings(data_dir=tmp_path), "worker")
    yield Lines(tmp_path / "logs" / "worker.log")
    structlog.contextvars.clear_contextvars()
    for handler in root.handlers[:]:
        root.removeHandler(handler)
        handler.close()
    root.handlers[:], level = before
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


class Lines:
    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.path.read_text().splitlines()]

    def last(self) -> dict[str, Any]:
        return self.read()[-1]


def test_a_log_line_has_time_event_and_bound_ids(lines: Lines) -> None:
    structlog.contextvars.bind_contextvars(request_id="r-1", run_id="t-1")
    structlog.get_logger("chimera.try").info("task_accepted", priority=2)
    line = lines.last()
    assert line["event"] == "task_accepted"
    assert (line["component"], line["level"], line["logger"]) == ("worker", "info", "chimera.try")
    assert (line["request_id"], line["run_id"], line["priority"]) == ("r-1", "t-1", 2)
    assert line["timestamp"].endswith("Z")


def test_library_logs_have_the_same_form(lines: Lines) -> None:
    logging.getLogger("uvicorn.error").warning("slow %s", "start", extra={"port": 8000})
    line = lines.last()
    assert (line["event"], line["logger"], line["port"]) == ("slow start", "uvicorn.error", 8000)


@pytest.mark.parametrize(
    "name", ["password", "Authorization", "openai_api_key", "refresh_token", "jwt_secret", "Cookie"]
)
def test_secret_fields_are_redacted_everywhere(lines: Lines, name: str) -> None:
    structlog.get_logger().info("call", **{name: "hunter2"}, headers={name: "hunter2"}, all=[{name: "hunter2"}])
    assert "hunter2" not in lines.path.read_text()


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer hunter2",
        "key sk-hunter2hunter2 refused",
        "key AIzahunter2hunter2 refused",
        "postgresql://chimera:hunter2@db/chimera",
    ],
)
def test_secrets_in_text_and_tracebacks_are_redacted(lines: Lines, text: str) -> None:
    structlog.get_logger().warning(text)
    try:
        raise ValueError(text)
    except ValueError:
        structlog.get_logger().exception("failed")
    assert "hunter2" not in lines.path.read_text()
    assert "ValueError" in lines.last()["exception"]


def test_secrets_in_message_arguments_are_redacted(lines: Lines) -> None:
    structlog.get_logger().warning("refused %s", "Bearer hunter2")
    logging.getLogger("uvicorn.error").warning("refused %s", "Bearer hunter2")
    assert "hunter2" not in lines.path.read_text()
    assert [line["event"] for line in lines.read()] == ["refused Bearer [redacted]"] * 2


def test_a_secret_in_a_stack_is_redacted(lines: Lines) -> None:
    structlog.get_logger().warning("stuck", stack_info=True, why="Bearer hunter2")  # the stack includes this line
    assert "hunter2" not in lines.path.read_text()
    assert "test_logging.py" in lines.last()["stack"]


def test_counts_of_tokens_are_no_secrets(lines: Lines) -> None:
    structlog.get_logger().info("call_finished", input_tokens=12, output_tokens=3)
    assert (lines.last()["input_tokens"], lines.last()["output_tokens"]) == (12, 3)


def test_text_from_outside_stays_within_its_line(lines: Lines) -> None:
    hostile = 'x\n{"event": "forged"}\r\x1b[2J\u2028\ud800\x00'
    structlog.get_logger().info("said", text=hostile)
    assert len(lines.path.read_bytes().splitlines()) == 1
    assert lines.last()["text"] == hostile


def test_on_a_terminal_control_characters_are_written_out() -> None:
    event = chimera_logging.escape(None, "info", {"event": "a\x1b[2Jb\nc", "exception": "one\ntwo\x1b"})
    assert event == {"event": "a\\x1b[2Jb\\nc", "exception": "one\ntwo\\x1b"}


@pytest.mark.parametrize("fields", [{"text": "x" * 100_000}, {f"field_{n}": "x" * 50 for n in range(2000)}])
def test_a_long_line_is_cut_and_is_still_json(lines: Lines, fields: dict[str, str]) -> None:
    structlog.get_logger().info("said", **fields)
    assert len(lines.path.read_text()) <= chimera_logging.LINE_CHARS + 1
    assert lines.last()["event"] == "said"
    assert lines.last()["shortened_from"] > chimera_logging.LINE_CHARS


def test_the_file_rotates(lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    handler = next(h for h in logging.getLogger().handlers if isinstance(h, logging.handlers.RotatingFileHandler))
    monkeypatch.setattr(handler, "maxBytes", 1000)
    for number in range(100):
        structlog.get_logger().info("counted", number=number)
    kept = {path.name for path in lines.path.parent.iterdir()}
    assert kept == {"worker.log", *(f"worker.log.{number}" for number in range(1, 6))}
