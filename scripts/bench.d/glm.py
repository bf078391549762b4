"""Linear models of scikit-learn as glm/1 documents."""

import json
from collections.abc import Sequence


def document(
    name: str,
    link: str,
    features: Sequence[str],
    intercepts: Sequence[float],
    coefficients: Sequence[Sequence[float]],
    means: Sequence[float] | None = None,
    scales: Sequence[float] | None = None,
    labels: Sequence[str] = ("y",),
) -> bytes:
    """`intercepts` and `coefficients` have one entry for each output, `means` and `scales` one for each feature. With
    them a feature x is used as (x - mean) / scale, like in a StandardScaler.
    """
    described = [{"name": feature} for feature in features]
    if means is not None and scales is not None:
        for feature, mean, scale in zip(described, means, scales, strict=True):
            feature |= {"mean": float(mean), "scale": float(scale)}
    outputs = [
        {"label": label, "intercept": float(intercept), "coef": [float(weight) for weight in weights]}
        for label, intercept, weights in zip(labels, intercepts, coefficients, strict=True)
    ]
    return json.dumps(
        {"format": "glm/1", "name": name, "link": link, "features": described, "outputs": outputs}
    ).encode()
