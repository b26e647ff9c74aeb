"""Mixed model for repeated measures: own code, because no kept Python package fits one."""
