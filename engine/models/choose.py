"""From a `Choice` to the model that plays it: one client an endpoint and key, opened when first asked for.

The key is looked for each time, so a key that a person gives while the lab waits is used by the next call, also where
the environment holds another one that was refused. The rehearsal needs none. Made by `engine/gathering.py`; its
connections end with the engine's process.
"""

from __future__ import annotations

from pathlib import Path

from engine.models.anthropic import AnthropicModel
from engine.models.base import Model
from state import keys
from state.errors import LabError
from state.profiles import Choice


class Models:
    """The models of one project. `folder` and `language` are for the rehearsal's cast."""

    def __init__(self, folder: Path, language: str) -> None:
        self._folder, self._language = folder, language
        self._open: dict[tuple[str, str, str], Model] = {}

    def __call__(self, choice: Choice) -> Model:
        """LabError `auth.no_key` where its endpoint needs a key and there is none; else as `keys.find`."""
        profile = choice.profile
        key = keys.find(profile, but=self._refused(choice)) or keys.find(profile)
        if key is None and profile.needs_key:
            raise LabError(
                "auth.no_key",
                profile=profile.name,
                variable=profile.keys[0],
                file=str(keys.file()),
                command=f"nightlab key {profile.name}",
            )
        place = (profile.name, profile.base_url, key or "")
        if place not in self._open:
            self._open[place] = self._rehearsal() if profile.rehearsal else AnthropicModel(profile, key)
        return self._open[place]

    def _refused(self, choice: Choice) -> frozenset[str]:
        """Keys that the endpoint did not take: another one, if there is any, comes before them."""
        return frozenset(
            key
            for (name, url, key), model in self._open.items()
            if (name, url) == (choice.profile.name, choice.profile.base_url)
            and isinstance(model, AnthropicModel)
            and model.refused
        )

    def _rehearsal(self) -> Model:
        from engine.models.rehearsal import RehearsalModel

        model: Model = RehearsalModel(self._folder, self._language)
        return model

    async def close(self) -> None:
        for model in self._open.values():
            await model.close()
        self._open.clear()
