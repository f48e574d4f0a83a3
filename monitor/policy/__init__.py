"""The policy: the YAML files of a folder, read whole, checked whole, turned into values."""
