/**
 * What one server keeps by itself, whoever it is one with: what an address may do, how much there may be, what it counts,
 * the page on which it shows what it has, timed work that is asked of it, and a mount that the others do not have. Played with
 * one server, and left out where the same file is played by several.
 */
import { describe, it } from "vitest"
import { describeOnPostgres } from "./databases.ts"
import { isOfSeveral } from "./server.ts"

const leftOut = () => {}

export const itOfOneServer: typeof it = isOfSeveral ? (leftOut as unknown as typeof it) : it
export const describeOfOneServer: typeof describe = isOfSeveral ? (leftOut as unknown as typeof describe) : describe
export const describeOfOneOnPostgres: typeof describeOnPostgres = isOfSeveral ? leftOut : describeOnPostgres
