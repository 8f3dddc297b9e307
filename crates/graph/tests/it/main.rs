//! Tests of the scoring library through its public functions.

mod attention;
mod communities;
mod csr;
mod datasets;
mod eval;
mod evidence;
mod generate;
mod people;
mod rank;
mod trust;
mod worlds;
