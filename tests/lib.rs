//! Tests of the whole: `journeys` through Borg as its users go, `api` on what each route answers.
