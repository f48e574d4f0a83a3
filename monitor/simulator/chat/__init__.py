"""The chat room: what the robots received, as people see it."""
