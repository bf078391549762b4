//! Changes of an agreement's rules, by the ids of the rules.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::read::{agreement_id, alternatives, day, expect_format, id, taken};
use super::{Agreement, Alternative, MAX_RECORD, MAX_RULES, MAX_TEXT, MAX_TEXTS, Refused, Rule};
use crate::Day;
use crate::origin::json::{Json, Read, Seen};

/// The changes of one rule in an overrides document. A field that is not given stays unchanged.
#[derive(Debug, Clone, PartialEq, Default)]
pub(in crate::origin) struct Patch {
    pub(in crate::origin) from: Option<Option<Day>>,
    pub(in crate::origin) to: Option<Option<Day>>,
    pub(in crate::origin) alternatives: Option<Vec<Alternative>>,
}

/// The changes in an overrides document.
#[derive(Debug, Default)]
pub(in crate::origin) struct Patches {
    pub(in crate::origin) agreement: Box<str>,
    pub(in crate::origin) texts: Vec<Arc<str>>,
    pub(in crate::origin) rules: BTreeMap<Box<str>, Patch>,
}

/// Reads an overrides document.
pub(in crate::origin) fn read_patches(json: &mut Json<'_>) -> Read<Patches> {
    let mut patches = Patches::default();
    let mut seen = Seen::default();
    let known = ["format", "agreement", "texts", "rules", "title", "source"];
    json.object(|json, name| match seen.place(json, name, &known)? {
        Some(0) => expect_format(json),
        Some(1) => {
            patches.agreement = agreement_id(json)?;
            Ok(())
        }
        Some(2) => json.list(|json| {
            let text = json.text()?;
            taken(json, patches.text(&text))
        }),
        Some(3) => json.list(|json| {
            let (rule, patch) = Patch::read(json)?;
            taken(json, patches.patch(rule, patch))
        }),
        // Remarks, which are not used.
        Some(_) => json.skip(),
        None => json.unknown("the document has a field that is not known", name),
    })?;
    json.end()?;
    patches.check().map_err(|refused| json.fault(refused))?;
    Ok(patches)
}

impl Patches {
    pub(in crate::origin) fn text(&mut self, text: &str) -> Result<(), Refused> {
        if self.texts.len() == MAX_TEXTS || text.len() > MAX_TEXT {
            return Err("there are at most 200000 texts of at most 32 KiB each");
        }
        self.texts.push(text.into());
        Ok(())
    }

    pub(in crate::origin) fn patch(&mut self, rule: Box<str>, patch: Patch) -> Result<(), Refused> {
        if self.rules.len() == MAX_RULES {
            return Err("there are at most 100000 rules");
        }
        let mut record = Vec::new();
        patch.write(&rule, &mut record);
        if record.len() > MAX_RECORD {
            return Err("a rule has at most 56 KiB");
        }
        match self.rules.insert(rule, patch) {
            None => Ok(()),
            Some(_) => Err("the id of a rule occurs twice"),
        }
    }

    /// Checks that every text that the patches use exists, and that the id of the agreement is given.
    pub(in crate::origin) fn check(&self) -> Result<(), Refused> {
        if self.agreement.is_empty() {
            return Err("overrides need the id of their agreement in agreement");
        }
        let mut ways = self.rules.values().filter_map(|patch| patch.alternatives.as_ref()).flatten();
        if ways.any(|way| way.text as usize >= self.texts.len()) {
            return Err("an alternative refers to a text that does not exist");
        }
        Ok(())
    }
}

impl Patch {
    /// Reads the changes of a rule. Returns them with the rule's id.
    pub(in crate::origin) fn read(json: &mut Json<'_>) -> Read<(Box<str>, Self)> {
        let (mut rule, mut patch) = (None, Self::default());
        let mut seen = Seen::default();
        json.object(|json, name| {
            match seen.place(json, name, &["id", "valid_from", "valid_to", "alternatives"])? {
                Some(0) => rule = Some(id(json)?),
                Some(1) => patch.from = Some(day(json)?),
                Some(2) => patch.to = Some(day(json)?),
                Some(3) => {
                    let ways = alternatives(json)?;
                    if ways.is_empty() {
                        return json.refuse("a rule needs alternatives");
                    }
                    patch.alternatives = Some(ways);
                }
                _ => {
                    let what = "overrides change valid_from, valid_to and alternatives of a rule only";
                    return json.unknown(what, name);
                }
            }
            Ok(())
        })?;
        match rule {
            Some(rule) => Ok((rule, patch)),
            None => json.refuse("a rule needs its id"),
        }
    }
}

impl Agreement {
    /// Returns the agreement with the changes applied, and the ids that it does not have.
    pub(in crate::origin) fn patched(
        &self,
        texts: &[Arc<str>],
        patches: &BTreeMap<Box<str>, Patch>,
    ) -> Result<(Self, Vec<Box<str>>), Refused> {
        let offset = self.texts.len() as u32;
        let mut unknown: BTreeSet<&str> = patches.keys().map(AsRef::as_ref).collect();
        let mut rules = Vec::with_capacity(self.rules.len());
        for rule in &self.rules {
            let Some(patch) = patches.get(&rule.id) else {
                rules.push(Arc::clone(rule));
                continue;
            };
            unknown.remove(&*rule.id);
            let mut changed = Rule::clone(rule);
            changed.validity.from = patch.from.unwrap_or(changed.validity.from);
            changed.validity.to = patch.to.unwrap_or(changed.validity.to);
            if let Some(ways) = &patch.alternatives {
                let moved = |way: &Alternative| Alternative { text: way.text + offset, ..way.clone() };
                changed.alternatives = ways.iter().map(moved).collect();
            }
            rules.push(Arc::new(changed));
        }
        let texts = self.texts.iter().chain(texts).cloned().collect();
        let unknown = unknown.into_iter().map(Box::from).collect();
        Ok((Self::assembled(Arc::clone(&self.head), texts, rules)?, unknown))
    }
}
