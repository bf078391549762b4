"""redis-py's cluster client, unchanged: routing, commands for all masters, and a slot that moves under traffic.

REDIS_PORTS names the ports of three masters. The table of the models is in TABLE (a file).
"""

import os
import threading
import zlib

from redis.cluster import ClusterNode, RedisCluster

PORTS = [int(port) for port in os.environ["REDIS_PORTS"].split(",")]
TABLE = open(os.environ["TABLE"], encoding="utf-8").read()
KEYS = 60


def connected() -> RedisCluster:
    return RedisCluster(startup_nodes=[ClusterNode("127.0.0.1", port) for port in PORTS], socket_timeout=30)


def primary(client: RedisCluster) -> ClusterNode:
    return client.get_default_node()


def test_routing(client: RedisCluster) -> None:
    call = client.execute_command
    assert call("TIER.SET", "page", "PATTERN", "page:*", "TTL", 3600, "CLUSTER", target_nodes=primary(client))
    for number in range(KEYS):
        call("CACHE.SET", f"page:{number}", f"value {number}", "TAGS", 1, "t")
    for number in range(KEYS):
        assert call("CACHE.GET", f"page:{number}") == f"value {number}".encode()
    assert all(client.get_redis_connection(node).dbsize() > 0 for node in client.get_primaries())
    assert call("CACHE.MSET", 2, "{a}page:1", "v", "{a}page:2", "w", "TTL", 60)
    assert call("CACHE.MGET", "{a}page:1", "{a}page:2") == [b"v", b"w"]
    state, token = call("CACHE.FETCH", "page:leased")[:2]
    assert state == b"lease" and call("CACHE.FILL", "page:leased", token, "filled", "TAGS", 1, "t")
    assert call("CACHE.FETCH", "page:leased")[:2] == [b"hit", b"filled"]
    for name in ("one", "two", "three", "four"):
        call("MODEL.SET", name, "IO", TABLE)
        assert b'"subject"' in call("ASSESS.GET", name, "USA", "C10")
        call("JOB.SUBMIT", f"queue:{name}", "type", "payload", "ID", "j")
        assert call("JOB.STATUS", f"queue:{name}", "j")
    node = primary(client)
    assert call("CACHE.INVALIDATE", "TAG", "t", "CLUSTER", target_nodes=node) == KEYS + 1
    assert all(call("CACHE.GET", f"page:{number}") is None for number in range(KEYS))
    assert call("CACHE.HEALTH", "CLUSTER", target_nodes=node)[0] == b"ok"
    assert call("TIER.DEL", "page", "CLUSTER", target_nodes=node) == 1


class Mover:
    """Moves a slot between masters, as redis-cli does."""

    def __init__(self, client: RedisCluster, slot: int) -> None:
        self.slot = slot
        self.nodes = client.get_primaries()
        self.links = {node.name: client.get_redis_connection(node) for node in self.nodes}
        self.ids = {name: link.execute_command("CLUSTER MYID").decode() for name, link in self.links.items()}

    def move(self, source: str, target: str) -> int:
        cluster = "CLUSTER SETSLOT"
        self.links[target].execute_command(cluster, self.slot, "IMPORTING", self.ids[source])
        self.links[source].execute_command(cluster, self.slot, "MIGRATING", self.ids[target])
        moved = 0
        host, port = target.split(":")
        while keys := self.links[source].execute_command("CLUSTER GETKEYSINSLOT", self.slot, 3):
            self.links[source].execute_command("MIGRATE", host, port, "", 0, 60000, "KEYS", *keys)
            moved += len(keys)
        for node in (target, source, *self.links):
            self.links[node].execute_command(cluster, self.slot, "NODE", self.ids[target])
        return moved


def test_slot_moves_under_traffic(client: RedisCluster) -> None:
    """Models, tagged and compressed entries, leases and a queue, read and written while their slot moves three times."""
    call = client.execute_command
    node = primary(client)
    call("TIER.SET", "big", "PATTERN", "{m}big:*", "TTL", 3600, "COMPRESS", 1000, "CLUSTER", target_nodes=node)
    call("TIER.SET", "page", "PATTERN", "{m}page:*", "TTL", 3600, "CLUSTER", target_nodes=node)
    text = "text " * 1000
    call("MODEL.SET", "{m}icio", "IO", TABLE)
    document = call("ASSESS.GET", "{m}icio", "USA", "C10")
    for number in range(20):
        call("CACHE.SET", f"{{m}}page:{number}", str(number), "TAGS", 1, "t")
        call("CACHE.SET", f"{{m}}big:{number}", text + str(number))
    ends = threading.Event()
    wrong: list[str] = []
    rounds: list[int] = []

    def traffic(worker: int) -> None:
        mine = connected()
        run = mine.execute_command
        turn = 0
        try:
            while not ends.is_set() or turn < 20:
                turn += 1
                number = turn % 20
                if run("CACHE.GET", f"{{m}}page:{number}") != str(number).encode():
                    wrong.append(f"entry {number}")
                if run("CACHE.GET", f"{{m}}big:{number}") != (text + str(number)).encode():
                    wrong.append(f"compressed entry {number}")
                if run("ASSESS.GET", "{m}icio", "USA", "C10") != document:
                    wrong.append("assessment")
                run("JOB.SUBMIT", "{m}queue", "type", "payload", "ID", f"{worker}-{turn}")
                reply = run("CACHE.FETCH", f"{{m}}page:own:{worker}:{turn}", "LEASE", 5000)
                if reply[0] == b"lease":
                    try:
                        run("CACHE.FILL", f"{{m}}page:own:{worker}:{turn}", reply[1], "v", "TAGS", 1, "own")
                    except Exception as error:  # noqa: BLE001  # a lease does not move, and its holder learns that
                        if "LEASELOST" not in str(error):
                            raise
        except Exception as error:  # noqa: BLE001
            wrong.append(repr(error))
        rounds.append(turn)
        mine.close()

    threads = [threading.Thread(target=traffic, args=(worker,)) for worker in range(3)]
    for thread in threads:
        thread.start()
    slot = client.keyslot("{m}icio")
    mover = Mover(client, slot)
    at = client.get_node_from_key("{m}icio").name
    others = [name for name in mover.links if name != at]
    moved = [mover.move(source, target) for source, target in zip([at, *others], [*others, at], strict=True)]
    ends.set()
    for thread in threads:
        thread.join()
    assert not wrong, wrong[:5]
    assert all(count > 40 for count in moved), moved
    # Every job that was acknowledged is there, and the index knows every entry: an invalidation finds them all.
    for worker, turns in enumerate(rounds):
        assert turns >= 20, rounds
    waiting = call("JOB.INFO", "{m}queue")
    numbers = dict(zip(waiting[::2], waiting[1::2], strict=True)) if isinstance(waiting, list) else waiting
    assert int(numbers[b"pending"]) == sum(rounds), (numbers, rounds)
    assert call("CACHE.INVALIDATE", "TAG", "t", "CLUSTER", target_nodes=node) == 20
    assert call("CACHE.INVALIDATE", "TIER", "big", "CLUSTER", target_nodes=node) == 20
    assert call("CACHE.GET", "{m}page:1") is None
    # Nothing of the slot is left on the nodes that had it in between.
    stats = call("CACHE.STATS", "big", "CLUSTER", target_nodes=node)
    entries = dict(zip(stats[::2], stats[1::2], strict=True)) if isinstance(stats, list) else stats
    assert int(entries[b"entries"]) == 0, entries
    print(f"moved {moved} keys, {sum(rounds)} rounds, checksum {zlib.crc32(document)}")


if __name__ == "__main__":
    cluster = connected()
    test_routing(cluster)
    test_slot_moves_under_traffic(cluster)
    cluster.close()
