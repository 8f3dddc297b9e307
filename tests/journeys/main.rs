//! Journeys through the whole of Borg, a file each.
