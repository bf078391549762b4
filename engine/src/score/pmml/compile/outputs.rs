//! Output fields of models in a chain: inputs of the models after them.

use super::super::element::Element;
use super::super::program::{Expression, Kind};
use super::decisions::{Decisions, only};
use super::words::{kind_of, kind_of_constant};
use super::{Compiled, Compiler, Field, Known};
use crate::Result;

impl<'a> Compiler<'a> {
    /// Compiles the output fields of a segment and makes them known to the models after it. One that cannot be computed
    /// is an error where it is used, since most are for people only.
    pub(super) fn outputs(&mut self, element: &'a Element, compiled: &mut Compiled) -> Result<()> {
        for output in element.children_called("Output").flat_map(|output| output.children_called("OutputField")) {
            let name = output.needed("name")?;
            let known = match self.output(output, compiled) {
                Ok((expression, kind)) => {
                    let origin = super::Origin::Many;
                    let slot = self.slot(origin)?;
                    compiled.model.outputs.push((slot, expression));
                    Known::Field(Field { slot, kind })
                }
                Err(crate::Error::BadInput { .. }) => Known::Unsupported,
                Err(other) => return Err(other),
            };
            if let Some(scope) = self.scopes.last_mut() {
                scope.known.insert(name, known);
            }
        }
        Ok(())
    }

    fn output(&mut self, output: &'a Element, compiled: &Compiled) -> Result<(Expression, Kind)> {
        let declared = output.attribute("dataType").map(kind_of).transpose()?;
        let has_expression = super::expressions::of(output).is_ok();
        let model = &compiled.model;
        match output.attribute("feature").unwrap_or("predictedValue") {
            "transformedValue" => {
                let (expression, kind) = self.expression_of(output)?;
                Self::cast(expression, kind, declared.unwrap_or(kind))
            }
            "predictedValue" if !has_expression && model.classes == 0 => {
                Self::cast(Expression::Slot(model.result), Kind::Double, declared.unwrap_or(Kind::Double))
            }
            "predictedValue" if !has_expression => {
                let are_numbers = compiled.classes.iter().all(|label| kind_of_constant(label).is_number());
                let kind = declared.unwrap_or(if are_numbers { Kind::Double } else { Kind::Text });
                let mut to = Decisions::default();
                let missing = to.leaf(f64::NAN)?;
                let mut root = missing;
                for (class, label) in compiled.classes.iter().enumerate() {
                    let leaf = to.leaf(self.words.constant(label, kind)?)?;
                    root = to.ranges(model.result, &[only(class as f64)], [leaf, root, missing])?;
                }
                self.count_all(to.len())?;
                Ok((Expression::Decide(to.finish(root)), kind))
            }
            "probability" if !has_expression => {
                let label = output.needed("value")?;
                let class = compiled.classes.iter().position(|class| **class == *label);
                let class = class.ok_or_else(|| crate::Error::bad_whole("an OutputField names an unknown class"))?;
                Self::cast(
                    Expression::Slot(model.result + 1 + class as u32),
                    Kind::Double,
                    declared.unwrap_or(Kind::Double),
                )
            }
            _ => Err(crate::Error::bad_whole("an OutputField of this kind is not computed")),
        }
    }
}
