"""Multiple imputation of repeated continuous outcomes, vectorised over imputations."""
