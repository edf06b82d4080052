"""A stand-in for the contest's payment processors, with every behaviour of theirs that matters and faults on demand."""
