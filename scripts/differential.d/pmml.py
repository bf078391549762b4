"""Linear models as PMML 4.4 documents."""

from collections.abc import Sequence
from xml.sax.saxutils import quoteattr

NORMALIZATIONS = {"identity": "none", "log": "exp", "logit": "logit", "softmax": "softmax"}


def regression(
    link: str,
    features: Sequence[str],
    intercepts: Sequence[float],
    weights: Sequence[Sequence[float]],
    labels: Sequence[str],
) -> bytes:
    """A RegressionModel. With two classes the second has the weights and the first a table of zeros, as usual."""
    is_classifier = link in ("logit", "softmax")
    function = "classification" if is_classifier else "regression"
    fields = "".join(f'<DataField name={quoteattr(name)} optype="continuous" dataType="double"/>' for name in features)
    values = "".join(f"<Value value={quoteattr(label)}/>" for label in labels)
    target = (
        f'<DataField name="target" optype="categorical" dataType="string">{values}</DataField>'
        if is_classifier
        else '<DataField name="target" optype="continuous" dataType="double"/>'
    )
    mining = "".join(f"<MiningField name={quoteattr(name)}/>" for name in features)
    tables = [_table(features, intercept, row) for intercept, row in zip(intercepts, weights, strict=True)]
    if link == "logit":
        tables.append('<RegressionTable intercept="0"{category}/>')
        labels = [labels[1], labels[0]]
    named = "".join(
        table.replace("{category}", f" targetCategory={quoteattr(label)}" if is_classifier else "")
        for table, label in zip(tables, labels, strict=True)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<PMML xmlns="http://www.dmg.org/PMML-4_4" version="4.4"><Header/>'
        f'<DataDictionary numberOfFields="{len(features) + 1}">{fields}{target}</DataDictionary>'
        f'<RegressionModel functionName="{function}" normalizationMethod="{NORMALIZATIONS[link]}">'
        f'<MiningSchema>{mining}<MiningField name="target" usageType="target"/></MiningSchema>{named}'
        "</RegressionModel></PMML>\n"
    ).encode()


def _table(features: Sequence[str], intercept: float, weights: Sequence[float]) -> str:
    predictors = "".join(
        f'<NumericPredictor name={quoteattr(name)} coefficient="{float(weight)!r}"/>'
        for name, weight in zip(features, weights)
    )
    return f'<RegressionTable intercept="{float(intercept)!r}"{{category}}>{predictors}</RegressionTable>'
