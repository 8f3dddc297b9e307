-- The profiles that opted out with us, which an import of lists looks for: few, or none.
create index profile_opted_out on profile (profile_id) where gone = 4;
