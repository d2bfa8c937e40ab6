"""The text of an agent's turns as a client receives it: it can only grow.

A model call that is interrupted, for example because its worker is killed, is made again and streams its answer from
the beginning. What was sent before can't be taken back. If the new answer begins in the same way, only what is new is
sent; otherwise, the client's text is contradicted.

What is stored of a call may be shorter than what it has streamed: a thought that has only a closing tag is recognized
when it ends. The client keeps what it has received of such a call.
"""

from chimera.providers.answers.speech import split
from models.events import TokensFrame
from models.openai.base import BETWEEN_TURNS


class Contradicted(Exception):
    """The text of a new attempt, or the stored one, differs from what the client has received."""


class GrowingText:
    """What was sent to one client. `add`, `settle` and `end` return the text to send now, and raise Contradicted."""

    def __init__(self) -> None:
        self._sent = ""
        self._settled = ""
        """What was sent of the turns that have ended, and what separates them from the next one."""
        self._ended, self._stored = "", ""
        """What was sent of these turns, and their stored text."""
        self._call = ""
        """The text of the model call in flight, as far as it has arrived without gaps."""

    def begin(self) -> None:
        """Note that a model call begins: the first attempt of a turn, or another one."""
        self._call = ""

    def add(self, frame: TokensFrame) -> str:
        """Add a piece of the call's text. A piece after a gap is ignored: the stored text will contain it."""
        if frame.offset != len(self._call):
            return ""
        self._call += frame.text
        whole = self._settled + self._call
        if len(whole) > len(self._sent):
            return self._grow(whole)
        if not self._sent.startswith(whole):
            raise Contradicted
        return ""

    def settle(self, stored: str, *, goes_on: bool) -> str:
        """Note that a turn has ended that isn't the last one. `stored` is the text of all turns so far.

        With `goes_on`, the next turn continues a text that was cut off at its token limit.
        """
        rest = self.end(stored)
        self._ended, self._stored = self._sent, stored
        self._settled = self._sent if goes_on or not stored else self._sent + BETWEEN_TURNS
        self._call = ""
        return rest

    def end(self, stored: str) -> str:
        """Note that `stored` is the whole text."""
        if not stored.startswith(self._stored):
            raise Contradicted
        whole = self._ended + stored[len(self._stored) :]
        return "" if self._has_more_than(whole) else self._grow(whole)

    def _has_more_than(self, whole: str) -> bool:
        """Return whether the client has received the call completely, also what isn't part of its answer.

        Text of an earlier attempt doesn't count: its answer was another one.
        """
        if self._sent != self._settled + self._call:
            return False
        _, answer = split(self._call)
        return whole == (self._settled + answer if answer else self._ended)

    def _grow(self, whole: str) -> str:
        if not whole.startswith(self._sent):
            raise Contradicted
        rest, self._sent = whole[len(self._sent) :], whole
        return rest
