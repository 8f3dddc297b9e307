//! Fetch jobs against a real PostgreSQL and scripted hosts.

#[cfg(test)]
mod deadline;
#[cfg(all(test, feature = "lambda"))]
mod events;
#[cfg(test)]
mod jobs;
#[cfg(test)]
mod proofs;
#[cfg(test)]
mod seeds;
#[cfg(test)]
mod world;
