-- Profiles of the fediverse were listed unless they said no; now, only once they said yes. What those said
-- who were crawled before is not stored: they are unlisted (bit 2 of consent) until they are read again.
-- The hash is that of no page, so that the next one is stored whatever it says.
update profile p set consent = p.consent | 2, content_hash = 0
where p.profile_id >= 3::bigint << 45 and p.profile_id < 4::bigint << 45
  and p.gone = 0 and p.consent & 2 = 0
  and exists (select from frontier f where f.profile_id = p.profile_id);
