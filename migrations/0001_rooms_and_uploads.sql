-- Up Migration

-- Also run on databases that DropSilk has made and filled: whatever is there stays as it is, only what is missing is
-- added. Columns without a default (ids, names, expiry) are part of every version of these tables.

create table if not exists rooms (
  room_code text primary key,
  host_participant_id text not null,
  host_name text not null,
  guest_participant_id text,
  guest_name text,
  expires_at timestamptz not null
);

alter table rooms
  add column if not exists guest_participant_id text,
  add column if not exists guest_name text,
  add column if not exists host_screen_share_active boolean not null default false,
  add column if not exists guest_screen_share_active boolean not null default false,
  add column if not exists host_ready boolean not null default false,
  add column if not exists guest_ready boolean not null default false,
  add column if not exists host_chat_active boolean not null default false,
  add column if not exists guest_chat_active boolean not null default false,
  add column if not exists host_file_count integer not null default 0,
  add column if not exists guest_file_count integer not null default 0,
  add column if not exists host_total_bytes bigint not null default 0,
  add column if not exists guest_total_bytes bigint not null default 0,
  add column if not exists created_at timestamptz not null default now(),
  add column if not exists updated_at timestamptz not null default now();

create index if not exists rooms_expires_at_idx on rooms (expires_at);

create table if not exists uploaded_files (
  id serial primary key,
  file_key text not null unique,
  file_url text not null,
  file_name text not null
);

alter table uploaded_files
  add column if not exists uploaded_at timestamptz not null default now();
