"""The door to the database: where the engine, the dispatcher and the courier meet.

`database.Store` opens it and gives transactions; each other module reads and writes one thing inside a transaction
that its caller holds, so that what belongs together is one step.
"""
