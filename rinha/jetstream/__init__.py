"""Payments over NATS JetStream: the only room that imports nats. Optional: nothing else needs it."""
