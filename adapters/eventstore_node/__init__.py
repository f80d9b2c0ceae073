"""The embedded node: EventStoreDB's public gRPC protocol in front of the embedded event store."""
