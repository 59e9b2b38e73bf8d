/**
 * Where everything is that is read and not imported, and by which words this server is started. In a clone this file is in
 * `src/`, in the package it has been compiled into a file of `lib/`: one below the root in both, and there is all else.
 */
const root = new URL("../", import.meta.url)

/** Whether this is the published package, of compiled files and fewer scripts. */
const isPackage = new URL(".", import.meta.url).pathname.endsWith("/lib/")

export const places = {
  manifest: new URL("package.json", root),
  migrations: new URL("migrations", root),
  /** The drawn statecharts. */
  charts: new URL("docs/statecharts/", root),
  /** What all pages look like. */
  look: new URL("src/http/look.css", root),
  /** The program that makes an embedded database. */
  databaseMaker: new URL("src/io/database/embedded/makeEmbeddedDatabase.js", root)
}

/** The files of a page; `folder`: that of what serves it, below src/http. */
export const pageOf = (folder: string): URL => new URL(`src/http/${folder}/page/`, root)

/** The client as pages load it: its sources, whose types this program takes out, or, in the package, one file without types. */
export const clientPlaces = {
  folder: new URL(isPackage ? "client/" : "src/client/", root),
  typeStripper: new URL("src/http/stripTypes.js", root)
}

/** What is typed to have something done. Flags come behind `start`; `reset` completes "begin anew …". */
export const commands = isPackage
  ? {
      start: "silktower",
      migrate: "silktower migrate",
      mediaEngine: "npm install mediasoup",
      reset: "by removing the folder"
    }
  : {
      start: "npm start --",
      migrate: "npm run migrate",
      mediaEngine: "npm run media-engine",
      reset: "with: npm run db:reset"
    }
