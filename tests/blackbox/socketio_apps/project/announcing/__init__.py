"""The ways in which the code of a project can emit."""
