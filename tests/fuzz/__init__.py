"""Fuzzing: inputs bent at random, and the promises that hold for all of them.

::

    python -m tests.fuzz TARGET … --minutes 20     look for inputs that break a promise (needs the extra `fuzz`)
    python -m tests.fuzz TARGET --try FILE         tell whether one does

A *target* (:mod:`.targets`) is a function of bytes that raises :class:`.promises.BrokenPromiseError` and nothing else.
Its inputs are files as people have them, so a finding can be handed to `cleaner inspect` as it is. :mod:`.bend` changes
them: bytes, and what is in a container, which is then packed anew. What was found and mended stays in
`cases/<target>/`, and is tried by `tests/test_fuzz.py` in every test run.
"""
