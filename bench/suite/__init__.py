"""The rows of `scripts/bench`: what is measured, their results, and the report in docs/."""
