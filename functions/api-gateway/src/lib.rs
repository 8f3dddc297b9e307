//! HTTP requests to answers.
