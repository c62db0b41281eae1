"""`setup`: bare servers become a running HAProxy cluster with floating IPs, or say exactly why not."""
