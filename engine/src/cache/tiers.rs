//! All tiers, and the assignment of keys to tiers.

use std::collections::BTreeMap;

use crate::cache::name;
use crate::cache::pattern;
use crate::cache::policy::{Policy, check_name};
use crate::{Error, Result};

/// The name of the built-in tier, which holds cached assessments and always exists.
pub const BUILTIN: &[u8] = b"assessment";
const BUILTIN_ID: TierId = TierId(0);
const DEFAULT_TTL_MS: u64 = 3_600_000;
const MAX_TIERS: usize = 1024;
const MAX_NAMES: usize = 65_000;

/// The identifier of a name of a tier. It is valid until the process ends, also while there is no tier with the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TierId(pub u16);

/// A tier.
#[derive(Debug)]
pub struct Tier {
    /// The internal identifier.
    pub id: TierId,
    /// The name that users see.
    pub name: Box<[u8]>,
    /// The policy for its keys.
    pub policy: Policy,
}

/// The changes that [`Tiers::set`] has made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// The tier that was set.
    pub id: TierId,
    /// Whether keys may now belong to another tier, or whether the tier's keys may have become indexed or unindexed.
    pub reassigns: bool,
}

/// A pattern of a tier, split for fast matching.
#[derive(Debug)]
struct Glob {
    prefix: Box<[u8]>,
    rest: Rest,
    /// The length of the whole pattern.
    length: usize,
    tier: TierId,
}

/// The text that must follow the literal prefix.
#[derive(Debug)]
enum Rest {
    Nothing,
    Anything,
    Match(Box<[u8]>),
}

impl Glob {
    fn new(glob: &[u8], tier: TierId) -> Self {
        let (prefix, rest) = pattern::split(glob);
        let rest = match rest {
            [] => Rest::Nothing,
            stars if stars.iter().all(|&byte| byte == b'*') => Rest::Anything,
            _ => Rest::Match(rest.into()),
        };
        Self { prefix: prefix.into(), rest, length: glob.len(), tier }
    }

    fn matches(&self, key: &[u8]) -> bool {
        key.strip_prefix(&*self.prefix).is_some_and(|after| match &self.rest {
            Rest::Nothing => after.is_empty(),
            Rest::Anything => true,
            Rest::Match(rest) => pattern::matches(rest, after),
        })
    }
}

/// All tiers. Names of deleted tiers are kept, because ids of a deleted tier can still be in use.
#[derive(Debug)]
pub struct Tiers {
    names: BTreeMap<Box<[u8]>, TierId>,
    /// By id.
    tiers: Vec<Option<Tier>>,
    default_ttl_ms: u64,
    redefined: bool,
    /// Patterns by the first byte of the literal prefix, the most specific first.
    buckets: Vec<Vec<Glob>>,
    /// Patterns without a literal prefix: they are less specific than all others.
    wild: Vec<Glob>,
}

impl Default for Tiers {
    fn default() -> Self {
        Self::new()
    }
}

impl Tiers {
    /// Only the built-in tier.
    pub fn new() -> Self {
        let mut tiers = Self {
            names: BTreeMap::from([(BUILTIN.into(), BUILTIN_ID)]),
            tiers: Vec::new(),
            default_ttl_ms: DEFAULT_TTL_MS,
            redefined: false,
            buckets: Vec::new(),
            wild: Vec::new(),
        };
        tiers.clear();
        tiers
    }

    /// Sets the time to live of the built-in tier, unless that has been redefined.
    pub fn set_default_ttl(&mut self, ms: u64) {
        self.default_ttl_ms = ms.max(1);
        if !self.redefined {
            self.restore_builtin();
        }
    }

    /// The tier of a key. Runs for every write of the whole server.
    #[inline]
    pub fn of(&self, key: &[u8]) -> Option<TierId> {
        let bucket = key.first().and_then(|&first| self.buckets.get(usize::from(first)));
        let bucket = bucket.map_or(&[][..], Vec::as_slice);
        bucket.iter().chain(&self.wild).find(|glob| glob.matches(key)).map(|glob| glob.tier)
    }

    /// A tier by its id; `None` for a deleted one.
    pub fn get(&self, id: TierId) -> Option<&Tier> {
        self.tiers.get(usize::from(id.0))?.as_ref()
    }

    /// A tier by its name.
    pub fn find(&self, name: &[u8]) -> Option<&Tier> {
        self.get(*self.names.get(name)?)
    }

    /// Creates a tier, or replaces the whole policy of an existing one.
    ///
    /// # Errors
    /// [`Error::Invalid`] for an invalid name or policy; [`Error::TooBig`] for too many tiers.
    pub fn set(&mut self, name: &[u8], policy: Policy) -> Result<Change> {
        check_name(name)?;
        policy.check()?;
        let old = self.find(name);
        if old.is_none() && self.tiers.iter().flatten().count() >= MAX_TIERS {
            return Err(Error::TooBig { what: "the number of tiers", limit: MAX_TIERS as u64 });
        }
        let reassigns = old.is_none_or(|old| assigns(&old.policy) != assigns(&policy));
        let id = match self.names.get(name) {
            Some(&id) => id,
            None if self.tiers.len() >= MAX_NAMES => {
                return Err(Error::TooBig { what: "the number of names that tiers ever had", limit: MAX_NAMES as u64 });
            }
            None => {
                // Fewer than MAX_NAMES, so it fits.
                let id = TierId(self.tiers.len() as u16);
                self.names.insert(name.into(), id);
                self.tiers.push(None);
                id
            }
        };
        self.redefined |= id == BUILTIN_ID;
        self.put(Tier { id, name: name.into(), policy });
        if reassigns {
            self.rebuild();
        }
        Ok(Change { id, reassigns })
    }

    /// Deletes a tier. The built-in tier is not deleted: it gets its default policy. `None` when no tier has the name.
    pub fn remove(&mut self, name: &[u8]) -> Option<TierId> {
        let id = self.find(name)?.id;
        if id == BUILTIN_ID {
            self.redefined = false;
            self.restore_builtin();
        } else if let Some(tier) = self.tiers.get_mut(usize::from(id.0)) {
            *tier = None;
        }
        self.rebuild();
        Some(id)
    }

    /// Whether a tier is the built-in one, with its default policy.
    pub fn is_builtin(&self, id: TierId) -> bool {
        id == BUILTIN_ID && !self.redefined
    }

    /// All tiers, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Tier> {
        self.names.values().filter_map(|&id| self.get(id))
    }

    /// Deletes all tiers except the built-in one, which gets its default policy.
    pub fn clear(&mut self) {
        self.tiers.iter_mut().for_each(|tier| *tier = None);
        self.redefined = false;
        self.restore_builtin();
        self.rebuild();
    }

    fn restore_builtin(&mut self) {
        // `assessment:*`: the common prefix of the names of assessments, without the brace of the tag.
        let mut glob = name::PREFIX.strip_suffix(b"{").unwrap_or(name::PREFIX).to_vec();
        glob.push(b'*');
        let policy = Policy::plain(vec![glob.into()], self.default_ttl_ms);
        self.put(Tier { id: BUILTIN_ID, name: BUILTIN.into(), policy });
    }

    fn put(&mut self, tier: Tier) {
        let at = usize::from(tier.id.0);
        if self.tiers.len() <= at {
            self.tiers.resize_with(at + 1, || None);
        }
        self.tiers[at] = Some(tier);
    }

    /// Sorts the patterns of all tiers. The tiers are visited by name and the sorts are stable, so that of two equally
    /// specific patterns the one whose tier has the lower name comes first.
    fn rebuild(&mut self) {
        let mut buckets: Vec<Vec<Glob>> = (0..256).map(|_| Vec::new()).collect();
        let mut wild = Vec::new();
        for tier in self.iter() {
            for glob in tier.policy.patterns.iter().map(|glob| Glob::new(glob, tier.id)) {
                match glob.prefix.first() {
                    Some(&first) => buckets[usize::from(first)].push(glob),
                    None => wild.push(glob),
                }
            }
        }
        for globs in buckets.iter_mut().chain([&mut wild]) {
            globs.sort_by_key(|glob| std::cmp::Reverse((glob.prefix.len(), glob.length)));
        }
        (self.buckets, self.wild) = (buckets, wild);
    }
}

/// The parts of a policy that decide which keys belong to its tier, and whether they are indexed.
fn assigns(policy: &Policy) -> (bool, Vec<&[u8]>) {
    let mut patterns: Vec<&[u8]> = policy.patterns.iter().map(|glob| &**glob).collect();
    patterns.sort_unstable();
    (policy.index, patterns)
}

#[cfg(test)]
mod tests;
