//! The fields of `MODEL.INFO` and the labels of `MODEL.LABELS`.

use super::demand::FinalDemand;
use super::model::{IoModel, Stressor};
use super::options::LeontiefMode;
use super::shown::shown;
use crate::io::leontief::solver::Derived;
use crate::model::{Field, LabelSet};

impl IoModel {
    pub(super) fn info_fields(&self) -> Vec<(&'static str, Field)> {
        let table = &self.base.table;
        let leontief = self.base.leontief.get();
        let mode = leontief.and_then(|leontief| leontief.solver.mode()).or(table.leontief);
        let warning = leontief.and_then(|leontief| leontief.solver.warning());
        let derived = self.derived_so_far().map_or("none", Derived::name);
        let demand = table.demand.as_ref();
        let text = |text: &str| Field::Text(text.to_owned());
        vec![
            ("nodes", Field::Integer(table.labels.len() as u64)),
            ("regions", Field::Integer(table.labels.regions().len() as u64)),
            ("sectors", Field::Integer(table.labels.sectors().len() as u64)),
            ("nonzeros", Field::Integer(self.base.nonzeros)),
            ("bytes", Field::Integer(self.held())),
            ("precision", text(table.coefficients.precision().name())),
            ("leontief", text(mode.map_or("auto", LeontiefMode::name))),
            ("derived", text(derived)),
            ("output", text(table.output_source.name())),
            ("format", text(table.format.name())),
            ("demand_regions", Field::Integer(demand.map_or(0, |demand| demand.regions().len() as u64))),
            ("demand_categories", Field::Integer(demand.map_or(0, |demand| demand.categories().len() as u64))),
            ("demand_bytes", Field::Integer(demand.map_or(0, FinalDemand::bytes))),
            ("indicators", Field::List(self.label_set(LabelSet::Indicators).unwrap_or_default())),
            (
                "warnings",
                Field::List(
                    table.warnings.iter().cloned().chain(warning).chain(self.warnings_of_indicators()).collect(),
                ),
            ),
        ]
    }

    pub(super) fn label_set(&self, set: LabelSet) -> Option<Vec<String>> {
        let labels = &self.base.table.labels;
        let texts = |names: &[Box<str>]| names.iter().map(|name| name.to_string()).collect();
        match set {
            LabelSet::Regions => Some(texts(labels.regions())),
            LabelSet::Sectors => Some(texts(labels.sectors())),
            LabelSet::Nodes => {
                let name = |i| {
                    let (region, sector) = labels.names(i);
                    format!("{region}|{sector}")
                };
                Some((0..labels.len()).map(name).collect())
            }
            LabelSet::Indicators => Some(self.stressors().map(|s| s.indicator.name.to_string()).collect()),
            LabelSet::Demand => {
                let demand = self.base.table.demand.as_ref();
                let name = |demand: &FinalDemand, (region, category): (u32, u32)| {
                    let region = &demand.regions()[region as usize];
                    match &*demand.categories()[category as usize] {
                        "" => region.to_string(),
                        category => format!("{region}|{category}"),
                    }
                };
                let columns = demand.iter().flat_map(|demand| demand.pairs().iter().map(|&pair| name(demand, pair)));
                Some(columns.collect())
            }
            LabelSet::Features | LabelSet::Classes | LabelSet::Outputs | LabelSet::Agreements => None,
        }
    }

    /// Warnings about the indicators.
    fn warnings_of_indicators(&self) -> Vec<String> {
        const SHOWN: usize = 10;
        let named = |is_it: fn(&Stressor) -> bool| {
            let names: Vec<String> = self.stressors().filter(|s| is_it(s)).map(|s| shown(&s.indicator.name)).collect();
            let more = names.len().saturating_sub(SHOWN);
            let text = names[..names.len() - more].join(", ");
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            (!names.is_empty()).then(|| text + &more)
        };
        let signed = named(|s| s.is_signed).map(|names| {
            format!(
                "indicators with values below 0: {names}; shares, foreign_share and concentration of an assessment are \
                 null where contributions of both signs meet"
            )
        });
        let totals = named(|s| s.may_be_totals).map(|names| {
            format!(
                "indicators of whole numbers: {names}; they were read as values per unit of output, TOTALS divides \
                 totals by output"
            )
        });
        signed.into_iter().chain(totals).collect()
    }
}
