//! The commands of input-output models: indicators and coefficients.

use super::super::{Arg, Command, Family, KeyFlags, KeySpec};
use super::{CHANGES_AND_DESCRIBES, KEY, READS};

pub(crate) const INDICATOR: Command = Command {
    name: "MODEL.INDICATOR",
    summary: "Sets a named indicator of a model: for every node a value per unit of output",
    since: "0.1.0",
    complexity: "O(B + N), with B bytes of the document and N nodes; then the model is derived on a worker",
    group: Family::Model,
    // A file is read on a worker, because a slow disk must not delay other clients.
    flags: "write deny-oom blocking",
    acl: "assess write slow blocking",
    arity: -7,
    args: &[
        KEY,
        Arg::string("name"),
        Arg::one_of(
            "source",
            &[
                Arg::string("document").after("DATA").says("JSON, or csv with a header"),
                Arg::string("path").after("FILE").says("Path below assess.data-dir"),
            ],
        ),
        Arg::one_of(
            "by",
            &[
                Arg::token("node", "node").says("A value for each region and sector"),
                Arg::token("region", "region").says("A value for each region"),
                Arg::token("sector", "sector").says("A value for each sector"),
                Arg::token("product", "product")
                    .says("The product of a value for the region and a value for the sector (JSON only)"),
            ],
        )
        .after("BY")
        .says("Labels of the values in the document"),
        Arg::double("default").after("DEFAULT").says("Value for labels that are missing in the document").optional(),
        Arg::token("ignore", "IGNORE").says("Ignore labels that the model does not have").optional(),
        Arg::token("sum", "SUM").says("Add several values for one label").optional(),
        Arg::token("totals", "TOTALS").says("Values are totals: divide them by the output of their node").optional(),
        Arg::string("row")
            .after("ROW")
            .says("Row to read from a csv with one row for each stressor; default: the name of the indicator")
            .optional(),
        Arg::string("unit").after("UNIT").says("Unit of the values, shown in assessments").optional(),
    ],
    keys: CHANGES_AND_DESCRIBES,
    tips: &[],
    reply: "OK",
    internal: false,
};

pub(crate) const INDICATORDEL: Command = Command {
    name: "MODEL.INDICATORDEL",
    summary: "Removes an indicator of a model",
    since: "0.1.0",
    complexity: "O(1)",
    group: Family::Model,
    flags: "write",
    acl: "assess write slow",
    arity: 3,
    args: &[KEY, Arg::string("name")],
    keys: &[KeySpec::first_argument(KeyFlags::RW.and(KeyFlags::DELETE))],
    tips: &[],
    reply: "integer, 1 if the indicator existed, else 0",
    internal: false,
};

const FROM_REGION: Arg = Arg::string("from-region");
const FROM_SECTOR: Arg = Arg::string("from-sector");
const TO_REGION: Arg = Arg::string("to-region");
const TO_SECTOR: Arg = Arg::string("to-sector");

pub(crate) const COEF: Command = Command {
    name: "MODEL.COEF",
    summary: "Returns a technical coefficient: input from one node per unit of output of another",
    since: "0.1.0",
    complexity: "O(1)",
    group: Family::Model,
    flags: "readonly fast",
    acl: "assess read fast",
    arity: 6,
    args: &[KEY, FROM_REGION, FROM_SECTOR, TO_REGION, TO_SECTOR],
    keys: READS,
    tips: &[],
    reply: "double",
    internal: false,
};

pub(crate) const MCOEF: Command = Command {
    name: "MODEL.MCOEF",
    summary: "Returns several technical coefficients",
    since: "0.1.0",
    complexity: "O(n), with n coefficients, at most assess.max-batch",
    group: Family::Model,
    flags: "readonly",
    acl: "assess read slow",
    arity: -7,
    args: &[
        KEY,
        Arg::integer("n").says("Number of coefficients"),
        Arg::block("labels", &[FROM_REGION, FROM_SECTOR, TO_REGION, TO_SECTOR]).multiple(),
    ],
    keys: READS,
    tips: &[],
    reply: "array of doubles, nil for a coefficient with an unknown label",
    internal: false,
};
