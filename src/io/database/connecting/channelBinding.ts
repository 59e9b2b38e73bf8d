import type pg from "pg"

const boundMechanism = "SCRAM-SHA-256-PLUS"

/**
 * Lets a client, made with `enableChannelBinding`, log in only where the login is bound to the encrypted channel, so that
 * nobody between can pass it on (RFC 5929, tls-server-end-point). Given up before the password, or anything made of it, is
 * sent. pg itself takes the binding where it is offered, and goes without where it is not.
 */
export const demandChannelBinding = (client: pg.Client): void => {
  const { connection } = client as unknown as { readonly connection: pg.Connection }
  let isBound = false
  const giveUp = () => {
    // Said at once: the rest of the login may have come with what is being read.
    connection.emit("error", new Error("the server offers no channel binding, which channel_binding=require demands"))
    connection.stream.destroy()
  }
  // Before pg's own listeners, which answer.
  connection.prependListener("authenticationSASL", ({ mechanisms }: { readonly mechanisms: readonly string[] }) => {
    isBound = mechanisms.includes(boundMechanism)
    if (!isBound) giveUp()
  })
  for (const unbound of ["authenticationCleartextPassword", "authenticationMD5Password"])
    connection.prependListener(unbound, giveUp)
  connection.prependListener("authenticationOk", () => {
    if (!isBound) giveUp()
  })
}
