"""A small HTTP/2 server for gRPC calls.

The general gRPC library spends about half a millisecond of processor time on each call. The node is one end
of a connection that repeats the same few headers all day, and this package does only what that needs.
"""
