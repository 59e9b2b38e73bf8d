-- Up Migration

-- Several servers as one: who is there, and where locks by rows are used, who has which. Written out from what Effect
-- Cluster would make by itself (effect 4.1.0, SqlRunnerStorage.layerMigrations with the prefix silktower), so that servers
-- need no right to make tables; a test compares the two.

create table if not exists silktower_runners (
  machine_id serial primary key,
  address varchar(255) not null,
  runner text not null,
  healthy boolean not null default true,
  last_heartbeat timestamp not null default now(),
  unique (address)
);

create table if not exists silktower_locks (
  shard_id varchar(50) primary key,
  address varchar(255) not null,
  acquired_at timestamp not null
);
