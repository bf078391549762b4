"""What `connect` returns, for both kinds of clients."""

from __future__ import annotations

from redis_assess import _replies
from redis_assess._cache import Cache
from redis_assess._call import Call, Handle, Mode, Scope, Sender, command
from redis_assess._io import IoModel
from redis_assess._origin import OriginModel
from redis_assess._queues import Queue
from redis_assess._score import ScoreModel
from redis_assess._tiers import Tiers


class Base(Handle[Mode]):
    """Handles of models and queues, the cache and the tiers. Making a handle sends nothing."""

    def __init__(self, sender: Sender) -> None:
        super().__init__(sender)
        self.cache: Cache[Mode] = Cache(sender)
        self.tiers: Tiers[Mode] = Tiers(sender)

    def io(self, key: str) -> IoModel[Mode]:
        """The input-output model at a key."""
        return IoModel(self._sender, key)

    def score(self, key: str) -> ScoreModel[Mode]:
        """The score model at a key."""
        return ScoreModel(self._sender, key)

    def origin(self, key: str) -> OriginModel[Mode]:
        """The model of rules of origin at a key."""
        return OriginModel(self._sender, key)

    def queue(self, key: str) -> Queue[Mode]:
        """The queue of jobs at a key."""
        return Queue(self._sender, key)

    @command
    def models(self, pattern: str | None = None) -> Call[list[str]]:
        """The keys that hold models, or are being loaded, in no order."""
        words = () if pattern is None else (pattern,)
        return Call(("MODEL.LIST", *words), _replies.texts, scope=Scope.MASTERS)
