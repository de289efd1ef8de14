"""Telling of changes: subscribers in this process, and the script etc/onchange.

Source: api, on-change hook; formats, etc/onchange.
"""

from __future__ import annotations

from contextvars import ContextVar

from vpopmail.events import on_change
from vpopmail.log import warn
from vpopmail.records import FrozenRecord

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from contextvars import Token

    from vpopmail.settings import Settings

    Subscriber = Callable[["Event"], object]

BEFORE = "before"
AFTER = "after"

_silent: ContextVar[frozenset[int]] = ContextVar("vpopmail_silent", default=frozenset())


class Event(FrozenRecord):
    """A change that is about to be made, or was made.

    Attributes:
        command: ``add_domain``, ``del_domain``, ``add_alias_domain``, ``mod_alias_domain``,
            ``add_user``, ``mod_user``, ``del_user``, ``valias_insert``, ``valias_remove``,
            ``valias_set``, ``valias_delete``, ``valias_delete_domain``, ``set_limits``,
            ``del_limits``, ``set_default_delivery``.
        arguments: what it is about: ``("joe@example.com",)``; an alias and its line. No password.
        when: ``before`` or ``after``.
    """

    __slots__ = ("arguments", "command", "when")
    command: str
    arguments: tuple[str, ...]
    when: str

    def __init__(self, command: str, arguments: tuple[str, ...], when: str) -> None:
        self._fill(command=command, arguments=arguments, when=when)


class _Silence:
    """A context in which nobody is told of the events of one site.

    Args:
        events: the id of its Events.
    """

    def __init__(self, events: int) -> None:
        self._events = events
        self._tokens: list[Token[frozenset[int]]] = []

    def __enter__(self) -> None:
        self._tokens.append(_silent.set(_silent.get() | {self._events}))

    def __exit__(self, *exception: object) -> None:
        try:
            _silent.reset(self._tokens.pop())
        except ValueError:  # begun in another context: this one was never silent
            return


class Events:
    """The events of one site.

    Args:
        settings: of the site: whether the script is run, and where it is.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._subscribers: list[Subscriber] = []

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Have a function called before and after each change that this site object makes.

        Args:
            subscriber: gets an Event. What it raises before a change prevents the change and goes
                to the caller; what it raises after one is logged. Changes that it makes itself
                are not told of.

        Returns:
            A function that ends the subscription.
        """
        if not callable(subscriber):
            raise TypeError(f"a function is needed, not {type(subscriber).__name__}")
        self._subscribers.append(subscriber)

        def unsubscribe() -> None:
            if subscriber in self._subscribers:
                self._subscribers.remove(subscriber)

        return unsubscribe

    def nested(self) -> AbstractContextManager[None]:
        """A context in which nobody is told, neither subscribers nor the script."""
        return _Silence(id(self))

    def wanted_before(self, command: str) -> bool:
        """Whether anybody is to be told before a change."""
        if self.are_silent:
            return False
        return bool(self._subscribers) or self._has_script(command, BEFORE)

    def before(self, command: str, *arguments: str) -> None:
        """Tell of a change that is about to be made. Raises what a subscriber raises."""
        self._tell(Event(command, arguments, BEFORE), lambda tell, event: tell(event))

    def noted(self, command: str, *arguments: str) -> None:
        """Tell subscribers, not the script, of a change that a batch is about to note.

        Raises what a subscriber raises.
        """
        if not self.are_silent:
            event = Event(command, arguments, BEFORE)
            with self.nested():
                for subscriber in list(self._subscribers):
                    subscriber(event)

    def committed(self, command: str, *arguments: str) -> None:
        """Tell subscribers and the script of a change that counts with its batch."""
        if self._has_script(command, BEFORE) and not self.are_silent:
            # It was not run before: nobody knew then whether the batch would count.
            on_change.run(self._settings, command, arguments)
        self.after(command, *arguments)

    def after(self, command: str, *arguments: str) -> None:
        """Tell of a change that was made; what a subscriber raises is logged."""
        self._tell(Event(command, arguments, AFTER), _tell_patiently)

    def call_script(self, command: str, *arguments: str) -> int:
        """Run the script now, whatever the event is; see on_change.run.

        Returns:
            What on_change.run returns; 0 if the site has no script or nobody is to be told.
        """
        if self.are_silent or not self._settings.onchange_script:
            return 0
        return on_change.run(self._settings, command, arguments)

    def _tell(self, event: Event, call: Callable[[Subscriber, Event], object]) -> None:
        if self.are_silent:
            return
        with self.nested():
            for subscriber in list(self._subscribers):
                call(subscriber, event)
        if self._has_script(event.command, event.when):
            on_change.run(self._settings, event.command, event.arguments)

    @property
    def are_silent(self) -> bool:
        """Whether nobody is told in this context."""
        return id(self) in _silent.get()

    def _has_script(self, command: str, when: str) -> bool:
        return self._settings.onchange_script and on_change.moment(command) == when


def _tell_patiently(subscriber: Subscriber, event: Event) -> None:
    try:
        subscriber(event)
    except Exception as error:  # noqa: BLE001 - the change is made, whatever a listener does
        warn("a subscriber failed on %s: %s", event.command, type(error).__name__)
