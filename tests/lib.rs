//! Tests of the whole, in a package of their own that is built without optimisation: `journeys` goes through Borg
//! as its users do, `api` asks each route, `store` a real PostgreSQL, and the others run a function: `scoring`
//! graph-score, `fetch` platform-fetch, `metering` billing-meter, `operate` operate.
