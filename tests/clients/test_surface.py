"""Every method of redis_assess with every option, through redis.Redis and redis.asyncio.Redis, in both protocols.

REDIS_URL names a server with the module.
"""

import asyncio
import contextlib
import inspect
import unittest
import uuid
from pathlib import Path

import redis
import redis_assess
import redis_assess.asyncio
import surface
from redis_assess import _assess, _cache, _io, _origin, _queues, _score, _tiers
from redis_assess._call import _Method

PROTOCOLS = (2, 3)
EXPECTED = (redis.ResponseError, redis_assess.JobFailed, TimeoutError)
CLASSES = {
    "assess": _assess.Base, "io": _io.IoModel, "score": _score.ScoreModel, "origin": _origin.OriginModel,
    "cache": _cache.Cache, "tiers": _tiers.Tiers, "queue": _queues.Queue,
}  # fmt: skip


def method(assess, path):
    """("io", "icio", "get") is assess.io("icio").get, ("cache", "get") is assess.cache.get."""
    kind, *rest = path
    handle = assess if kind == "assess" else getattr(assess, kind)
    if kind in ("io", "score", "origin", "queue"):
        handle = handle(rest.pop(0))
    for name in rest:
        handle = getattr(handle, name)
    return handle


def folder(assess):
    return Path(assess.client.config_get("assess.data-dir")["assess.data-dir"])


def prefix():
    """Names of a script that is played on a server which others may have used."""
    return f"surface-{uuid.uuid4().hex[:8]}"


def play(given, assess):
    """A result that is an error is sent to the script: the script says which errors it expects."""
    script = surface.script(given, prefix(), folder(assess))
    step = next(script)
    with contextlib.suppress(StopIteration):
        while True:
            path, args, kwargs = step
            try:
                result = method(assess, path)(*args, **kwargs)
            except EXPECTED as error:
                result = error
            step = script.send(result)


async def play_async(given, protocol):
    with redis_assess.connect() as other:
        script = surface.script(given, prefix(), folder(other))
    async with redis_assess.asyncio.connect(protocol=protocol) as assess:
        step = next(script)
        with contextlib.suppress(StopIteration):
            while True:
                path, args, kwargs = step
                try:
                    result = await method(assess, path)(*args, **kwargs)
                except EXPECTED as error:
                    result = error
                step = script.send(result)


def methods(owner):
    return {name: one for base in owner.__mro__ for name, one in vars(base).items() if isinstance(one, _Method)}


class Surface(unittest.TestCase):
    def test_every_method_with_every_option(self):
        given = surface.Given()
        for protocol in PROTOCOLS:
            with self.subTest(protocol=protocol), redis_assess.connect(protocol=protocol) as assess:
                play(given, assess)
        self.assert_complete(given)

    def test_every_method_of_coroutines(self):
        for protocol in PROTOCOLS:
            with self.subTest(protocol=protocol):
                asyncio.run(play_async(surface.Given(), protocol))

    def assert_complete(self, given):
        """The script has called every method with every argument that it has a default for."""
        called = {}
        for path, options in given.methods.items():
            owner = CLASSES["queue" if path[-2] == "jobs" else path[0]]
            called.setdefault(methods(owner)[path[-1]], set()).update(options)
        for kind, owner in CLASSES.items():
            for name, one in methods(owner).items():
                if name == "get_or_compute":  # test_cache.py
                    continue
                self.assertIn(one, called, (kind, name))
                parameters = inspect.signature(one._function).parameters.values()
                optional = {of.name for of in parameters if of.default is not of.empty}
                positional = {"payload", "facts", "region", "timeout", "reason", "pattern", "nodes", "rows", "goods"}
                missing = optional - called[one] - positional
                self.assertEqual(missing, set(), (kind, name))


class Words(unittest.TestCase):
    def test_the_server_knows_every_command_with_this_number_of_words(self):
        """The words of the whole script against COMMAND: name and arity."""
        with redis_assess.connect() as assess:
            sent = set()
            through = assess.client.execute_command

            def record(*words, **options):
                sent.add((words[0], len(words)))
                return through(*words, **options)

            assess.client.execute_command = record
            play(surface.Given(), assess)
            sent = {(name, count) for name, count in sent if "." in name}  # and not CONFIG GET
            described = {name.upper(): of for name, of in assess.client.command().items()}
        self.assertGreater(len({name for name, _ in sent}), 40)
        for name, count in sent:
            self.assertIn(name, described)
            arity = described[name]["arity"]
            self.assertTrue(count == arity or (arity < 0 and count >= -arity), (name, count, arity))


if __name__ == "__main__":
    unittest.main()
