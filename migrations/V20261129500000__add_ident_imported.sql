-- Whether a bulk file of the operator named it: such a profile is listed although nobody has read it, on
-- platforms that list only those who said yes too. Noted on those alone, and never taken back.
alter table ident add column imported boolean not null default false;
