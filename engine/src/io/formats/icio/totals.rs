//! Identifying totals among the rows and columns that are not nodes, by their figures; by their names if no figures
//! match.

use super::figures::Figures;
use super::series::{Series, alike};
use super::subtotals::{Subtotals, agree, sum};
use crate::io::formats::notes::note;
use crate::io::formats::total_names::{bare, is_named_total, is_named_value_added};
use crate::io::shown::shown;
use crate::{Progress, Result};

/// Usual names of output, which need no note.
const USUAL: [&str; 3] = ["OUT", "OUTPUT", "TOTAL"];

/// The roles of columns and rows that are not nodes, as indexes of [`Figures::columns`] and [`Figures::rows`].
pub(in crate::io::formats) struct Totals {
    /// Columns of final demand.
    pub(in crate::io::formats) demand: Vec<usize>,
    /// Rows of value added.
    pub(in crate::io::formats) value_added: Vec<usize>,
    column: Option<usize>,
    row: Option<usize>,
    output_line: Option<u64>,
    output_cell: Option<usize>,
    pub(in crate::io::formats) notes: Vec<String>,
}

impl Totals {
    /// Separates totals from final demand and from value added.
    ///
    /// # Errors
    /// [`crate::Error::Cancelled`].
    pub(in crate::io::formats) fn recognise(figures: &Figures, progress: &Progress) -> Result<Self> {
        let Demand { demand, column, all, mut left_out, mut notes } = Demand::recognise(figures, progress)?;
        let known = column.map(|at| &figures.columns[at].values).filter(|_| demand.is_empty()).unwrap_or(&all);
        let (value_added, row) = rows_beside_nodes(figures, known, &mut left_out);
        describe_output(figures, column, row, &mut left_out, &mut notes);
        let output_line = row.map(|at| figures.rows[at].at);
        let output_cell = column.map(|at| figures.columns[at].at as usize);
        Ok(Self { demand, value_added, column, row, output_line, output_cell, notes })
    }

    /// The output that the table reports: the output row if there is one, else the output column.
    pub(in crate::io::formats) fn output<'f>(&self, figures: &'f Figures) -> Option<&'f [f64]> {
        self.series(figures).map(|series| &*series.values)
    }

    fn series<'f>(&self, figures: &'f Figures) -> Option<&'f Series> {
        self.row.map(|at| &figures.rows[at]).or_else(|| self.column.map(|at| &figures.columns[at]))
    }

    /// The line of the output row.
    pub(in crate::io::formats) fn output_row(&self) -> Option<u64> {
        self.output_line
    }

    /// The number of the output column.
    pub(in crate::io::formats) fn output_column(&self) -> Option<usize> {
        self.output_cell
    }

    /// Fails if an output is not a number.
    pub(in crate::io::formats) fn check_output(&self, figures: &Figures) -> Result<()> {
        self.series(figures).map_or(Ok(()), |series| series.known().map(|_| ()))
    }

    /// The sum of intermediate and final demand for every node.
    pub(in crate::io::formats) fn row_sums(&self, figures: &Figures) -> Result<Vec<f64>> {
        for &at in &self.demand {
            figures.columns[at].known()?;
        }
        Ok(sum(figures, &self.demand))
    }

    /// The warning with the number of nodes whose output column differs from their output row.
    pub(in crate::io::formats) fn contradicted(&self, figures: &Figures) -> Vec<String> {
        let mut notes = Vec::new();
        if let (Some(row), Some(column)) = (self.row, self.column) {
            let (row, column) = (&figures.rows[row].values, &figures.columns[column].values);
            let differ = |a: f64, b: f64| (a - b).abs() > 0.01 * a.abs().max(b.abs()) + 1.0;
            let count = row.iter().zip(column).filter(|&(&a, &b)| differ(a, b)).count() as u64;
            let (one, many) = (
                "has an output column that is not its output row: the row was used",
                "have an output column that is not their output row: the row was used",
            );
            note(&mut notes, count, "node", one, many);
        }
        notes
    }
}

/// The roles of columns that are not nodes.
struct Demand {
    /// Columns of final demand.
    demand: Vec<usize>,
    /// The column of output.
    column: Option<usize>,
    /// The sum of deliveries to nodes and to final demand, by node.
    all: Vec<f64>,
    /// Labels of columns that are sums of others.
    left_out: Vec<String>,
    notes: Vec<String>,
}

impl Demand {
    fn recognise(figures: &Figures, progress: &Progress) -> Result<Self> {
        let mut left_out: Vec<String> = Vec::new();
        let mut notes = Vec::new();
        let mut demand = Vec::new();
        let mut named = Vec::new();
        for (at, column) in figures.columns.iter().enumerate() {
            if is_named_total(&column.label) {
                named.push(at);
            } else if alike(&column.values, &figures.row_sums) {
                left_out.push(shown(&column.label));
            } else if !is_named_value_added(&column.label) {
                demand.push(at);
            }
        }
        // A column named as a total may be all of final demand. Then the table balances with it.
        let is_demand = |&at: &usize| {
            let (values, with_nodes) = (&figures.columns[at].values, sum(figures, &[at]));
            !alike(values, &figures.row_sums) && !alike(values, &with_nodes) && agree(figures, &with_nodes)
        };
        if let Some(at) = named.iter().copied().find(is_demand).filter(|_| demand.is_empty()) {
            notes.push(format!("the column {} is final demand, not output", shown(&figures.columns[at].label)));
            named.retain(|other| *other != at);
            demand.push(at);
        }
        let mut subtotals = Subtotals::among(figures, &demand, progress)?;
        notes.append(&mut subtotals.notes);
        let subtotals = subtotals.columns;
        demand.retain(|at| !subtotals.contains(at));
        left_out.extend(subtotals.iter().map(|&at| shown(&figures.columns[at].label)));

        // Output under any name: the sum of deliveries to nodes and of all other demand.
        let mut by_figures = Vec::new();
        let all = sum(figures, &demand);
        let last_first: &[usize] = if agree(figures, &all) { &[] } else { &demand };
        for &at in last_first.iter().rev() {
            let values = &figures.columns[at].values;
            let others: Vec<f64> = all.iter().zip(values).map(|(sum, value)| sum - value).collect();
            if alike(values, &others) {
                by_figures.push(at);
                break;
            }
        }
        demand.retain(|at| !by_figures.contains(at));
        left_out.extend(by_figures.iter().map(|&at| shown(&figures.columns[at].label)));
        let all = sum(figures, &demand);
        let final_demand: Vec<f64> = all.iter().zip(&figures.row_sums).map(|(all, nodes)| all - nodes).collect();
        let parts = [&*figures.row_sums, &*final_demand];
        let column = best(&figures.columns, &named, &all, &parts).or_else(|| by_figures.first().copied());
        for &at in demand.iter().filter(|&&at| !is_named_total(&figures.columns[at].label)) {
            let bare = bare(&figures.columns[at].label);
            if ["total", "sum", "subtotal", "tfd", "tiu"].iter().any(|name| bare.starts_with(name)) {
                notes.push(format!(
                    "the column {} is named as a total and is not the sum of others: it was read as final demand",
                    shown(&figures.columns[at].label)
                ));
            }
        }
        Ok(Self { demand, column, all, left_out, notes })
    }
}

/// The rows of value added, and the row of output, whose figures must equal `known`.
fn rows_beside_nodes(figures: &Figures, known: &[f64], left_out: &mut Vec<String>) -> (Vec<usize>, Option<usize>) {
    let mut named = Vec::new();
    let mut value_added = Vec::new();
    let mut row = None;
    for (at, series) in figures.rows.iter().enumerate() {
        if series.is_named_total {
            named.push(at);
        } else if alike(&series.values, &figures.column_sums) {
            left_out.push(shown(&series.label));
        } else if alike(&series.values, known) {
            row = Some(at);
            left_out.push(shown(&series.label));
        } else {
            value_added.push(at);
        }
    }
    let mut added = vec![0.0; known.len()];
    let mut parts: Vec<Vec<f64>> = vec![figures.column_sums.clone()];
    for &at in &value_added {
        added.iter_mut().zip(&figures.rows[at].values).for_each(|(sum, value)| *sum += value);
        parts.push(figures.rows[at].values.clone());
    }
    parts.push(added);
    let parts: Vec<&[f64]> = parts.iter().map(|part| &**part).collect();
    let row = best(&figures.rows, &named, known, &parts).or(row);
    (value_added, row)
}

/// Notes the labels of output, unless they are usual, and the labels that are sums of others.
fn describe_output(
    figures: &Figures,
    column: Option<usize>,
    row: Option<usize>,
    left_out: &mut Vec<String>,
    notes: &mut Vec<String>,
) {
    let output = [column.map(|at| (&figures.columns[at], "column")), row.map(|at| (&figures.rows[at], "row"))];
    let unusual = output.into_iter().flatten().filter(|(series, _)| !USUAL.contains(&&*series.label));
    let unusual: Vec<String> = unusual.map(|(series, what)| format!("the {what} {}", shown(&series.label))).collect();
    if !unusual.is_empty() {
        notes.push(format!("total output is {}", unusual.join(" and ")));
    }
    left_out.retain(|name| unusual.iter().all(|other| !other.ends_with(&format!(" {name}"))));
    if !left_out.is_empty() {
        let (one, many) = ("is the sum of others and counts as a total", "are sums of others and count as totals");
        let is = if left_out.len() == 1 { one } else { many };
        let mut names = left_out.iter().take(10).cloned().collect::<Vec<_>>().join(", ");
        if left_out.len() > 10 {
            note_more(&mut names, left_out.len() - 10);
        }
        notes.push(format!("{names} {is}"));
    }
}

fn note_more(names: &mut String, more: usize) {
    names.push_str(&format!(" and {more} more"));
}

/// Selects output among series named as totals: the one whose figures match. If none does, one that is not equal to one
/// of the `parts` of output, such as the sum over nodes; usual names come first.
fn best(series: &[Series], named: &[usize], output: &[f64], parts: &[&[f64]]) -> Option<usize> {
    let fits = named.iter().find(|&&at| alike(&series[at].values, output));
    let is_part = |at: usize| parts.iter().any(|part| alike(&series[at].values, part) && !alike(output, part));
    let others = || named.iter().filter(|&&at| !is_part(at));
    let usual = || others().find(|&&at| USUAL.contains(&&*series[at].label));
    fits.or_else(usual).or_else(|| others().next()).copied()
}
