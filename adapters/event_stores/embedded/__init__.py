"""What the stores that live inside this process share.

One writer thread groups appends into durable writes (:mod:`group_writer`), the event loop reads and
follows (:mod:`store`). A storage brings a :class:`~.log.LogWriter` and a :class:`~.log.LogReader`.
"""
