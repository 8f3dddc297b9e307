-- What people demand of what is held about an account.
create table privacy_request (
  request_id bigint primary key,   -- random
  kind smallint not null,          -- model::PrivacyRequestKind
  platform_id smallint not null,
  account text collate "C",        -- the handle or native id, as it was given; null once the account is erased
  about text,                      -- what an objection or a correction is about
  secret_mac bytea not null,       -- HMAC-SHA256 of the secret that reads the outcome
  code text collate "C" not null,  -- what the account shows to prove it
  created_ms bigint not null,
  checks smallint not null default 0,
  checked_ms bigint,
  job_number int not null default 0, -- of the last job that looks for the code; raised, too, when one could not look
  next_check_ms bigint,            -- when the code is looked for next; null if it is not
  proven_ms bigint,
  profile_id bigint,               -- the profile that it was proven of, if it is stored
  ended_ms bigint,
  outcome smallint,                -- 1 done, 2 refused; null until it ended
  answer text,                     -- what the operator says
  data_until_ms bigint             -- until when what is held can be read
) with (fillfactor = 80);
