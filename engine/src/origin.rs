#![expect(missing_docs, clippy::unused_self, reason = "stub")]
use crate::history::Record;
use crate::model::*;
use crate::{Budget, Day, Error, Progress, Result};
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Hs,
    Sections,
    Roo,
    Overrides,
    Synonyms,
}
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LoadOptions {
    pub format: Option<Format>,
}
#[derive(Debug, Clone)]
pub struct Part;
#[derive(Debug)]
pub struct OriginModel;
#[derive(Debug, Clone, Copy)]
pub enum Relation {
    Alone,
    Children,
    Parents,
}
#[derive(Debug, Clone, Default)]
pub struct RuleFilter {
    pub agreement: Option<Vec<u8>>,
    pub hs: Option<Vec<u8>>,
    pub date: Option<Day>,
    pub party: Option<Vec<u8>>,
    pub limit: usize,
}
pub fn load(_: &[u8], _: &LoadOptions, _: &Progress) -> Result<Part> {
    Err(Error::NotReady)
}
impl OriginModel {
    pub fn empty() -> Self {
        Self
    }
    pub fn with(&self, _: Part) -> Result<Self> {
        Ok(Self)
    }
    pub fn without_agreement(&self, _: &[u8]) -> Option<Self> {
        None
    }
    pub fn hs(&self, _: &[u8], _: Relation) -> Result<Vec<Vec<u8>>> {
        Ok(vec![])
    }
    pub fn rules(&self, _: &RuleFilter) -> Result<Vec<Vec<u8>>> {
        Ok(vec![])
    }
    pub fn rule_count(&self) -> usize {
        0
    }
}
#[derive(Debug)]
pub struct OriginDecoder;
impl OriginDecoder {
    pub fn begin(_: &[u8]) -> Result<Self> {
        Err(Error::NotReady)
    }
    pub fn push(&mut self, _: &[u8]) -> Result<()> {
        Err(Error::NotReady)
    }
    pub fn finish(self) -> Result<OriginModel> {
        Err(Error::NotReady)
    }
    pub fn bytes(&self) -> u64 {
        0
    }
}
impl Model for OriginModel {
    fn kind(&self) -> Kind {
        Kind::Origin
    }
    fn subject_len(&self, _: &[&[u8]], _: bool) -> Result<usize> {
        Ok(3)
    }
    fn canonical(&self, _: &[&[u8]], _: &Question<'_>, _: &mut Vec<u8>) -> Result<()> {
        Ok(())
    }
    fn assess_while_wanted(
        &self,
        _: &Identity<'_>,
        _: &[&[u8]],
        _: &Question<'_>,
        _: &Progress,
        _: &mut Vec<u8>,
    ) -> Result<()> {
        Ok(())
    }
    fn check(&self, _: &[&[u8]], _: &Question<'_>) -> Result<()> {
        Ok(())
    }
    fn estimate(&self, _: &[&[u8]], _: &Question<'_>) -> std::time::Duration {
        std::time::Duration::ZERO
    }
    fn record(&self, _: &[&[u8]], _: &[u8]) -> Record {
        Record::default()
    }
    fn ready(&self) -> bool {
        true
    }
    fn derive(&self, _: &Budget, _: &Progress) -> Result<()> {
        Ok(())
    }
    fn labels(&self, _: LabelSet) -> Option<Vec<String>> {
        None
    }
    fn info(&self) -> Vec<(&'static str, Field)> {
        vec![]
    }
    fn bytes(&self) -> u64 {
        0
    }
    fn digest(&self) -> [u8; 16] {
        [0; 16]
    }
    fn known_digest(&self) -> Option<[u8; 16]> {
        None
    }
    fn frames(&self) -> u64 {
        0
    }
    fn frame(&self, _: u64) -> Vec<u8> {
        vec![]
    }
}
