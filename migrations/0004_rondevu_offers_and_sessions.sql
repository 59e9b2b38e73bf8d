-- Up Migration

-- Topic offers. `arrival` tells those of one millisecond apart; `bytes` is what an offer, its answer and its candidates
-- take; every change raises `revision`.

create table if not exists rondevu_offers (
  id text primary key,
  arrival bigserial not null,
  peer_id text not null,
  sdp text not null,
  topics text[] not null,
  secret text,
  info text,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  answerer_peer_id text,
  answer_sdp text,
  answered_at timestamptz,
  bytes integer not null default 0,
  revision bigint not null default 0
);

create index if not exists rondevu_offers_peer_idx on rondevu_offers (peer_id, created_at desc, arrival desc);
create index if not exists rondevu_offers_expires_at_idx on rondevu_offers (expires_at) include (bytes);

-- The offers of a topic, the newest first, without their texts.
create table if not exists rondevu_topics (
  topic text not null,
  offer_id text not null references rondevu_offers on delete cascade,
  peer_id text not null,
  created_at timestamptz not null,
  arrival bigint not null,
  expires_at timestamptz not null,
  primary key (offer_id, topic)
);

create index if not exists rondevu_topics_newest_idx
  on rondevu_topics (topic, created_at desc, arrival desc) include (offer_id, peer_id, expires_at);
create index if not exists rondevu_topics_living_idx on rondevu_topics (topic, expires_at) include (peer_id);

-- As JSON text, not jsonb: that would refuse U+0000 and change the order of keys.
create table if not exists rondevu_candidates (
  offer_id text not null references rondevu_offers on delete cascade,
  created_at bigint not null,
  role text not null,
  peer_id text not null,
  candidate text not null,
  primary key (offer_id, created_at)
);

-- The older sessions, each in the bucket of its page's origin.
create table if not exists rondevu_sessions (
  bucket text not null,
  code text not null,
  arrival bigserial not null,
  topic text not null,
  label text not null,
  offer text not null,
  answer text,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  revision bigint not null default 0,
  primary key (bucket, code)
);

-- A digest, as a bucket and a topic together may be longer than an index takes.
create index if not exists rondevu_sessions_topic_idx
  on rondevu_sessions (md5(bucket), md5(topic), created_at desc, arrival desc);
create index if not exists rondevu_sessions_expires_at_idx on rondevu_sessions (expires_at);
-- How many a bucket has is counted for every new one.
create index if not exists rondevu_sessions_bucket_idx on rondevu_sessions (bucket, expires_at);

create table if not exists rondevu_session_candidates (
  bucket text not null,
  code text not null,
  side text not null,
  position bigserial not null,
  candidate text not null,
  primary key (bucket, code, position),
  foreign key (bucket, code) references rondevu_sessions on delete cascade
);

-- Keys that the server has made for itself, by their names.
create table if not exists server_secrets (
  name text primary key,
  value text not null,
  created_at timestamptz not null default now()
);
