"""What people read: every sentence on why something is as it is, and what happens next, is made here.

They begin in lower case and end without a full stop, so that they can stand in a table, in a line or after a colon.
"""
