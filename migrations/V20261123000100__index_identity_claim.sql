-- Who else claims a page: asked for the links of one person.
create index identity_claim_website on identity_claim (target) where kind = 2;
