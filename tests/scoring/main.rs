//! Runs on a real PostgreSQL and a folder: undisturbed, killed, short of time, and one after another.

#[cfg(test)]
mod around;
#[cfg(test)]
mod changes;
#[cfg(test)]
mod compat;
#[cfg(test)]
mod history;
#[cfg(test)]
mod killed;
#[cfg(test)]
mod lineage;
#[cfg(test)]
mod map;
#[cfg(test)]
mod person_rows;
#[cfg(test)]
mod tables;
#[cfg(test)]
mod time;
#[cfg(test)]
mod topics;
#[cfg(test)]
mod versions;
#[cfg(test)]
mod world;
