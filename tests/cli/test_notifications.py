"""Commands for notifications, against the real API."""

import pytest

from chimera.config.settings import Settings
from cli import notifications
from cli.errors import WrongUsage
from cli.http import signed_in
from tests.approvals import A_CALL
from tests.cli.test_approvals import pending


async def test_notifications_are_listed_and_read(real_api: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    async with signed_in() as client:
        task_id = (await client.create_task({"goal": "Work.", "start": False})).id
    [approval_id] = await pending(real_api, task_id, A_CALL)
    assert await notifications.list_notifications(False, 100, as_json=False) == 0
    listed = capsys.readouterr().out
    assert approval_id[:8] in listed
    number = int(listed.partition("--up-to ")[2].split()[0])
    with pytest.raises(WrongUsage):
        await notifications.read(None, None)
    assert await notifications.read(number) == 0
    assert await notifications.read(None, number) == 0
    capsys.readouterr()
    assert await notifications.list_notifications(False, 100, as_json=False) == 0
    assert "No unread notifications" in capsys.readouterr().out
