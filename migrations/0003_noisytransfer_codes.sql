-- Up Migration

-- Rendezvous codes: each is for one room, and can be redeemed once before it expires. A redeemed one is nobody else's until
-- it would have expired; one that has expired may be minted anew.

create table if not exists noisytransfer_codes (
  code text primary key,
  app_id uuid not null,
  minted_at timestamptz not null,
  expires_at timestamptz not null,
  redeemed_at timestamptz
);

create index if not exists noisytransfer_codes_expires_at_idx on noisytransfer_codes (expires_at);

-- How many are live decides how long a new one is.
create index if not exists noisytransfer_codes_live_idx on noisytransfer_codes (expires_at) where redeemed_at is null;
