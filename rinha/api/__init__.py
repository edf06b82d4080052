"""The HTTP API: validates payments, hands them to the worker over the bridge, and answers questions about the books."""
