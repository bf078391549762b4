"""What a figure that is null means, see the schemas in docs/."""

BOTH_SIGNS = "contributions of both signs meet, so that there are no shares of the total"
ZERO = "the total is 0, so that there are no shares of it"


def shares(total: float) -> str:
    """Why shares of this total are missing."""
    return BOTH_SIGNS if total else ZERO


MEAN = "negative coefficients cancel the output of the chain, so that there is no mean over it"
DEPENDENTS = "their total is 0, contributions of both signs meet in it, or the indicator has values below 0"
