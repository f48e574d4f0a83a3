"""The pages and the interfaces for programs: they read and ask, they never decide.

A room is a file with `routes`; `server` opens the rooms it lists.
"""
