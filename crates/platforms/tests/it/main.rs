//! The engine against the sample web, recordings, and hostile servers.

#[cfg(test)]
mod claims;
#[cfg(test)]
mod client;
#[cfg(test)]
mod crawler;
#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod manifests;
#[cfg(test)]
mod names;
#[cfg(test)]
mod new_layers;
#[cfg(test)]
mod paging;
#[cfg(test)]
mod profiles;
#[cfg(test)]
mod recordings;
#[cfg(test)]
mod resolve;
#[cfg(test)]
mod sample_web;
#[cfg(test)]
mod script;
#[cfg(test)]
mod web_suite;
