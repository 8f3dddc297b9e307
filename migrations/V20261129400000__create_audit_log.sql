-- What operators did. Never a name, a handle or a native id: those who opted out are not kept here.
create table audit_log (
  audit_id bigint generated always as identity primary key,
  at_ms bigint not null,
  actor text not null,             -- local:<user id>, or aws:<request id of the invocation>
  action text not null,            -- operate::Order, as it is written
  subject text                     -- a public id; null: of the whole installation
);
