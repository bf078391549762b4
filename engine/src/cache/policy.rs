//! The policy of a tier, and the options that declare it.

use crate::cache::pattern;
use crate::words::Options;
use crate::{Error, Result};

/// The longest time that an option accepts, in seconds: a century.
const CENTURY_S: u64 = 36_525 * 86_400;
const DAY_MS: u64 = 86_400_000;
const HOUR_MS: u64 = 3_600_000;
/// The largest count or size: it must fit into an integer reply.
const MOST: u64 = i64::MAX as u64;
const MAX_PATTERNS: usize = 64;
const MAX_PATTERN_BYTES: usize = 1024;
const MAX_NAME_BYTES: usize = 64;
const MAX_QUEUE_BYTES: usize = 1024;
/// The largest value of PREFETCH: more keys than a connection is likely to use.
const MAX_PREFETCH: u64 = 16;

/// The default of RETRY: how long a stale value is served after a failed refresh.
const RETRY_MS: u64 = 30_000;

/// All options. The first one may occur more than once.
const OPTIONS: &[&str] = &[
    "PATTERN",
    "TTL",
    "PTTL",
    "JITTER",
    "GRACE",
    "RETRY",
    "REFRESH",
    "NEGATIVE",
    "CAPACITY",
    "MAXMEMORY",
    "MINHIT",
    "COMPRESS",
    "LEASE",
    "WAIT",
    "INDEX",
    "ENFORCE",
    "QUEUE",
    "PREFETCH",
];

/// The policy for the keys of a tier. Times are in milliseconds; those that are declared in seconds are whole seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The keys of the tier: glob patterns with the syntax of the server.
    pub patterns: Vec<Box<[u8]>>,
    /// The time to live: how long an entry is fresh.
    pub ttl_ms: u64,
    /// The percentage by which jitter may shorten the time to live, so that keys written together do not expire
    /// together.
    pub jitter_pct: u8,
    /// The grace (stale-while-revalidate): how long after its time to live an entry may be served, marked stale. Whole
    /// seconds.
    pub grace_ms: u64,
    /// How long a stale value is served after a failed refresh before the next lease is granted.
    pub retry_ms: u64,
    /// The last part of the time to live in which an entry is refreshed early, in percent; 0 for never.
    pub refresh_pct: u8,
    /// How long a failure is remembered (negative caching). Whole seconds.
    pub negative_ms: u64,
    /// The largest number of entries.
    pub capacity: Option<u64>,
    /// The largest memory of the entries, in bytes.
    pub max_memory: Option<u64>,
    /// The hit rate below which the tier is reported as unhealthy, in percent.
    pub min_hit_pct: Option<u8>,
    /// The length from which values are compressed, in bytes.
    pub compress: Option<u64>,
    /// The default duration of a lease.
    pub lease_ms: Option<u64>,
    /// The default time that a client waits for a lease of another client.
    pub wait_ms: Option<u64>,
    /// Whether the keys are indexed.
    pub index: bool,
    /// Whether a key written without an expiry gets the time to live of the tier.
    pub enforce: bool,
    /// The key of the job queue that gets the jobs of REFRESH and PREFETCH.
    pub queue: Option<Box<[u8]>>,
    /// How many of the keys that a connection usually reads next are fetched ahead; 0 for none.
    pub prefetch: u8,
}

impl Policy {
    /// A policy with patterns and a time to live; everything else has its default.
    pub(crate) fn plain(patterns: Vec<Box<[u8]>>, ttl_ms: u64) -> Self {
        Self {
            patterns,
            ttl_ms,
            jitter_pct: 0,
            grace_ms: 0,
            retry_ms: RETRY_MS,
            refresh_pct: 0,
            negative_ms: 0,
            capacity: None,
            max_memory: None,
            min_hit_pct: None,
            compress: None,
            lease_ms: None,
            wait_ms: None,
            index: true,
            enforce: false,
            queue: None,
            prefetch: 0,
        }
    }

    /// Reads the options of TIER.SET: in any case and order, each at most once except PATTERN.
    ///
    /// # Errors
    /// [`Error::Invalid`] for an option that is unknown, repeated, out of range, missing or contradicts another one;
    /// [`Error::TooBig`] for too many or too long patterns.
    pub fn parse(words: &[&[u8]]) -> Result<Self> {
        Self::read(&mut Options::new(words).repeating("PATTERN"), None)
    }

    /// Reads options up to the end, or up to the word `until` in the place of an option.
    fn read(options: &mut Options<'_, '_>, until: Option<&str>) -> Result<Self> {
        let mut policy = Self::plain(Vec::new(), 0);
        while !until.is_some_and(|word| options.is_next(word)) {
            let Some(option) = options.next(OPTIONS)? else { break };
            policy.take(option, options)?;
        }
        if policy.ttl_ms == 0 {
            return Err(invalid("a tier needs TTL or PTTL"));
        }
        policy.check()?;
        Ok(policy)
    }

    /// Reads the value of one option.
    fn take(&mut self, option: &'static str, options: &mut Options<'_, '_>) -> Result<()> {
        let seconds =
            |range| move |options: &mut Options<'_, '_>| Ok::<_, Error>(options.number(option, range)? * 1000);
        match option {
            "PATTERN" => self.patterns.push(options.value(option)?.into()),
            "TTL" | "PTTL" if self.ttl_ms > 0 => return Err(invalid("TTL and PTTL exclude each other")),
            "TTL" => self.ttl_ms = seconds(1..=CENTURY_S)(options)?,
            "PTTL" => self.ttl_ms = options.number(option, 1..=CENTURY_S * 1000)?,
            "JITTER" => self.jitter_pct = options.percent(option, 0)?,
            "GRACE" => self.grace_ms = seconds(0..=CENTURY_S)(options)?,
            "RETRY" => self.retry_ms = options.number(option, 0..=DAY_MS)?,
            "REFRESH" => self.refresh_pct = options.percent(option, 0)?,
            "NEGATIVE" => self.negative_ms = seconds(0..=CENTURY_S)(options)?,
            "CAPACITY" => self.capacity = Some(options.number(option, 1..=MOST)?),
            "MAXMEMORY" => self.max_memory = Some(options.bytes(option, 1..=MOST)?),
            "MINHIT" => self.min_hit_pct = Some(options.percent(option, 1)?),
            "COMPRESS" => self.compress = Some(options.number(option, 1..=MOST)?),
            "LEASE" => self.lease_ms = Some(options.number(option, 1..=HOUR_MS)?),
            "WAIT" => self.wait_ms = Some(options.number(option, 0..=HOUR_MS)?),
            "INDEX" => self.index = options.yes_or_no(option)?,
            "ENFORCE" => self.enforce = options.yes_or_no(option)?,
            "QUEUE" => self.queue = Some(options.value(option)?.into()),
            // At most MAX_PREFETCH, so it fits into 8 bits.
            _ => self.prefetch = options.number(option, 0..=MAX_PREFETCH)? as u8,
        }
        Ok(())
    }

    /// Checks that the patterns are valid and that no two options contradict each other.
    pub(crate) fn check(&self) -> Result<()> {
        if self.patterns.is_empty() || self.patterns.iter().any(|pattern| pattern.is_empty()) {
            return Err(invalid("a tier needs at least one PATTERN, and a PATTERN must not be empty"));
        }
        if self.patterns.len() > MAX_PATTERNS {
            return Err(Error::TooBig { what: "the number of PATTERNs of a tier", limit: MAX_PATTERNS as u64 });
        }
        if self.patterns.iter().any(|pattern| pattern.len() > MAX_PATTERN_BYTES) {
            return Err(Error::TooBig { what: "the length of a PATTERN", limit: MAX_PATTERN_BYTES as u64 });
        }
        let mut sorted: Vec<_> = self.patterns.iter().collect();
        sorted.sort_unstable();
        if sorted.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(invalid("the same PATTERN is given twice"));
        }
        self.check_queue()?;
        let needs_index = [
            ("CAPACITY", self.capacity.is_some()),
            ("MAXMEMORY", self.max_memory.is_some()),
            ("GRACE", self.grace_ms > 0),
            ("REFRESH", self.refresh_pct > 0),
            ("ENFORCE", self.enforce),
        ];
        match needs_index.iter().find(|&&(_, is_on)| is_on && !self.index) {
            Some((option, _)) => Err(Error::Invalid(
                format!("INDEX no and {option} exclude each other: {option} needs the index").into(),
            )),
            None => Ok(()),
        }
    }

    fn check_queue(&self) -> Result<()> {
        let Some(queue) = &self.queue else { return Ok(()) };
        if !(1..=MAX_QUEUE_BYTES).contains(&queue.len()) {
            return Err(Error::Invalid(format!("QUEUE must be a key of 1 to {MAX_QUEUE_BYTES} bytes").into()));
        }
        if self.refresh_pct == 0 && self.prefetch == 0 {
            return Err(invalid("QUEUE has no effect without REFRESH or PREFETCH"));
        }
        Ok(())
    }

    /// The policy as options, which [`Policy::parse`] reads back. Options with their default are left out. Therefore
    /// the defaults must never change: files and replicas of other releases rely on them.
    ///
    /// In redis.conf the load arguments are separated by blanks and not quoted. A pattern with blanks, quotes or
    /// control bytes cannot be declared there, only by TIER.SET.
    pub fn words(&self) -> Vec<Vec<u8>> {
        let plain = Self::plain(Vec::new(), 0);
        let mut words = Vec::new();
        for pattern in &self.patterns {
            words.extend([b"PATTERN".to_vec(), pattern.to_vec()]);
        }
        let in_seconds = self.ttl_ms.is_multiple_of(1000);
        let (ttl, pttl) = if in_seconds { (Some(self.ttl_ms / 1000), None) } else { (None, Some(self.ttl_ms)) };
        let unless = |value: u64, default: u64| (value != default).then_some(value);
        let numbers = [
            ("TTL", ttl),
            ("PTTL", pttl),
            ("JITTER", unless(self.jitter_pct.into(), plain.jitter_pct.into())),
            ("GRACE", unless(self.grace_ms.div_ceil(1000), plain.grace_ms)),
            ("RETRY", unless(self.retry_ms, plain.retry_ms)),
            ("REFRESH", unless(self.refresh_pct.into(), plain.refresh_pct.into())),
            ("NEGATIVE", unless(self.negative_ms.div_ceil(1000), plain.negative_ms)),
            ("CAPACITY", self.capacity),
            ("MAXMEMORY", self.max_memory),
            ("MINHIT", self.min_hit_pct.map(u64::from)),
            ("COMPRESS", self.compress),
            ("LEASE", self.lease_ms),
            ("WAIT", self.wait_ms),
            ("PREFETCH", unless(self.prefetch.into(), plain.prefetch.into())),
        ];
        for (option, value) in numbers {
            if let Some(value) = value {
                words.extend([option.into(), value.to_string().into_bytes()]);
            }
        }
        if !self.index {
            words.extend([b"INDEX".to_vec(), b"no".to_vec()]);
        }
        if self.enforce {
            words.extend([b"ENFORCE".to_vec(), b"yes".to_vec()]);
        }
        if let Some(queue) = &self.queue {
            words.extend([b"QUEUE".to_vec(), queue.to_vec()]);
        }
        words
    }

    /// The time to live of an entry that is written now, in milliseconds: that of the tier, shortened by jitter, at
    /// least
    /// 1. `random` is uniformly distributed over all values.
    pub fn jittered_ttl(&self, random: u64) -> u64 {
        let most = u128::from(self.ttl_ms) * u128::from(self.jitter_pct) / 100;
        let cut = (u128::from(random) * (most + 1)) >> 64;
        // `cut` is at most `most`, which is at most the time to live.
        self.ttl_ms.saturating_sub(cut as u64).max(1)
    }

    /// Whether entries are evicted above a number of entries or an amount of memory.
    pub fn is_bounded(&self) -> bool {
        self.capacity.is_some() || self.max_memory.is_some()
    }

    /// Whether a key matches one of the patterns, even if a more specific pattern of another tier matches too.
    pub fn matches(&self, key: &[u8]) -> bool {
        self.patterns.iter().any(|glob| pattern::matches(glob, key))
    }
}

/// Reads load arguments: `TIER name option... TIER name option...`.
///
/// # Errors
/// As [`Policy::parse`] and [`check_name`]; [`Error::Invalid`] for a tier declared twice.
pub fn parse_declarations(words: &[&[u8]]) -> Result<Vec<(Box<[u8]>, Policy)>> {
    let mut options = Options::new(words).repeating("PATTERN");
    let mut tiers: Vec<(Box<[u8]>, Policy)> = Vec::new();
    while !options.is_at_end() {
        if !options.take("TIER") {
            return Err(invalid("load arguments must begin with TIER: TIER name option... TIER name option..."));
        }
        let name = options.value("TIER")?;
        check_name(name)?;
        if tiers.iter().any(|(other, _)| **other == *name) {
            return Err(invalid("the same TIER is declared twice"));
        }
        options.reset_seen();
        tiers.push((name.into(), Policy::read(&mut options, Some("TIER"))?));
    }
    Ok(tiers)
}

/// Checks the name of a tier.
///
/// # Errors
/// [`Error::Invalid`] when the name is not valid.
pub fn check_name(name: &[u8]) -> Result<()> {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.:".contains(byte);
    if (1..=MAX_NAME_BYTES).contains(&name.len()) && name.iter().all(is_plain) {
        Ok(())
    } else {
        Err(invalid("the name of a TIER must be 1 to 64 letters, digits, or _ - . :"))
    }
}

fn invalid(text: &'static str) -> Error {
    Error::Invalid(text.into())
}

#[cfg(test)]
mod tests;
