"""Tell me when something may have changed: watchdog on folders where events come, and nothing where they do not.

It only hurries: whoever uses it also looks by itself every two seconds, which is all there is on a network file system.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from state.places import Places

if TYPE_CHECKING:
    from watchdog.observers.api import BaseObserver


class Watch:
    """Calls `told`, from a thread of its own, when something happens in the inbox or in notes/."""

    def __init__(self, places: Places, told: Callable[[], None]) -> None:
        self._places, self._told = places, told
        self._observer: BaseObserver | None = None

    def __enter__(self) -> Watch:
        if self._places.kind is not None:
            return self  # a share sends no events
        from watchdog.events import FileSystemEvent, FileSystemEventHandler
        from watchdog.observers import Observer

        told = self._told

        class Handler(FileSystemEventHandler):
            def on_any_event(self, event: FileSystemEvent) -> None:
                if event.event_type in ("created", "moved", "modified", "deleted", "closed"):
                    told()

        observer = Observer()
        try:
            for folder in self._folders():
                observer.schedule(Handler(), str(folder), recursive=False)
            observer.start()
        except OSError:  # no inotify watches left: looking every two seconds is enough
            return self
        self._observer = observer
        return self

    def _folders(self) -> list[Path]:
        return [folder for folder in (self._places.inbox, self._places.notes) if folder.is_dir()]

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._observer is not None:
            self._observer.stop()
            self._observer.join(2.0)
