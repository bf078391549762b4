//! The indicators of a model: adding, removing and finding them.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{IoModel, MAX_NAME, OUTPUT, Stressor};
use crate::io::indicator::Indicator;
use crate::{Error, Result};

/// The number of indicators that are derived before a request uses them. A satellite account adds a thousand
/// indicators, whose series would take hours and tens of gigabytes. The others are derived after the first request.
const EAGER: usize = 8;

impl IoModel {
    /// The model with an indicator added, or replaced if one of this name exists. Everything else is shared.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the name is empty, too long or `output`, if the unit is too long, or if the values are not
    /// one finite number per node.
    pub fn with_indicator(&self, indicator: Indicator) -> Result<Self> {
        check(&indicator, self.base.table.labels.len())?;
        let mut indicators = self.indicators.clone();
        let place = indicators.iter().position(|old| old.indicator.name == indicator.name);
        match place {
            Some(place) => indicators[place] = Stressor::new(indicator),
            None => indicators.push(Stressor::new(indicator)),
        }
        Ok(Self::assemble(self.base.clone(), indicators))
    }

    /// The model without an indicator; `None` if the indicator does not exist or is `output`.
    pub fn without_indicator(&self, name: &[u8]) -> Option<Self> {
        let place = self.indicators.iter().position(|old| old.indicator.name.as_bytes() == name)?;
        let mut indicators = self.indicators.clone();
        indicators.remove(place);
        Some(Self::assemble(self.base.clone(), indicators))
    }

    /// The model with the indicators of another model, for a table that was loaded again. Values are assigned by label.
    /// The indicators are copied only if both tables have the same labels, in any order, so that every label has a
    /// value and every value a label. Also returns the names of the indicators that were not copied. An indicator of
    /// this model is not replaced.
    pub fn with_indicators_of(&self, old: &Self) -> (Self, Vec<String>) {
        let (new, labels) = (&self.base.table.labels, &old.base.table.labels);
        let source = |i: usize| {
            let (region, sector) = new.names(i);
            labels.node(region.as_bytes(), sector.as_bytes()).ok()
        };
        let sources: Option<Vec<usize>> = (0..new.len()).map(source).collect();
        let Some(sources) = sources.filter(|sources| sources.len() == labels.len()) else {
            let dropped = old.indicators.iter().map(|stressor| stressor.indicator.name.to_string()).collect();
            return (Self::assemble(self.base.clone(), self.indicators.clone()), dropped);
        };
        let mut indicators = self.indicators.clone();
        for stressor in &old.indicators {
            let Indicator { name, unit, values } = &stressor.indicator;
            if indicators.iter().all(|own| own.indicator.name != *name) {
                let values = sources.iter().map(|&i| values[i]).collect();
                indicators.push(Stressor::new(Indicator { name: name.clone(), unit: unit.clone(), values }));
            }
        }
        (Self::assemble(self.base.clone(), indicators), Vec::new())
    }

    /// The indicator with this name. Without a name, the default: the first user-defined indicator, else `output`.
    pub(in crate::io) fn indicator(&self, name: Option<&[u8]>) -> Result<&Stressor> {
        let Some(name) = name else {
            return Ok(self.indicators.first().unwrap_or(&self.base.output));
        };
        if name == OUTPUT.as_bytes() {
            return Ok(&self.base.output);
        }
        let found = self.indicators.iter().find(|stressor| stressor.indicator.name.as_bytes() == name);
        found.map(AsRef::as_ref).ok_or(Error::NoIndicator)
    }

    /// All indicators, `output` last.
    pub(in crate::io) fn stressors(&self) -> impl Iterator<Item = &Stressor> {
        self.indicators.iter().chain([&self.base.output]).map(AsRef::as_ref)
    }

    /// All indicators, `output` last, each with whether its series is derived or will be derived without a request.
    pub(in crate::io) fn stressors_at_hand(&self) -> impl Iterator<Item = (&Stressor, bool)> {
        let own = self.indicators.len();
        let is_at_hand = move |i: usize, stressor: &Stressor| i < EAGER || i == own || stressor.is_derived();
        self.stressors().enumerate().map(move |(i, stressor)| (stressor, is_at_hand(i, stressor)))
    }

    /// The indicators whose series must be derived.
    pub(super) fn wanted(&self) -> impl Iterator<Item = &Stressor> {
        let is_wanted =
            |&(i, stressor): &(usize, &Arc<Stressor>)| i < EAGER || stressor.requested.load(Ordering::Relaxed);
        self.indicators
            .iter()
            .enumerate()
            .filter(is_wanted)
            .map(|(_, s)| s)
            .chain([&self.base.output])
            .map(AsRef::as_ref)
    }
}

/// Checks that an indicator is valid for a table of n nodes.
pub(in crate::io) fn check(indicator: &Indicator, n: usize) -> Result<()> {
    let Indicator { name, unit, values } = indicator;
    if name.is_empty() || name.len() > MAX_NAME || unit.len() > MAX_NAME {
        return Err(Error::Invalid("the name of an indicator has 1 to 256 bytes, its unit up to 256".into()));
    }
    if &**name == OUTPUT {
        return Err(Error::Invalid("the indicator output is built in: choose another name".into()));
    }
    if values.len() != n {
        return Err(Error::Invalid("an indicator has one value for each node".into()));
    }
    if values.iter().all(|value| value.is_finite()) {
        Ok(())
    } else {
        Err(Error::Invalid("the values of an indicator are finite".into()))
    }
}
