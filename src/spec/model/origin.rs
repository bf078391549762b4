//! Commands for the data of ORIGIN models, and the search in labels and descriptions.

use super::super::{Arg, Command, Family, KeyFlags, KeySpec};
use super::{KEY, READS};

pub(crate) const DROP: Command = Command {
    name: "MODEL.DROP",
    summary: "Removes an agreement of an ORIGIN model, with its overrides",
    since: "0.2.0",
    complexity: "O(A), with A agreements; then the search index is rebuilt on a worker",
    group: Family::Model,
    flags: "write",
    acl: "assess write slow",
    arity: 3,
    args: &[KEY, Arg::string("agreement")],
    keys: &[KeySpec::first_argument(KeyFlags::RW.and(KeyFlags::DELETE))],
    tips: &[],
    reply: "OK, or an error when the model has no such agreement",
    internal: false,
};

pub(crate) const HS: Command = Command {
    name: "MODEL.HS",
    summary: "Returns a code of the nomenclature of an ORIGIN model",
    since: "0.2.0",
    complexity: "O(log N + M), with N codes and M codes returned",
    group: Family::Model,
    flags: "readonly fast",
    acl: "assess read fast",
    arity: -3,
    args: &[
        KEY,
        Arg::string("code").says("2 to 12 digits; dots, blanks, dashes and a leading HS are ignored"),
        Arg::one_of(
            "relation",
            &[
                Arg::token("children", "CHILDREN").says("The codes one level below the code"),
                Arg::token("parents", "PARENTS").says("The codes above the code, the nearest first"),
            ],
        )
        .says("Default: the code itself")
        .optional(),
    ],
    keys: READS,
    tips: &[],
    reply: "array of bulk strings (JSON); NOSUBJECT if the nomenclature does not have the code",
    internal: false,
};

pub(crate) const RULES: Command = Command {
    name: "MODEL.RULES",
    summary: "Lists rules of an ORIGIN model, the most specific first",
    since: "0.2.0",
    complexity: "O(N log N), with N rules of the requested agreements",
    group: Family::Model,
    flags: "readonly blocking",
    acl: "assess read slow blocking",
    arity: -2,
    args: &[
        KEY,
        Arg::string("agreement").after("AGREEMENT").says("Only rules of this agreement").optional(),
        Arg::string("hs").after("HS").says("Only rules for products with this code").optional(),
        Arg::string("date").after("DATE").says("Only rules that are valid on this date, YYYY-MM-DD").optional(),
        Arg::string("party")
            .after("PARTY")
            .says("Only agreements of this party, or of the party of this country")
            .optional(),
        LIMIT,
    ],
    keys: READS,
    tips: &[],
    reply: "array of bulk strings (JSON)",
    internal: false,
};

const LIMIT: Arg =
    Arg::integer("limit").after("LIMIT").says("Most results to return, at most 1000; default: 10").optional();

pub(crate) const FIND: Command = Command {
    name: "MODEL.FIND",
    summary: "Searches labels and descriptions for words: exact, prefix, part, misspelt, synonym; best matches first",
    since: "0.2.0",
    complexity: "O(W * V + R), with W words of the text, V distinct words of the model and R matching descriptions",
    group: Family::Model,
    flags: "readonly blocking",
    acl: "assess read slow blocking",
    arity: -3,
    args: &[
        KEY,
        Arg::string("text"),
        Arg::one_of(
            "in",
            &[
                Arg::token("sectors", "sectors").says("Regions and sectors of an IO model"),
                Arg::token("hs", "hs").says("The nomenclature of an ORIGIN model"),
                Arg::token("rules", "rules").says("The texts of rules of an ORIGIN model"),
            ],
        )
        .after("IN")
        .says("Texts to search; default: sectors in an IO model, hs in an ORIGIN model")
        .optional(),
        Arg::string("section").after("SECTION").says("Only codes of this section").optional(),
        Arg::string("chapter").after("CHAPTER").says("Only codes of this chapter").optional(),
        Arg::integer("level")
            .after("LEVEL")
            .says("Only codes with this number of digits: 2, 4, 6, or 8 to 12 in a national one")
            .optional(),
        LIMIT,
    ],
    keys: READS,
    tips: &[],
    reply: "array of bulk strings (JSON)",
    internal: false,
};
