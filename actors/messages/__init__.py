"""Everything that is said between the actors, and between them and the bridge: a file for each conversation.

Commands are imperative (``SubmitPayments``), facts are in the past tense (``PaymentRecorded``), questions start with
``Get``. What several messages carry is in ``actors.values``, ``actors.facts`` and ``actors.reports``.
"""
