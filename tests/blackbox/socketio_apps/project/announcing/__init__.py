"""Ways in which the code of a project emits."""
