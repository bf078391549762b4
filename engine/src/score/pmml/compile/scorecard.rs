//! `Scorecard`: predicates over any fields, points that are computed.

use super::super::element::{Element, shown};
use super::super::heads;
use super::super::program::{Attribute, Body, Card, Characteristic, Expression, Model};
use super::decisions::Decisions;
use super::{Compiled, Compiler};
use crate::score::{MAX_FEATURES, MAX_NAME};
use crate::{Error, Result};

/// Maximum number of attributes of a characteristic.
const MAX_ATTRIBUTES: usize = 4_096;

impl<'a> Compiler<'a> {
    pub(super) fn scorecard(&mut self, element: &'a Element) -> Result<Compiled> {
        let head = heads::Card::read(element)?;
        let mut characteristics = Vec::new();
        for characteristic in head.list.children_called("Characteristic") {
            if characteristics.len() == MAX_FEATURES {
                return Err(Error::bad_whole("a scorecard has 1 to 4096 attributes"));
            }
            characteristics.push(self.characteristic(characteristic, &head, characteristics.len())?);
        }
        if characteristics.is_empty() {
            return Err(Error::bad_whole("a scorecard has 1 to 4096 attributes"));
        }
        let card =
            Card { initial: head.initial, characteristics, is_above: head.is_above, max_reasons: head.max_reasons };
        let result = self.slot(super::Origin::Many)?;
        let body = Body::Card(card);
        let model = Model { derived: Vec::new(), body, target: None, result, classes: 0, outputs: Vec::new() };
        Ok(Compiled { model, classes: Vec::new() })
    }

    fn characteristic(
        &mut self,
        element: &'a Element,
        card: &heads::Card<'_>,
        number: usize,
    ) -> Result<Characteristic> {
        let heads::Characteristic { code: common, baseline, attributes: parts } =
            heads::Characteristic::read(element, card)?;
        if parts.is_empty() || parts.len() > MAX_ATTRIBUTES {
            return Err(Error::bad_whole(format!(
                "Characteristic number {} of the PMML needs 1 to 4096 attributes",
                number + 1
            )));
        }
        let mut attributes = Vec::new();
        let mut to = Decisions::default();
        let mut next = to.leaf(f64::NAN)?;
        // From the last to the first: a predicate that is not true leads on to the next attribute.
        for (i, part) in parts.iter().enumerate().rev() {
            part.only(&["reasonCode", "partialScore"], &[super::predicates::NAMES, &["ComplexPartialScore"]].concat())?;
            let points = match (part.child("ComplexPartialScore"), part.number("partialScore")?) {
                (Some(complex), _) => self.complex(complex)?,
                (None, Some(points)) => Expression::Constant(points),
                (None, None) => return Err(Error::bad_whole("an Attribute of the PMML has no partialScore")),
            };
            attributes.push(Attribute { points, code: part.attribute("reasonCode").or(common).map(Into::into) });
            let leaf = to.leaf(i as f64)?;
            next = self.predicate(super::predicates::of(part)?, &mut to, [leaf, next, next])?;
        }
        attributes.reverse();
        self.count_all(to.len())?;
        let choice = to.finish(next);
        let mut slots = Vec::new();
        Expression::Decide(choice.clone()).slots(&mut |slot| slots.push(slot));
        attributes.iter().for_each(|attribute| attribute.points.slots(&mut |slot| slots.push(slot)));
        let feature = self.features.get(self.feature_of(slots) as usize).map(|feature| feature.name);
        let name =
            feature.or(element.attribute("name")).map_or_else(|| format!("characteristic {}", number + 1), Into::into);
        if name.is_empty() || name.len() > MAX_NAME {
            return Err(Error::bad_whole(format!(
                "the name {} of a Characteristic is too long or empty",
                shown(&name)
            )));
        }
        Ok(Characteristic { choice, attributes, baseline, name: name.into(), points: self.slot(super::Origin::Many)? })
    }

    fn complex(&mut self, element: &'a Element) -> Result<Expression> {
        let (expression, kind) = self.expression_of(element)?;
        if kind.is_number() {
            Ok(expression)
        } else {
            Err(Error::bad_whole("a ComplexPartialScore of the PMML is no number"))
        }
    }
}
