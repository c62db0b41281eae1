"""A place to try and to test the bot: real nodes, simulated nodes, and a Slack workspace, all on this machine."""
