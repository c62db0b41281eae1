"""`failover-mode`: who moves the floating IPs of a lost node, changed on a running cluster."""
