// npm run release-notes -- --tag=v0.1.0: prints what CHANGELOG.md says of a version, for its release.
import { readFileSync } from "node:fs"
import { commandLineOf, valueFlag } from "../src/config/commandLine.ts"
import { version } from "../src/version.ts"
import { runScript } from "./databaseSettings.ts"
import { notesOf } from "./pack/notes.ts"

const { tag } = await commandLineOf({
  command: "npm run release-notes --",
  purpose:
    "Prints what CHANGELOG.md says of this version. Fails where it says nothing, and where the tag is not that of the version " +
    "in package.json: nothing is released by mistake then.",
  flags: {
    tag: valueFlag({
      placeholder: "TAG",
      description: "Tag of the release, such as v0.1.0. Default: that of the version in package.json",
      expected: "v and a version, such as v0.1.0",
      read: (text) => (/^v\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(text) ? text : undefined)
    })
  }
})

await runScript(async () => {
  if (tag !== undefined && tag !== `v${version}`) throw new Error(`The tag is ${tag}, and package.json says ${version}`)
  console.log(notesOf(readFileSync(new URL("../CHANGELOG.md", import.meta.url), "utf8"), version))
})
