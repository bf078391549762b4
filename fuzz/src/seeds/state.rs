//! Seeds of the cache, of schedules and of the cluster.

use std::io;

use assess_engine::cache::entry::Entry;
use assess_engine::cluster::wire;
use assess_fuzz::cluster;

use super::Seeds;

const DECLARATIONS: [&str; 3] = [
    "TIER\0users\0PATTERN\0user:*\0TTL\060\0JITTER\010\0GRACE\030\0REFRESH\020\0NEGATIVE\05\0CAPACITY\0100\0QUEUE\0q",
    "tier\0a.b-c:d_e\0pattern\0x:[a-c]?\0PATTERN\0y\\*\0PTTL\01500\0MAXMEMORY\064mb\0MINHIT\080\0COMPRESS\01024\0TIER\0assessment\0PATTERN\0assessment:{*\0TTL\03600",
    "TIER\0t\0PATTERN\0*\0TTL\01\0LEASE\05000\0WAIT\02000\0INDEX\0no\0RETRY\0100\0TIER\0u\0PATTERN\0u:*\0TTL\01\0ENFORCE\0yes\0PREFETCH\03",
];

const PATTERNS: [&str; 10] = [
    "user:*\0user:1",
    "h?llo\0hello",
    "h[^e-a]llo*\0hxllo world",
    "a\\*b*c\0a*bxxc",
    "*a*b*c\0xaxbxcxc",
    "[\0a",
    "[^\0a",
    "[a\\]-]x\0]x",
    "[a-]\0b",
    "a\\\0a\\",
];

const NAMES: [&str; 6] = [
    "icio\0USA:C10T12:indicator=wgi,layers=32,top=0",
    "{eu}:icio\0AA:manu:indicator=risk%2C0,paths=20,cutoff=0.001",
    "m\0AA:manu:indicator=output",
    "m\0%7B\"a\":1,\"b\":2,\"c\":3%7D",
    "m\0847130:AA:BB:%7B%7D",
    "assessment:{m\0a%4",
];

/// Expressions and zones, with the hours after which they are asked for: before, in and after changes of clocks.
const SCHEDULES: [&str; 14] = [
    "0 3 * * *\0Europe/Berlin",
    "30 2 * * *\0Europe/Berlin",
    "*/15 9-17 * * MON-FRI\0America/New_York",
    "30 6 1,15 jan,JUL *",
    "0 0 LW * *\0UTC",
    "0 0 15W * +FRI\0Australia/Lord_Howe",
    "0 0 29 2 MON#1",
    "0 0 * * FRI#L\0Pacific/Apia",
    "*/7 * * * * *\0Asia/Kathmandu",
    "59 59 23 31 12 *\0Antarctica/Troll",
    "@daily\0Africa/Casablanca",
    "@yearly",
    "60000",
    "0 0 30 2 *",
];

/// 2026-03-29 and 2026-10-25, when clocks change in Europe; the end of the calendar; the first time.
const TIMES: [u64; 4] = [1_774_742_400_000, 1_792_879_200_000, 253_402_300_799_000, 0];

const NODES: &str = "\
67ed2db8d677e59ec4a4cefb06858cf2a1a89fa1 127.0.0.1:30002@31002,host master - 0 1426238316232 2 connected 5461-10922
6ec23923021cf3ffec47632106199cb7f496ce01 ::1:30005@31005 master,fail - 0 1426238316232 5 disconnected
e7d1eecce10fd6bb5eb35b9f99a514335d9ba9ca 127.0.0.1:30001@31001 myself,master - 0 0 1 connected 0-5460 [93-<-292f]
07c37dfeb235213a872192d90877d0cd55635b91 127.0.0.1:30004@31004 slave e7d1eecce10fd6bb5eb35b9f99a514335d9ba9ca 0 1 4 connected
";

impl Seeds<'_> {
    pub(super) fn state(&self) -> io::Result<()> {
        for (i, compress_at) in [None, Some(1)].into_iter().enumerate() {
            let entry = Entry::new(&b"a value, a value, ".repeat(9), &[b"tag", b"other"], compress_at);
            self.write("cache_entry", &i.to_string(), &entry.encode())?;
        }
        for (target, list) in [
            ("tier_declarations", &DECLARATIONS[..]),
            ("pattern", &PATTERNS[..]),
            ("cache_name", &NAMES[..]),
            ("cluster_nodes", &[NODES]),
        ] {
            list.iter().enumerate().try_for_each(|(i, text)| self.write(target, &i.to_string(), text.as_bytes()))?;
        }
        for (i, text) in SCHEDULES.iter().enumerate() {
            for (k, time) in TIMES.iter().enumerate() {
                self.write("schedule", &format!("{i}-{k}"), &[&time.to_le_bytes(), text.as_bytes()].concat())?;
            }
        }
        for (i, words) in cluster::seeds().iter().enumerate() {
            self.write("bus_words", &i.to_string(), &words.join(&0))?;
            self.write("bus_message", &i.to_string(), &wire::encode(words))?;
        }
        self.write("codes", "made", CODES)
    }
}

const CODES: &[u8] =
    b"{\"source\":\"made\",\"items\":[{\"code\":\"01\",\"description\":\"Live animals\",\"section\":\"I\"},\
    {\"code\":\"0101.21\",\"description\":\"Horses, pure-bred\"},{\"code\":\"8471\",\"description\":\"Computers\"}]}";
