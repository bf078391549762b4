//! Further documents about a node of an IO model: `ASSESS.WHATIF`, `DEPENDENTS`, `PROFILE`, `COMPARE`; and of a
//! demand: `ASSESS.FOOTPRINT`.

use super::{
    Arg, Command, EXPIRATION, Family, INDICATOR, LAYERS, MODEL, NOCACHE, READS, READS_TWO, REFRESH, TENANT, TOP,
};

const REGION: Arg = Arg::string("region");
const SECTOR: Arg = Arg::string("sector");

pub(crate) const WHATIF: Command = Command {
    name: "ASSESS.WHATIF",
    summary: "Returns the assessment of a node of an IO model before and after changes of the table or the indicator",
    since: "0.2.0",
    complexity: "O(1) from the cache; else O(N * k + k^3), with N nodes and k changed rows and columns; O(N^2) when k is \
                 over 256 or the model is lazy",
    group: Family::Assess,
    flags: "readonly blocking",
    acl: "assess read slow blocking",
    arity: -7,
    args: &[
        MODEL,
        REGION,
        SECTOR,
        Arg::one_of(
            "change",
            &[
                Arg::block("extract", &[REGION, SECTOR])
                    .after("EXTRACT")
                    .says("These nodes neither deliver nor buy; their own intensity stays. * is every region or sector"),
                Arg::block(
                    "scale",
                    &[
                        Arg::string("from-region"),
                        Arg::string("from-sector"),
                        Arg::string("to-region"),
                        Arg::string("to-sector"),
                        Arg::double("factor"),
                    ],
                )
                .after("SCALE")
                .says("Inputs of one group of nodes from another one times factor"),
                Arg::block("replace", &[REGION, SECTOR, Arg::string("new-region"), Arg::double("share")])
                    .after("REPLACE")
                    .says("Of every buyer's input from this node, this share comes from the same sector of the new region"),
                Arg::block("stress", &[REGION, SECTOR, Arg::double("factor")])
                    .after("STRESS")
                    .says("The indicator of these nodes times factor"),
            ],
        )
        .says("Changes are applied together, in this order")
        .multiple(),
        INDICATOR,
        LAYERS,
        TOP,
        TENANT,
        EXPIRATION,
        NOCACHE,
        REFRESH,
    ],
    keys: READS,
    tips: &[],
    reply: "bulk string (JSON): base, changed, and their difference by region, sector, node and supplier",
    internal: false,
};

pub(crate) const DEPENDENTS: Command = Command {
    name: "ASSESS.DEPENDENTS",
    summary: "Returns the nodes of an IO model whose totals depend most on a supplier",
    since: "0.2.0",
    complexity: "O(1) from the cache; else O(N + L log L), with N nodes and limit L; O(N^2) when the model is lazy",
    group: Family::Assess,
    flags: "readonly blocking",
    acl: "assess read slow blocking",
    arity: -4,
    args: &[
        MODEL,
        REGION,
        SECTOR,
        INDICATOR,
        Arg::one_of(
            "by",
            &[
                Arg::token("share", "share").says("Share of the total of the dependent node"),
                Arg::token("value", "value").says("Value in that total"),
            ],
        )
        .after("BY")
        .says("Order of the list; default: share")
        .optional(),
        Arg::integer("limit").after("LIMIT").says("Most nodes to list; default: 10").optional(),
        TENANT,
        EXPIRATION,
        NOCACHE,
        REFRESH,
    ],
    keys: READS,
    tips: &[],
    reply: "bulk string (JSON)",
    internal: false,
};

pub(crate) const PROFILE: Command = Command {
    name: "ASSESS.PROFILE",
    summary: "Returns the figures of several indicators for one node of an IO model",
    since: "0.2.0",
    complexity: "O(1) from the cache; else O(I), with I indicators",
    group: Family::Assess,
    flags: "readonly blocking",
    acl: "assess read slow blocking",
    arity: -4,
    args: &[
        MODEL,
        REGION,
        SECTOR,
        Arg::block("indicators", &[Arg::integer("n"), Arg::string("indicator").multiple()])
            .after("INDICATORS")
            .says("Only these, at most 1000; default: the built-in one and those whose series are derived")
            .optional(),
        TENANT,
        EXPIRATION,
        NOCACHE,
        REFRESH,
    ],
    keys: READS,
    tips: &[],
    reply: "bulk string (JSON)",
    internal: false,
};

pub(crate) const COMPARE: Command = Command {
    name: "ASSESS.COMPARE",
    summary: "Returns the difference of a node in two IO models, and the effects of the indicator and of the structure",
    since: "0.2.0",
    complexity: "O(1) from the cache; else O(N log N), with N nodes of both models; O(N^2) when a model is lazy",
    group: Family::Assess,
    flags: "readonly blocking",
    acl: "assess read slow blocking",
    arity: -5,
    args: &[
        MODEL,
        Arg::key("other", 1).says("Model that is compared with the first one: differences are other - model"),
        REGION,
        SECTOR,
        INDICATOR,
        TOP,
        TENANT,
        EXPIRATION,
        NOCACHE,
        REFRESH,
    ],
    keys: READS_TWO,
    tips: &[],
    reply: "bulk string (JSON): base, changed, their difference, and its parts",
    internal: false,
};

pub(crate) const FOOTPRINT: Command = Command {
    name: "ASSESS.FOOTPRINT",
    summary: "Returns what the final demand of a region, or a demand of your own, causes in the nodes of an IO model",
    since: "0.2.0",
    complexity: "O(1) from the cache; else O(N^2), with N nodes",
    group: Family::Assess,
    flags: "readonly blocking",
    acl: "assess read slow blocking",
    arity: -4,
    args: &[
        MODEL,
        Arg::one_of(
            "of",
            &[
                Arg::string("region")
                    .after("REGION")
                    .says("Purchasing region whose final demand is kept with the table"),
                Arg::string("demand")
                    .after("DEMAND")
                    .says("JSON object of regions, each an object of sectors and amounts, in the unit of the table"),
            ],
        ),
        Arg::string("category").after("CATEGORY").says("Only this category of the region's final demand").optional(),
        INDICATOR,
        TOP,
        TENANT,
        EXPIRATION,
        NOCACHE,
        REFRESH,
    ],
    keys: READS,
    tips: &[],
    reply: "bulk string (JSON): total, where it arises, which products cause it",
    internal: false,
};
