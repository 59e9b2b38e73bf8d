-- Up Migration

-- The SFU on several servers that are one: which node has the conference of a room. `room`: a digest of its id.

create table if not exists sfu_places (
  room text primary key,
  node text not null
);
