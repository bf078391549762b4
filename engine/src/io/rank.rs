//! Hot spots: nodes sorted by one figure of their assessments.

use super::model::{IoModel, Stressor};
use super::printed::Printed;
use super::select::Top;
use crate::io::leontief::series::Series;
use crate::{Error, Result};

/// The figure by which nodes are ranked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum By {
    /// The multiplier `m_j`.
    #[default]
    Total,
    /// The multiplier per unit of output of the whole supply chain.
    Mean,
    /// The multiplier without the direct part.
    Upstream,
    /// The direct intensity `r_j`.
    Direct,
    /// The share of the multiplier that comes from other regions.
    Foreign,
}

impl By {
    /// All figures.
    pub const ALL: [Self; 5] = [Self::Total, Self::Mean, Self::Upstream, Self::Direct, Self::Foreign];

    /// The name used in options.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Total => "total",
            Self::Mean => "mean",
            Self::Upstream => "upstream",
            Self::Direct => "direct",
            Self::Foreign => "foreign",
        }
    }
}

/// The parameters of a ranking.
#[derive(Debug, Clone, Copy)]
pub struct Ranking<'a> {
    /// The name of the indicator; `None` is the model's default.
    pub indicator: Option<&'a [u8]>,
    /// The figure.
    pub by: By,
    /// If given, only nodes of this region.
    pub region: Option<&'a [u8]>,
    /// If given, only nodes of this sector.
    pub sector: Option<&'a [u8]>,
    /// The maximum number of nodes.
    pub limit: usize,
}

impl Default for Ranking<'_> {
    fn default() -> Self {
        Self { indicator: None, by: By::Total, region: None, sector: None, limit: 10 }
    }
}

/// The data of a ranking.
struct Ranked<'a> {
    region: Option<u32>,
    sector: Option<u32>,
    stressor: &'a Stressor,
    activity: &'a [f64],
    printed: &'a Printed,
    series: &'a Series,
    /// Contributions of other regions, if they are ranked.
    foreigns: &'a [f64],
}

impl IoModel {
    /// The nodes with the largest figures, and these figures, largest first. Ties are sorted by label (region, then
    /// sector). Names are `table().labels.names(node)`. A node without the figure (a share of a total of 0) is left
    /// out.
    ///
    /// # Errors
    /// [`Error::NoSubject`] for an unknown region or sector, [`Error::NoIndicator`], [`Error::NotReady`].
    pub fn rank(&self, ranking: &Ranking<'_>) -> Result<Vec<(usize, f64)>> {
        let labels = &self.table().labels;
        let Ranked { region, sector, stressor, activity, printed, series, foreigns } = self.ranked(ranking)?;
        let figure = |j: usize| match ranking.by {
            By::Total => series.totals()[j],
            By::Mean => series.totals()[j] / activity[j],
            By::Upstream => series.upstreams()[j],
            By::Direct => stressor.indicator.values[j],
            By::Foreign => foreigns[j] / series.totals()[j],
        };
        let mut top = Top::new(ranking.limit, printed.node_rank());
        for (j, &(r, s)) in labels.nodes().iter().enumerate() {
            if region.is_none_or(|region| region == r) && sector.is_none_or(|sector| sector == s) {
                let figure = figure(j) + 0.0;
                if figure.is_finite() {
                    top.offer(j, figure);
                }
            }
        }
        Ok(top.finish().into_iter().map(|(figure, j)| (j as usize, figure)).collect())
    }

    /// Finds the errors of a ranking without computing it.
    ///
    /// # Errors
    /// Those of [`IoModel::rank`].
    pub fn check_ranking(&self, ranking: &Ranking<'_>) -> Result<()> {
        self.ranked(ranking).map(|_| ())
    }

    fn ranked(&self, ranking: &Ranking<'_>) -> Result<Ranked<'_>> {
        let labels = &self.table().labels;
        let find = |name: Option<&[u8]>, number: &dyn Fn(&[u8]) -> Option<u32>, unknown| match name {
            None => Ok(None),
            Some(name) => number(name).map(Some).ok_or(Error::NoSubject(unknown)),
        };
        let region = find(ranking.region, &|r| labels.region(r), "unknown region, see MODEL.LABELS key REGIONS")?;
        let sector = find(ranking.sector, &|s| labels.sector(s), "unknown sector, see MODEL.LABELS key SECTORS")?;
        let stressor = self.indicator(ranking.indicator)?;
        let (leontief, printed) = self.derived()?;
        let series = stressor.series()?;
        if ranking.by == By::Foreign && stressor.is_signed {
            let what = "BY foreign ranks shares, and an indicator with values below 0 has none that could be compared";
            return Err(Error::Invalid(what.into()));
        }
        let foreigns = match ranking.by {
            By::Foreign => series.groups().ok_or(Error::NotReady)?.foreigns(),
            By::Total | By::Mean | By::Upstream | By::Direct => &[],
        };
        Ok(Ranked { region, sector, stressor, activity: leontief.activity(), printed, series, foreigns })
    }
}
