"""The only vendor doubles: one folder per vendor, and servers that send what a vendor sends.

In a vendor's folder, `frames` builds the events of its stream, `answers` complete answers for the model server, `wire`
the description that the provider contract uses, and `gateway` the translation between the vendor and the simulator.
"""
