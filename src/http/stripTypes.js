/**
 * A thread that takes the types out of TypeScript, and ends: what strips them holds 17 MB for as long as its thread lives, and
 * tells the terminal of the first time that it is used. It gets texts by name and says the same names with JavaScript.
 */
import { stripTypeScriptTypes } from "node:module"
import { parentPort, workerData } from "node:worker_threads"

parentPort?.postMessage(workerData.map(([name, text]) => [name, stripTypeScriptTypes(text)]))
