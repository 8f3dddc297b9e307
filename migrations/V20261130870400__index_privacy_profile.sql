-- An erasure finds the requests that name its profile.
create index privacy_of_profile on privacy_request (profile_id) where profile_id is not null;
