//! Reads expressions.

use super::{Base, Bases, Change, Expr, Leaf, MAX_DEPTH, MAX_NODES, Method};
use crate::origin::codes::Codes;
use crate::origin::decimal::Decimal;
use crate::origin::json::{Json, Read, Seen, Type};

/// The names in an expression: the operators, then the words that modify them.
const NAMES: [&str; 21] = [
    "any",
    "all",
    "wo",
    "ah",
    "ctc",
    "maxnom",
    "maxwt",
    "minwt",
    "rvc",
    "process",
    "originating",
    "from",
    "ref",
    "text",
    "except",
    "allow",
    "outside",
    "of",
    "scope",
    "base",
    "method",
];
const OPERATORS: usize = 14;

/// Maximum number of processes of a condition, and maximum length of a name, in bytes.
const MAX_PROCESSES: usize = 100;
const MAX_NAME: usize = 256;

/// Maximum length of the text of a condition, in bytes.
const MAX_TEXT: usize = 4 << 10;

/// Sizes of the expressions of a rule that were read so far.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::origin) struct Sizes {
    /// The number of nodes, references not expanded.
    pub(in crate::origin) nodes: u32,
    /// Whether there are references.
    pub(in crate::origin) has_refs: bool,
}

/// The operator of an object, possibly without its words.
enum Operator {
    Done(Expr),
    Change(u8),
    MaxNom(Decimal),
    MaxWeight(Decimal),
    MinWeight(Decimal),
    Rvc(Decimal),
    From(Codes),
}

/// The words of an object that modify its operator.
#[derive(Default)]
struct Words {
    except: Codes,
    allow: Codes,
    outside: Codes,
    of: Codes,
    scope: Codes,
    base: Option<Bases>,
    method: Option<Method>,
}

impl Expr {
    /// Reads an expression; `null` is a text that is not machine-readable.
    pub(in crate::origin) fn read(json: &mut Json<'_>, sizes: &mut Sizes) -> Read<Self> {
        Self::read_at(json, sizes, 1)
    }

    fn read_at(json: &mut Json<'_>, sizes: &mut Sizes, depth: u32) -> Read<Self> {
        if depth > MAX_DEPTH {
            return json.refuse("an expression is nested more than 32 deep");
        }
        sizes.nodes += 1;
        if sizes.nodes > MAX_NODES {
            return json.refuse("the expressions of a rule have more than 10000 parts");
        }
        if json.null()? {
            return Ok(Self::Leaf(Leaf::Text("".into())));
        }
        let (mut operator, mut words) = (None, Words::default());
        let mut seen = Seen::default();
        json.object(|json, name| {
            let Some(place) = seen.place(json, name, &NAMES)? else {
                return json.refuse("an expression has an operator or a word that is not known");
            };
            if place >= OPERATORS {
                return words.take(json, NAMES[place]);
            }
            if operator.is_some() {
                return json.refuse("an expression has two operators; put them into any or all");
            }
            operator = Some((NAMES[place], take_operator(json, NAMES[place], sizes, depth)?));
            Ok(())
        })?;
        let Some((name, operator)) = operator else { return json.refuse("an expression has no operator") };
        words.complete(json, name, operator)
    }
}

fn take_operator(json: &mut Json<'_>, name: &str, sizes: &mut Sizes, depth: u32) -> Read<Operator> {
    let done = |leaf| Ok(Operator::Done(Expr::Leaf(leaf)));
    match name {
        "any" => Ok(Operator::Done(Expr::Any(parts(json, sizes, depth)?))),
        "all" => Ok(Operator::Done(Expr::All(parts(json, sizes, depth)?))),
        "wo" => match json.peek()? {
            Type::List => done(Leaf::Obtained(Codes::read(json)?)),
            _ => truth(json).and_then(|()| done(Leaf::Whole)),
        },
        "originating" => match json.peek()? {
            Type::List => done(Leaf::Originating(Codes::read(json)?)),
            _ => truth(json).and_then(|()| done(Leaf::Originating(Codes::default()))),
        },
        "ah" => truth(json).and_then(|()| done(Leaf::AnyHeading)),
        "ctc" => match &*json.text()? {
            "CC" => Ok(Operator::Change(2)),
            "CTH" => Ok(Operator::Change(4)),
            "CTSH" => Ok(Operator::Change(6)),
            _ => json.refuse("ctc is CC, CTH or CTSH"),
        },
        "maxnom" => Ok(Operator::MaxNom(percent(json)?)),
        "maxwt" => Ok(Operator::MaxWeight(percent(json)?)),
        "minwt" => Ok(Operator::MinWeight(percent(json)?)),
        "rvc" => Ok(Operator::Rvc(percent(json)?)),
        "from" => Ok(Operator::From(Codes::read(json)?)),
        "process" => processes(json).and_then(|names| done(Leaf::Process(names))),
        "ref" => {
            sizes.has_refs = true;
            let name = json.text()?;
            match name.len() {
                1..=MAX_NAME => Ok(Operator::Done(Expr::Ref(name.into()))),
                _ => json.refuse("ref is the name of a macro"),
            }
        }
        _ => match json.peek()? {
            Type::Text => {
                let text = json.text()?;
                if text.len() > MAX_TEXT {
                    return json.refuse("the text of an expression has at most 4096 bytes");
                }
                done(Leaf::Text(text.into()))
            }
            Type::Null => json.null().and_then(|_| done(Leaf::Text("".into()))),
            _ => truth(json).and_then(|()| done(Leaf::Text("".into()))),
        },
    }
}

/// Reads the parts of `any` or `all`.
fn parts(json: &mut Json<'_>, sizes: &mut Sizes, depth: u32) -> Read<Box<[Expr]>> {
    let mut parts = Vec::new();
    json.list(|json| {
        parts.push(Expr::read_at(json, sizes, depth + 1)?);
        Ok(())
    })?;
    if parts.is_empty() { json.refuse("any and all must not be empty") } else { Ok(parts.into()) }
}

fn processes(json: &mut Json<'_>) -> Read<Box<[Box<str>]>> {
    let mut names: Vec<Box<str>> = Vec::new();
    json.list(|json| {
        let name = json.text()?;
        if name.is_empty() || name.len() > MAX_NAME || names.len() == MAX_PROCESSES {
            return json.refuse("a list of processes has at most 100 names of 1 to 256 bytes");
        }
        names.push(name.into());
        Ok(())
    })?;
    if names.is_empty() { json.refuse("process must not be empty") } else { Ok(names.into()) }
}

impl Words {
    fn take(&mut self, json: &mut Json<'_>, name: &str) -> Read<()> {
        match name {
            "except" => self.except = Codes::read(json)?,
            "allow" => self.allow = Codes::read(json)?,
            "outside" => self.outside = Codes::read(json)?,
            "of" => self.of = Codes::read(json)?,
            "scope" => self.scope = Codes::read(json)?,
            "base" => {
                let base = Bases::parse(&json.text()?);
                self.base = Some(base.ok_or_else(|| json.fault("base is exw, fob, tv, net_cost or several with |"))?);
            }
            _ => {
                let text = json.text()?;
                let method = Method::ALL.into_iter().find(|method| method.name() == text);
                self.method =
                    Some(method.ok_or_else(|| json.fault("method is build_down, build_up, focused, tv or net_cost"))?);
            }
        }
        Ok(())
    }

    /// Adds the words to their operator. A word that the operator does not use is refused.
    fn complete(self, json: &Json<'_>, name: &str, operator: Operator) -> Read<Expr> {
        let Self { except, allow, outside, of, scope, base, method } = self;
        let change_words = !(except.is_empty() && allow.is_empty() && outside.is_empty());
        let (has_of, has_scope) = (!of.is_empty(), !scope.is_empty());
        let foreign = match operator {
            Operator::Done(_) => change_words || has_of || has_scope || base.is_some() || method.is_some(),
            Operator::Change(_) => has_of || has_scope || base.is_some() || method.is_some(),
            Operator::MaxNom(_) => change_words || has_scope || method.is_some(),
            Operator::MaxWeight(_) | Operator::MinWeight(_) => {
                change_words || has_scope || base.is_some() || method.is_some()
            }
            Operator::Rvc(_) => change_words || has_scope,
            Operator::From(_) => change_words || has_of || base.is_some() || method.is_some(),
        };
        if foreign {
            return json.refuse(format!("{name} is given a word that it does not use"));
        }
        let leaf = match operator {
            Operator::Done(expr) => return Ok(expr),
            Operator::Change(level) => Leaf::Change(Change { level, except, allow, outside }),
            Operator::MaxNom(limit) => Leaf::MaxNom { limit, of, base: base.unwrap_or_else(|| Bases::one(Base::Exw)) },
            Operator::MaxWeight(_) | Operator::MinWeight(_) if !has_of => {
                return json.refuse(format!("{name} needs of, the codes whose weight counts"));
            }
            Operator::MaxWeight(limit) => Leaf::MaxWeight { limit, of },
            Operator::MinWeight(limit) => Leaf::MinWeight { limit, of },
            Operator::Rvc(limit) => {
                let Some(method) = method else { return json.refuse("rvc needs a method") };
                if has_of != (method == Method::Focused) {
                    return json.refuse("rvc needs of when its method is focused, and only then");
                }
                Leaf::Rvc { limit, method, of, base: base.unwrap_or_else(|| Bases::one(method.usual_base())) }
            }
            Operator::From(of) => Leaf::From { of, scope },
        };
        Ok(Expr::Leaf(leaf))
    }
}

fn truth(json: &mut Json<'_>) -> Read<()> {
    if json.boolean()? { Ok(()) } else { json.refuse("only true is allowed here") }
}

/// Reads a percentage from 0 to 100.
fn percent(json: &mut Json<'_>) -> Read<Decimal> {
    let number = Decimal::parse(json.number()?).filter(|number| *number <= Decimal::HUNDRED);
    number.ok_or_else(|| json.fault("a limit is a number from 0 to 100 with at most 6 decimals"))
}
