//! Random operations on random keys: all that a server can do to its keyspace, mixed with the commands of this module.

use crate::harness::random::Random;

/// A command.
pub(super) type Command = Vec<Vec<u8>>;

/// The number of databases in use.
pub(super) const DATABASES: usize = 4;
/// Keys of a family in each database.
const KEYS: usize = 60;

/// Prefixes of keys, and the policies of the tiers that they belong to at first.
const TIERS: [(&str, &str); 7] = [
    ("plain:", "TTL 60"),
    ("grace:", "PTTL 200 GRACE 60 REFRESH 20 JITTER 10 RETRY 1"),
    ("small:", "TTL 60 CAPACITY 150"),
    ("heavy:", "TTL 60 MAXMEMORY 4000"),
    ("packed:", "TTL 60 COMPRESS 100 NEGATIVE 1"),
    ("hidden:", "TTL 60 INDEX no"),
    ("forced:", "TTL 60 ENFORCE yes"),
];
/// A prefix of the built-in tier, and a prefix of no tier.
const OTHERS: [&str; 2] = ["assessment:{m}:", "none:"];

const TAGS: [&str; 5] = ["red", "green", "blue", "tall", "wide"];

/// A token that was granted: database, key, token.
pub(super) struct Grant {
    pub(super) db: usize,
    pub(super) key: Vec<u8>,
    pub(super) token: Vec<u8>,
}

/// Generates operations.
pub(super) struct Generator {
    pub(super) random: Random,
    /// The database that the commands made so far have selected.
    pub(super) db: usize,
    /// Tokens that have not been used.
    pub(super) grants: Vec<Grant>,
    /// Whether tiers change, and databases are flushed and swapped.
    pub(super) changes_tiers_and_databases: bool,
    /// Whether leases are requested.
    pub(super) requests_leases: bool,
}

fn words(line: &str) -> Command {
    line.split_whitespace().map(|word| word.as_bytes().to_vec()).collect()
}

/// The commands that declare the tiers.
pub(super) fn tiers() -> Vec<Command> {
    TIERS.iter().map(|(prefix, policy)| tier(prefix, policy)).collect()
}

fn tier(prefix: &str, policy: &str) -> Command {
    words(&format!("TIER.SET {} PATTERN {prefix}* {policy}", prefix.trim_end_matches(':')))
}

impl Generator {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            random: Random::new(seed),
            db: 0,
            grants: Vec::new(),
            changes_tiers_and_databases: true,
            requests_leases: true,
        }
    }

    pub(super) fn below(&mut self, limit: usize) -> usize {
        self.random.below(limit)
    }

    pub(super) fn key(&mut self) -> Vec<u8> {
        let family = self.below(TIERS.len() + OTHERS.len());
        let prefix = TIERS.get(family).map_or_else(|| OTHERS[family - TIERS.len()], |tier| tier.0);
        let number = self.below(KEYS);
        match self.below(200) {
            0 => Vec::new(),
            1 => [prefix.as_bytes(), b"\0\xff\r\n"].concat(),
            2 => format!("{prefix}{}", "long".repeat(100)).into_bytes(),
            _ => format!("{prefix}{number}").into_bytes(),
        }
    }

    fn value(&mut self) -> Vec<u8> {
        match self.below(4) {
            0 => self.below(1000).to_string().into_bytes(),
            1 => vec![b'v'; 100 + self.below(300)],
            2 => (0..self.below(200)).map(|_| self.below(256) as u8).collect(),
            _ => b"value".to_vec(),
        }
    }

    /// A time to live in milliseconds: some end immediately, some never in a test.
    fn ms(&mut self) -> String {
        let most = [3, 30, 60_000][self.below(3)];
        (1 + self.below(most)).to_string()
    }

    fn tags(&mut self) -> String {
        let count = 1 + self.below(3);
        let tags: Vec<&str> = (0..count).map(|_| TAGS[self.below(TAGS.len())]).collect();
        format!("TAGS {count} {}", tags.join(" "))
    }

    /// A command from a line of placeholders: `@` key, `$` value, `#` small number, `~` milliseconds, `%` database.
    fn fill(&mut self, line: &str) -> Command {
        let word = |this: &mut Self, word: &str| match word {
            "@" => this.key(),
            "$" => this.value(),
            "#" => this.below(6).to_string().into_bytes(),
            "~" => this.ms().into_bytes(),
            "%" => this.below(DATABASES).to_string().into_bytes(),
            word => word.as_bytes().to_vec(),
        };
        line.split_whitespace().map(|each| word(self, each)).collect()
    }

    fn one_of(&mut self, lines: &[&str]) -> Command {
        let line = lines[self.below(lines.len())];
        self.fill(line)
    }

    /// One operation, as one command or a few.
    pub(super) fn operation(&mut self, into: &mut Vec<Command>) {
        match self.below(1000) {
            0..=19 => {
                self.db = self.below(DATABASES);
                into.push(words(&format!("SELECT {}", self.db)));
            }
            20..=22 if self.changes_tiers_and_databases => into.push(self.broad_change()),
            25..=44 => self.transaction(into),
            45..=84 => into.push(self.script()),
            85..=99 => into.push(self.restore()),
            100..=379 => into.push(self.of_cache()),
            _ => into.push(self.plain()),
        }
    }

    /// One command that may be used in a transaction or a script.
    #[expect(clippy::too_many_lines, reason = "a list of commands, one arm each")]
    fn plain(&mut self) -> Command {
        // The first lines overwrite, move and delete whole keys; the rest create and empty values of every type.
        let lines = [
            "SET @ $",
            "SET @ $",
            "SET @ $ PX ~",
            "SET @ $ PX ~",
            "SET @ $ KEEPTTL",
            "SET @ $ NX",
            "SET @ $ XX GET",
            "SET @ $ PXAT 1",
            "SETEX @ 60 $",
            "PSETEX @ ~ $",
            "SETNX @ $",
            "GETSET @ $",
            "GETDEL @",
            "GETEX @ PX ~",
            "GETEX @ PERSIST",
            "GETEX @ PXAT 1",
            "MSET @ $ @ $ @ $",
            "MSETNX @ $ @ $",
            "APPEND @ $",
            "SETRANGE @ # $",
            "INCR @",
            "INCRBYFLOAT @ 1.5",
            "DECRBY @ 2",
            "SETBIT @ 9 1",
            "BITFIELD @ SET u8 0 7",
            "PFADD @ a b #",
            "PFMERGE @ @ @",
            "BITOP AND @ @ @",
            "BITOP NOT @ @",
            "DEL @",
            "DEL @ @ @",
            "UNLINK @ @",
            "EXPIRE @ 60",
            "PEXPIRE @ ~",
            "PEXPIRE @ ~ GT",
            "PEXPIRE @ -1",
            "PEXPIREAT @ 1",
            "EXPIREAT @ 4000000000",
            "PERSIST @",
            "PERSIST @",
            "RENAME @ @",
            "RENAME @ @",
            "RENAMENX @ @",
            "COPY @ @",
            "COPY @ @ REPLACE",
            "COPY @ @ DB % REPLACE",
            "MOVE @ %",
            "MOVE @ %",
            "GET @",
            "EXISTS @ @",
            "TTL @",
            "TYPE @",
            "RPUSH @ # # a",
            "LPUSH @ # $",
            "LPUSHX @ a",
            "LPOP @ 2",
            "RPOP @",
            "LREM @ 0 #",
            "LTRIM @ 1 2",
            "LTRIM @ 5 1",
            "LSET @ 0 $",
            "LINSERT @ BEFORE # x",
            "LMOVE @ @ LEFT RIGHT",
            "RPOPLPUSH @ @",
            "LMPOP 2 @ @ LEFT COUNT 3",
            "SADD @ # # #",
            "SADD @ a b c",
            "SREM @ # # #",
            "SPOP @",
            "SPOP @ 5",
            "SMOVE @ @ #",
            "SUNIONSTORE @ @ @",
            "SINTERSTORE @ @ @",
            "SDIFFSTORE @ @ @",
            "SORT @ BY nosort STORE @",
            "SORT @ ALPHA STORE @",
            "HSET @ # $ # $",
            "HSETNX @ # 1",
            "HDEL @ # # # #",
            "HINCRBY @ # 1",
            "HINCRBYFLOAT @ f 1.5",
            "ZADD @ 1 # 2 #",
            "ZADD @ XX 3 #",
            "ZINCRBY @ 1 #",
            "ZREM @ # # #",
            "ZPOPMIN @ 2",
            "ZPOPMAX @ 3",
            "ZREMRANGEBYSCORE @ -inf +inf",
            "ZREMRANGEBYRANK @ 0 1",
            "ZUNIONSTORE @ 2 @ @",
            "ZINTERSTORE @ 2 @ @",
            "ZDIFFSTORE @ 2 @ @",
            "ZRANGESTORE @ @ 0 -1",
            "ZRANGESTORE @ @ 5 1",
            "ZMPOP 2 @ @ MIN",
            "GEOADD @ 13.3 38.1 #",
            "GEOSEARCHSTORE @ @ FROMLONLAT 15 37 BYRADIUS 400 km ASC",
            "XADD @ * a b",
            "XADD @ MAXLEN 2 * a b",
            "XTRIM @ MAXLEN 0",
            "XDEL @ 0-1",
            "XGROUP CREATE @ g $ MKSTREAM",
            "XGROUP CREATE @ h 0 MKSTREAM",
            "XGROUP DESTROY @ g",
            "XREADGROUP GROUP h c COUNT 1 STREAMS @ >",
            "XSETID @ 9999999999999-1",
            "XAUTOCLAIM @ h d 0 0",
        ];
        let line = lines[self.below(lines.len())];
        // `XGROUP CREATE` has a `$` of its own.
        if line.starts_with("XGROUP CREATE @ g") { self.fill("XGROUP CREATE @ g 0 MKSTREAM") } else { self.fill(line) }
    }

    #[expect(clippy::too_many_lines, reason = "a list of commands, one arm each")]
    fn of_cache(&mut self) -> Command {
        if self.below(4) == 0
            && let Some(at) = self.grants.iter().rposition(|grant| grant.db == self.db)
        {
            let grant = self.grants.swap_remove(at);
            let expiry = if self.below(2) == 0 { " PX 40".into() } else { String::new() };
            let tags = if self.below(2) == 0 { format!(" {}", self.tags()) } else { String::new() };
            let mut command = vec![b"CACHE.FILL".to_vec(), grant.key, grant.token, self.value()];
            command.extend(words(&format!("{expiry}{tags}")));
            return command;
        }
        let tags = self.tags();
        let lines = [
            "CACHE.SET @ $",
            "CACHE.SET @ $ PX ~",
            "CACHE.SET @ $ PX 60000",
            "CACHE.SET @ $ KEEPTTL",
            "CACHE.SET @ $ PERSIST",
            "CACHE.SET @ $ NX",
            "CACHE.SET @ $ XX",
            "CACHE.SET @ $ PXAT 1",
            "CACHE.MSET 2 @ $ @ $ PX ~",
            "CACHE.GET @",
            "CACHE.MGET @ @",
            "CACHE.FETCH @ WAIT 0 LEASE 60000",
            "CACHE.FETCH @ WAIT 0 LEASE 5",
            "CACHE.FETCH @ WAIT 0 NOSTALE BIND",
            "CACHE.INVALIDATE KEY @",
            "CACHE.INVALIDATE KEY @ KEY @ SOFT",
            "CACHE.TTL @",
        ];
        let tagged = [
            "CACHE.SET @ $",
            "CACHE.SET @ $ PX ~",
            "CACHE.SET @ $ PX 60000",
            "CACHE.SET @ $ PERSIST",
            "CACHE.SET @ $ KEEPTTL",
            "CACHE.SET @ $ PXAT 1",
            "CACHE.SET @ $ PX 60000",
            "CACHE.MSET 2 @ $ @ $ PX 60000",
        ];
        let broad = [
            "CACHE.INVALIDATE PATTERN plain:1*",
            "CACHE.INVALIDATE PATTERN *7 ALLKEYS",
            "CACHE.INVALIDATE PATTERN grace:* SOFT",
            "CACHE.INVALIDATE TIER packed ASYNC",
            "CACHE.INVALIDATE MODEL m",
            "CACHE.INVALIDATE ALL SOFT ASYNC",
            "CACHE.INVALIDATE PATTERN hidden:3*",
            "CACHE.INVALIDATE TAG red",
            "CACHE.INVALIDATE TAG red TAG wide MATCH all ASYNC",
            "CACHE.INVALIDATE TAG tall SOFT",
        ];
        match self.below(100) {
            0..=2 => self.one_of(&broad),
            3..=49 => {
                let tags = words(&tags);
                [self.one_of(&tagged), tags].concat()
            }
            _ => match self.one_of(&lines) {
                fetch if fetch[0] == b"CACHE.FETCH" && !self.requests_leases => words("PING"),
                command => command,
            },
        }
    }

    /// A change of whole databases, or of tiers.
    fn broad_change(&mut self) -> Command {
        let (prefix, policy) = TIERS[self.below(TIERS.len())];
        let name = prefix.trim_end_matches(':');
        match self.below(24) {
            0 => words("FLUSHDB"),
            1 => words("FLUSHDB ASYNC"),
            2 if self.below(4) == 0 => words("FLUSHALL"),
            3..=10 => self.fill("SWAPDB % %"),
            11..=13 => words(&format!("TIER.DEL {name}")),
            14 => words(&format!("TIER.SET wide PATTERN *{} PATTERN none:1* TTL 60", self.below(10))),
            15 => words("TIER.DEL wide"),
            16 => words(&format!("TIER.SET {name} PATTERN {prefix}1* {policy}")),
            _ => tier(prefix, policy),
        }
    }

    fn transaction(&mut self, into: &mut Vec<Command>) {
        into.push(words("MULTI"));
        for _ in 0..1 + self.below(4) {
            match self.below(12) {
                0 if self.changes_tiers_and_databases => into.push(self.broad_change()),
                1..=3 => into.push(self.of_cache()),
                4 => {
                    self.db = self.below(DATABASES);
                    into.push(words(&format!("SELECT {}", self.db)));
                }
                _ => into.push(self.plain()),
            }
        }
        into.push(words("EXEC"));
    }

    /// A few operations in a script; an operation that fails does not end it.
    fn script(&mut self) -> Command {
        const TEXT: &str = "local at = 1
            for _ = 1, ARGV[1] do
                local n, call = tonumber(ARGV[at + 1]), {}
                for i = 1, n do call[i] = ARGV[at + 1 + i] end
                redis.pcall(unpack(call))
                at = at + 1 + n
            end";
        let count = 1 + self.below(3);
        let mut command = vec![b"EVAL".to_vec(), TEXT.into(), b"0".to_vec(), count.to_string().into()];
        for _ in 0..count {
            let inner = if self.below(4) == 0 { self.of_cache() } else { self.plain() };
            command.push(inner.len().to_string().into());
            command.extend(inner);
        }
        command
    }

    /// A `DUMP` and `RESTORE` of the value of a key, in a single step.
    fn restore(&mut self) -> Command {
        const TEXT: &str = "local form = redis.call('DUMP', ARGV[1])
            if form then
                if ARGV[4] == 'R' then redis.call('DEL', ARGV[2]) end
                return redis.pcall('RESTORE', ARGV[2], ARGV[3], form, ARGV[5])
            end";
        let mut command = vec![b"EVAL".to_vec(), TEXT.into(), b"0".to_vec(), self.key(), self.key()];
        let (expiry, how) = [("0", "REPLACE"), ("60000", "REPLACE"), ("5", "REPLACE"), ("1", "ABSTTL")][self.below(4)];
        let first = if self.below(2) == 0 { "R" } else { "K" };
        command.extend([expiry.into(), first.into(), how.into()]);
        command
    }
}
