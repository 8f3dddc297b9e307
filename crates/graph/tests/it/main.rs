//! Tests of the scoring library through its public functions.

#[cfg(test)]
mod attacks;
#[cfg(test)]
mod attention;
#[cfg(test)]
mod communities;
#[cfg(test)]
mod csr;
#[cfg(test)]
mod datasets;
#[cfg(test)]
mod eval;
#[cfg(test)]
mod evidence;
#[cfg(test)]
mod generate;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod intervals;
#[cfg(test)]
mod layout;
#[cfg(test)]
mod map_world;
#[cfg(test)]
mod nearby;
#[cfg(test)]
mod nearness;
#[cfg(test)]
mod oracles;
#[cfg(test)]
mod people;
#[cfg(test)]
mod rank;
#[cfg(test)]
mod trust;
#[cfg(test)]
mod worked_example;
#[cfg(test)]
mod worlds;
