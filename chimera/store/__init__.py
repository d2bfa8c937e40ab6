"""What users have, by noun: functions that take a session. Rights are checked here (`access.py`)."""
