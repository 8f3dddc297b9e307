//! Journeys through the whole of Borg; everything is in the test binary `journeys`.
