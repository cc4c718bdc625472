"""The pictures of a report, each of one thing."""
