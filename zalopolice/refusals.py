"""What every verb raises when it does not act."""

from __future__ import annotations


class Refused(Exception):
    """The act is not possible now; the message is the sentence the officer reads."""
