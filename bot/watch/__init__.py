"""Watching clusters: streams that wake, looks that decide."""
