"""Users' data, one module per noun: functions that take a session. Rights are checked here (`access.py`)."""
