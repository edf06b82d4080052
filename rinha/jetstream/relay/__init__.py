"""From the stream to one worker: what its credit covers is pulled, what it has on disk is acknowledged."""
