//! A fetch job to observations in the record.
