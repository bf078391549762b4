//! Wide tables: OECD ICIO csv (editions 2016 to 2025), WIOD 2013 and 2016, the FIGARO matrix, and other tables with
//! this layout, including national tables and bare matrices.
//!
//! The first line holds column labels. One of the first cells of every other line is its row label. A *node* is a label
//! that is both. The other columns are final demand, the other rows value added. A column or row that is the sum of
//! others is a total or a subtotal, whatever its name. Rows and columns are identified by labels and figures, not by
//! position.

pub(super) mod balance;
pub(super) mod figures;
mod grid;
mod header;
pub(super) mod hidden;
mod rows;
pub(super) mod series;
pub(super) mod split;
mod subtotals;
mod survey;
pub(super) mod totals;

use self::figures::Figures;
use self::survey::Survey;
use self::totals::Totals;
use super::fill::{Filled, divide};
use super::source::Package;
use super::{Job, notes, output, purchases};
use crate::io::demand::FinalDemand;
use crate::io::leontief::matrix::Matrix;
use crate::io::shown::shown_node;
use crate::io::table::OutputSource;
use crate::io::text::Lines;
use crate::io::{Format, OutputRule, Table};
use crate::{Error, Place, Result};

/// Whether one of the first rows has the label of a column, as rows of nodes do.
pub(super) fn is_wide(lines: &mut Lines<'_>) -> bool {
    header::Key::of(lines).is_ok_and(|(_, known)| known)
}

/// Reads the table in `part`.
pub(super) fn read(package: &mut Package<'_>, part: usize, job: &Job<'_>) -> Result<Table> {
    let (key, _) = header::Key::of(&mut package.lines(part, "", job)?)?;
    let survey = Survey::take(&mut package.lines(part, "", job)?, key, job.options)?;
    let mut lines = package.lines(part, "", job)?;
    let mut warnings: Vec<String> = lines.encoding().warning().into_iter().collect();
    let (figures, filled) = Figures::take(&mut lines, &survey, None, job)?;
    drop(lines);
    let totals = Totals::recognise(&figures, job.progress)?;
    warnings.extend(survey.warnings.iter().cloned());
    let output = Output::of(&survey, &figures, &totals, job)?;

    let filled = match (filled.matrix, &output.x) {
        (Matrix::F64(mut columns), Some(x)) => {
            let idle = divide(&mut columns, x, job.progress)?;
            Filled { matrix: Matrix::F64(columns), idle }
        }
        // Stored as f32, flows would be rounded before the division. The file is read again, so that rounding happens
        // once.
        (Matrix::F32(columns), Some(x)) => {
            drop(columns);
            Figures::take(&mut package.lines(part, "", job)?, &survey, Some(x), job)?.1
        }
        (matrix, None) => Filled { matrix, idle: 0 },
    };
    warnings.extend(notes::of_table(&filled, figures.negative, &survey.labels, job.progress)?);
    warnings.extend(totals.notes.iter().cloned());
    warnings.extend(output.warnings);
    let demand = demand(&survey, &figures, &totals, job, &mut warnings)?;
    Ok(Table {
        labels: survey.labels,
        coefficients: filled.matrix,
        output: output.x,
        demand,
        format: Format::Icio,
        output_source: output.source,
        leontief: job.options.leontief,
        warnings,
    })
}

/// The final demand that is kept.
fn demand(
    survey: &Survey,
    figures: &Figures,
    totals: &Totals,
    job: &Job<'_>,
    warnings: &mut Vec<String>,
) -> Result<Option<FinalDemand>> {
    let names: Vec<&str> = totals.demand.iter().map(|&at| &*figures.columns[at].label).collect();
    let mut purchasers = vec![None; figures.columns.len()];
    let found = purchases::of_labels(&names, &survey.labels, job, warnings);
    for (&at, purchaser) in totals.demand.iter().zip(found) {
        purchasers[at] = purchaser;
    }
    purchases::keep(&figures.columns, &totals.demand, &purchasers, survey.labels.len(), job, warnings)
}

/// Total output, and the warnings about it.
struct Output {
    /// `None` for a matrix of coefficients.
    x: Option<Vec<f64>>,
    source: OutputSource,
    warnings: Vec<String>,
}

impl Output {
    fn of(survey: &Survey, figures: &Figures, totals: &Totals, job: &Job<'_>) -> Result<Self> {
        let mut warnings = Vec::new();
        let rule = match totals.output(figures) {
            Some(_) if job.options.output == OutputRule::Reported => OutputRule::Reported,
            _ => OutputRule::RowSum,
        };
        if rule == OutputRule::RowSum && figures.is_bare() && job.options.output == OutputRule::Reported {
            return Self::none(survey, figures);
        }
        let mut x = match rule {
            OutputRule::Reported => totals.output(figures).unwrap_or_default().to_vec(),
            OutputRule::RowSum => totals.row_sums(figures)?,
        };
        // A cell of the output that cannot be read is an error only if this output is used.
        if rule == OutputRule::Reported {
            totals.check_output(figures)?;
        }
        let place = |node| survey.place_of_output(node, rule, totals);
        warnings.extend(output::settle(&mut x, &survey.labels, job.options.negative, place)?);
        if rule == OutputRule::Reported {
            warnings.extend(totals.contradicted(figures));
            warnings.extend(balance::check(&survey.labels, figures, totals, &x)?);
        } else if totals.demand.is_empty() {
            warnings.push("there is no final demand: output is the sum of deliveries to other nodes".to_owned());
        } else {
            warnings.extend(balance::check_columns(&survey.labels, figures, totals, &x, "the sums of rows"));
        }
        warnings.extend(balance::check_size(figures, &x));
        Ok(Self { x: Some(x), source: OutputSource::Rule(rule), warnings })
    }

    /// A square matrix without output, final demand and value added holds coefficients, because flows alone would be
    /// meaningless.
    fn none(survey: &Survey, figures: &Figures) -> Result<Self> {
        if let Some(node) = figures.column_sums.iter().position(|&sum| sum >= 1.0) {
            let (region, sector) = survey.labels.names(node);
            return Err(Error::bad_whole(format!(
                "there is neither output nor final demand, and the column of {} sums to {:.4}, which coefficients do \
                 not: add a column of output or of final demand",
                shown_node(region, sector),
                figures.column_sums[node],
            )));
        }
        let warning = "there is neither output nor final demand: the cells were read as technical coefficients";
        Ok(Self { x: None, source: OutputSource::None, warnings: vec![warning.to_owned()] })
    }
}

impl Survey {
    /// The place from which the output of a node was read (of its first part, if the node has several).
    fn place_of_output(&self, node: usize, rule: OutputRule, totals: &Totals) -> Place {
        let row = self.rows.iter().find(|row| row.node == node as u32).map_or(0, |row| row.line);
        let column = self.columns.iter().position(|&at| at == node as u32).map_or(0, |at| self.cell(at));
        match (rule, totals.output_row(), totals.output_column()) {
            (OutputRule::Reported, Some(line), _) => Place { line, column, ..Place::default() },
            (OutputRule::Reported, None, Some(at)) => Place { line: row, column: self.cell(at), ..Place::default() },
            _ => Place { line: row, ..Place::default() },
        }
    }
}
