"""The shooting range: a small machine on which guest code tries to reach what is not its own.

``machine`` holds frames with owners, ``spaces`` the memory of the layers of a stack, ``guest`` a VM; ``memory_path`` is
the way of an access, ``hypercalls`` and ``table_updates`` what a guest may ask for, ``devices``, ``floppy`` and ``dma``
what it is connected to; ``defences`` are the switches. ``scenario`` puts it together, after ``staging`` has hidden the
secret; ``run`` runs guest code in it, and returns a ``verdict`` with the ``trace``. ``reach`` and ``consequences`` say
what comes of a layer that guest code has got at.

Time and what is shared come in where a placement asks for them, by ``surroundings``: ``clock``; ``timing`` the caches,
``dram`` the rows; ``sharing`` the scanner for equal pages; ``victim`` what others do; ``cores`` who is on the core
besides; ``processor_time`` a processor under the scheduler of the stack. The ``disk`` is always shared.
"""
