/** The package.json of the package, of that of the clone: without what only a clone needs. */
interface Manifest {
  readonly name: string
  readonly version: string
  readonly description: string
  readonly license: string
  readonly dependencies: Readonly<Record<string, string>>
  readonly peerDependencies: Readonly<Record<string, string>>
  readonly [field: string]: unknown
}

/** `packages`: what has not been compiled into it. */
export const publishedManifest = (clone: Manifest, packages: readonly string[]): Record<string, unknown> => {
  const {
    name,
    version,
    description,
    license,
    keywords,
    repository = repositoryOf(process.env),
    homepage,
    bugs
  } = clone
  const dependencies = Object.entries(clone.dependencies).filter(([each]) => packages.includes(each))
  return {
    name,
    version,
    description,
    ...{ keywords, license, repository, homepage, bugs },
    type: "module",
    bin: { silktower: "lib/main.js" },
    exports: {
      ".": { types: "./lib/startServer.d.ts", default: "./lib/startServer.js" },
      "./client": { types: "./client/index.d.ts", default: "./client/index.js" },
      "./package.json": "./package.json"
    },
    sideEffects: ["./lib/*.js"],
    // Before that, Node reads no environment files.
    engines: { node: ">=20.12" },
    dependencies: Object.fromEntries(dependencies),
    // Each is for one thing, and the server says so where it is missing.
    peerDependencies: clone.peerDependencies,
    peerDependenciesMeta: Object.fromEntries(
      Object.keys(clone.peerDependencies).map((each) => [each, { optional: true }])
    )
  }
}

/** Where GitHub packs it, that repository: npm publishes with provenance only what names the one that it comes from. */
const repositoryOf = ({ GITHUB_SERVER_URL, GITHUB_REPOSITORY }: NodeJS.ProcessEnv) =>
  GITHUB_REPOSITORY === undefined
    ? undefined
    : { type: "git", url: `git+${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}.git` }
