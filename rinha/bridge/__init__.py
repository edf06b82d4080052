"""The TCP mailbox bridge: carries payments and questions from the APIs to the worker, and verdicts and answers back."""
