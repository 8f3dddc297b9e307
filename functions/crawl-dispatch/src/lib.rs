//! A tick to fetch jobs, within every host's budget.
