//! A score job to a sealed, served run, stage by stage.
