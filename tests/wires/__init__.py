"""The one set of vendor doubles: a folder a vendor, and the servers that send what a vendor sends.

In a vendor's folder `frames` builds the events of its stream, `answers` whole answers of the model server, `wire` the
description that the provider contract is put to, `gateway` the translation between it and the simulator.
"""
