-- Up Migration

-- Who has left a room and may come back, and when each participant was last heard of. A room that nobody is in has an
-- empty host_participant_id until it ends. Servers that do not know these columns leave them alone.

alter table rooms
  add column if not exists departed jsonb not null default '[]',
  add column if not exists last_words jsonb not null default '[]';
