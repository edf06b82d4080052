"""The HTTP client of one payment processor, on gevent."""
