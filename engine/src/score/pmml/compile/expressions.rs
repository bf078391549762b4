//! Expressions of derived fields, output fields and complex partial scores.

use super::super::element::{Element, shown};
use super::super::program::{Apply, Expression, Function, Kind};
use super::words::{kind_of, kind_of_constant};
use super::{Compiler, Field};
use crate::{Error, Result};

/// Maximum nesting depth of an expression, with the functions of the file.
const MAX_DEPTH: usize = 40;

/// The elements that are expressions.
const NAMES: &[&str] = &[
    "Constant",
    "FieldRef",
    "Apply",
    "NormContinuous",
    "NormDiscrete",
    "Discretize",
    "MapValues",
    "TextIndex",
    "Aggregate",
    "Lag",
];

/// The only expression of an element.
pub(super) fn of(element: &Element) -> Result<&Element> {
    let mut found = element.children.iter().filter(|child| NAMES.contains(&&*child.name));
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(one),
        _ => Err(Error::bad_whole(format!("{} of the PMML needs exactly one expression", shown(&element.name)))),
    }
}

impl<'a> Compiler<'a> {
    /// The value of a derived field, and its type.
    pub(super) fn derived_field(&mut self, element: &'a Element) -> Result<(Expression, Kind)> {
        element.only(&["name", "displayName", "optype", "dataType"], &[NAMES, &["Value", "Interval"]].concat())?;
        let kind = element.attribute("dataType").map(kind_of).transpose()?;
        let (expression, found) = self.expression(of(element)?, kind, MAX_DEPTH)?;
        Self::cast(expression, found, kind.unwrap_or(found))
    }

    /// An expression of an element that holds exactly one.
    pub(super) fn expression_of(&mut self, element: &'a Element) -> Result<(Expression, Kind)> {
        self.expression(of(element)?, None, MAX_DEPTH)
    }

    /// A value as one of another type.
    pub(super) fn cast(expression: Expression, from: Kind, to: Kind) -> Result<(Expression, Kind)> {
        let is_same = from == to || to == Kind::Double && from != Kind::Text;
        match (from, to) {
            _ if is_same => Ok((expression, to)),
            (Kind::Text, _) | (_, Kind::Text | Kind::Boolean) => Err(Error::bad_whole(
                "the PMML converts between texts, truth values and numbers, which is not done here",
            )),
            _ => Ok((Expression::Cast(to, Box::new(expression)), to)),
        }
    }

    /// An expression; `wanted` is the type of the field that it is the value of.
    fn expression(&mut self, element: &'a Element, wanted: Option<Kind>, depth: usize) -> Result<(Expression, Kind)> {
        self.count()?;
        let depth = depth
            .checked_sub(1)
            .ok_or_else(|| Error::bad_whole("an expression of the PMML is nested more than 40 deep"))?;
        match &*element.name {
            "Constant" => self.constant(element, None),
            "FieldRef" => self.field_ref(element),
            "Apply" => self.apply(element, depth),
            "NormContinuous" => self.norm_continuous(element),
            "NormDiscrete" => self.norm_discrete(element),
            "Discretize" => self.discretize(element, wanted),
            "MapValues" => self.map_values(element, wanted),
            name => Err(Error::bad_whole(format!("the PMML has the expression {}, which cannot be used", shown(name)))),
        }
    }

    /// A constant, of the type `wanted` if its element names none.
    fn constant(&mut self, element: &'a Element, wanted: Option<Kind>) -> Result<(Expression, Kind)> {
        element.only(&["dataType", "missing"], &[])?;
        let declared = element.attribute("dataType").map(kind_of).transpose()?;
        let kind = wanted.or(declared).unwrap_or_else(|| kind_of_constant(element.text()));
        if element.attribute("missing") == Some("true") {
            return Ok((Expression::Constant(f64::NAN), kind));
        }
        // A field reads "1" and "1.0" as the same number, so a constant that is compared with it does too.
        Ok((Expression::Constant(self.words.constant(element.text(), kind)?), kind))
    }

    fn field_ref(&mut self, element: &'a Element) -> Result<(Expression, Kind)> {
        element.only(&["field", "mapMissingTo"], &[])?;
        let name = element.needed("field")?;
        let argument = self.arguments.last().and_then(|arguments| arguments.get(name));
        let argument = match argument {
            Some((argument, kind)) => {
                let (parts, kind) = (argument.parts(), *kind);
                self.count_all(parts)?;
                let copy = self.arguments.last().and_then(|arguments| arguments.get(name));
                copy.map(|(argument, _)| (argument.clone(), kind))
            }
            None => None,
        };
        let (expression, kind) = match argument {
            Some(argument) => argument,
            None => {
                let Field { slot, kind } = self.field(name)?;
                (Expression::Slot(slot), kind)
            }
        };
        let Some(default) = element.attribute("mapMissingTo") else { return Ok((expression, kind)) };
        let default = Some(self.words.constant(default, kind)?);
        // The largest of one value is the value; a missing one is left out.
        let apply = Apply { function: Function::Max, arguments: vec![expression], kind, if_missing: None, default };
        Ok((Expression::Apply(apply), kind))
    }

    /// The field that an element names in its attribute `field`.
    pub(super) fn field_named(&mut self, element: &'a Element) -> Result<Field> {
        let name = element.needed("field")?;
        match self.arguments.last().and_then(|arguments| arguments.get(name)) {
            None => self.field(name),
            Some((Expression::Slot(slot), kind)) => Ok(Field { slot: *slot, kind: *kind }),
            Some(_) => {
                Err(Error::bad_whole("a function of the PMML uses an argument that is no field where it needs one"))
            }
        }
    }

    fn apply(&mut self, element: &'a Element, depth: usize) -> Result<(Expression, Kind)> {
        element.only(&["function", "mapMissingTo", "defaultValue", "invalidValueTreatment"], NAMES)?;
        if element.attribute("invalidValueTreatment").is_some_and(|treatment| treatment == "asMissing") {
            return Err(Error::bad_whole(
                "a function of the PMML makes invalid results missing, which is not done here",
            ));
        }
        let name = element.needed("function")?;
        let parts: Vec<&'a Element> = element.parts().collect();
        let Some(function) = Function::named(name) else { return self.defined(element, name, parts, depth) };
        if !function.takes(parts.len()) {
            return Err(Error::bad_whole(format!(
                "the function {} of the PMML has too many or too few arguments",
                shown(name)
            )));
        }
        let mut arguments = Vec::new();
        let mut kinds = Vec::new();
        // A constant is read as the type of what it is compared with.
        let is_comparison = matches!(
            function,
            Function::Equal
                | Function::NotEqual
                | Function::Less
                | Function::LessOrEqual
                | Function::Greater
                | Function::GreaterOrEqual
                | Function::IsIn
                | Function::IsNotIn
        );
        let is_constant = |part: &Element| &*part.name == "Constant";
        for &part in &parts {
            if is_comparison && is_constant(part) {
                // Its place is kept; it is read when the others are known.
                arguments.push(Expression::Constant(f64::NAN));
                kinds.push(None);
                continue;
            }
            let (argument, kind) = self.expression(part, None, depth)?;
            arguments.push(argument);
            kinds.push(Some(kind));
        }
        let other = kinds.iter().flatten().next().copied();
        for (i, part) in parts.iter().enumerate() {
            if let (Some(place), Some(None)) = (arguments.get_mut(i), kinds.get(i)) {
                // The reference evaluator reads the constant as a value of the field, whatever its own type.
                let wanted = other.filter(|kind| !kind.is_number() || *kind == Kind::Float);
                let (constant, kind) = self.constant(part, wanted)?;
                *place = constant;
                kinds[i] = Some(kind);
            }
        }
        let kinds: Vec<Kind> = kinds.into_iter().flatten().collect();
        let kind = result_kind(function, &arguments, &kinds).ok_or_else(|| {
            Error::bad_whole(format!(
                "the function {} of the PMML has arguments of types that it cannot take here",
                shown(name)
            ))
        })?;
        let constant = |attribute| element.attribute(attribute).map(|text| self.words.constant(text, kind)).transpose();
        let mut constant = constant;
        let (if_missing, default) = (constant("mapMissingTo")?, constant("defaultValue")?);
        Ok((Expression::Apply(Apply { function, arguments, kind, if_missing, default }), kind))
    }

    /// A function that the file defines: its expression with the arguments in their places.
    fn defined(
        &mut self,
        element: &'a Element,
        name: &str,
        parts: Vec<&'a Element>,
        depth: usize,
    ) -> Result<(Expression, Kind)> {
        let Some(&definition) = self.functions.get(name) else {
            return Err(Error::bad_whole(format!(
                "the PMML uses the function {}, which cannot be computed here",
                shown(name)
            )));
        };
        if element.attribute("mapMissingTo").or(element.attribute("defaultValue")).is_some() {
            return Err(Error::bad_whole(
                "a function of the PMML is used with a value for missing ones, which is not done here",
            ));
        }
        definition.only(&["name", "optype", "dataType"], &[NAMES, &["ParameterField"]].concat())?;
        let parameters: Vec<&'a Element> = definition.children_called("ParameterField").collect();
        if parameters.len() != parts.len() {
            return Err(Error::bad_whole("a function of the PMML is used with another number of arguments"));
        }
        let mut arguments = std::collections::HashMap::new();
        for (parameter, part) in parameters.into_iter().zip(parts) {
            let (argument, kind) = self.expression(part, None, depth)?;
            let argument = match parameter.attribute("dataType").map(kind_of).transpose()? {
                Some(wanted) => Self::cast(argument, kind, wanted)?,
                None => (argument, kind),
            };
            arguments.insert(parameter.needed("name")?, argument);
        }
        self.arguments.push(arguments);
        let wanted = definition.attribute("dataType").map(kind_of).transpose();
        let compiled = of(definition).and_then(|body| self.expression(body, None, depth));
        self.arguments.pop();
        let (expression, kind) = compiled?;
        Self::cast(expression, kind, wanted?.unwrap_or(kind))
    }
}

/// The type of a function's result; `None` if it cannot take these arguments.
fn result_kind(function: Function, arguments: &[Expression], kinds: &[Kind]) -> Option<Kind> {
    let are_numbers = |kinds: &[Kind]| kinds.iter().all(|kind| kind.is_number());
    let promoted = || match kinds {
        _ if kinds.contains(&Kind::Double) => Kind::Double,
        _ if kinds.contains(&Kind::Float) => Kind::Float,
        _ => Kind::Integer,
    };
    // A float and a double are compared as floats or as doubles, depending on their order; a constant is of one type with
    // its field by now.
    let is_mixed = kinds.contains(&Kind::Float) && kinds.contains(&Kind::Double);
    let is_comparison = function.is_test() && !matches!(function, Function::And | Function::Or | Function::Not);
    if is_comparison && is_mixed {
        return None;
    }
    match function {
        Function::IsMissing | Function::IsNotMissing => Some(Kind::Boolean),
        Function::And | Function::Or | Function::Not => {
            kinds.iter().all(|kind| *kind == Kind::Boolean).then_some(Kind::Boolean)
        }
        Function::Equal | Function::NotEqual | Function::IsIn | Function::IsNotIn => {
            let is_one = kinds.windows(2).all(|pair| pair[0] == pair[1]);
            // Two unseen texts have the same number, so texts are compared with constants only.
            let is_text = kinds.contains(&Kind::Text);
            let constants = arguments.iter().skip(1).filter(|one| matches!(one, Expression::Constant(_))).count();
            let first = matches!(arguments.first(), Some(Expression::Constant(_)));
            let has_constants = constants + 1 == arguments.len() || first && arguments.len() == 2;
            (are_numbers(kinds) || is_one && (!is_text || has_constants)).then_some(Kind::Boolean)
        }
        Function::If => {
            let branches = kinds.get(1..)?;
            if *kinds.first()? != Kind::Boolean {
                return None;
            }
            // Branches have been rounded to their own types.
            let is_one = branches.windows(2).all(|pair| pair[0] == pair[1]);
            match branches.first()? {
                kind if is_one => Some(*kind),
                _ => are_numbers(branches).then_some(Kind::Double),
            }
        }
        _ if !are_numbers(kinds) => None,
        _ if function.is_test() && function != Function::Threshold => Some(Kind::Boolean),
        Function::Threshold => Some(Kind::Integer),
        // The reference evaluator divides integers without a rest.
        Function::Divide if promoted() == Kind::Integer => None,
        Function::Floor | Function::Ceil | Function::Round => Some(Kind::Integer),
        Function::Add
        | Function::Subtract
        | Function::Multiply
        | Function::Divide
        | Function::Modulo
        | Function::Power
        | Function::Min
        | Function::Max
        | Function::Sum
        | Function::Product
        | Function::Abs => Some(promoted()),
        Function::Mean if promoted() == Kind::Float => Some(Kind::Float),
        _ => Some(Kind::Double),
    }
}
