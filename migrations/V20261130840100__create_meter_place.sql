-- Where the meter's work on all payers was cut, to be continued there by the next invocation: no row, from the
-- beginning.
create table meter_place (
  work text primary key,           -- store::pg::meter_place::PlacedWork
  place text not null,             -- in the work's own terms
  written_ms bigint not null
);
