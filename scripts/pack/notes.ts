/** The part of a changelog that is about one version, without its heading. Throws where there is none, or nothing in it. */
export const notesOf = (changelog: string, version: string): string => {
  const [, ...parts] = changelog.split(/^## /m)
  const part = parts.find((each) => each.split(/[\s\]]/, 1)[0]?.replace(/^\[/, "") === version)
  const notes = part?.slice(part.indexOf("\n")).trim()
  if (!notes)
    throw new Error(`CHANGELOG.md has nothing under "## ${version}": what is there under Unreleased goes below it`)
  return notes
}
