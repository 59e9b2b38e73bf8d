/** Mutants that no test can catch, because nothing is different with them; each with the reason. */
export const equivalent: Readonly<Record<string, string>> = {
  "shard.doubtful node.parted #2 → shard.unknown: leads to shard.changing":
    "whoever has gone is no former owner either, and from there it is unknown as well",
  "shard.gathering owner.unknown #7 → shard.unknown: leads to shard.changing":
    "whoever gathers has no former owner, and from there it is unknown as well",
  "shard.releasing owner.unknown #1 → shard.unknown: leads to shard.changing":
    "whoever gives away has no former owner, and from there it is unknown as well"
}
