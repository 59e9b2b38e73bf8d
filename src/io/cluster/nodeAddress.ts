/** Addresses of nodes: `host:port`, an IPv6 address in brackets. The channel is on the port behind that. */

/** Another node. `mark`: what all ids of its clients begin with; empty for one that was never met. */
export interface PeerNode {
  readonly address: string
  readonly mark: string
}

export interface HostAndPort {
  /** Without brackets. */
  readonly host: string
  readonly port: number
}

/** Undefined: it is no address. The next port must be one, too. */
export const readNodeAddress = (address: string): HostAndPort | undefined => {
  const [, inBrackets, name, digits] =
    /^(?:\[([0-9A-Fa-f:.%\w-]{2,80})\]|([\w.-]{1,253})):(\d{1,5})$/.exec(address) ?? []
  const host = inBrackets ?? name
  const port = Number(digits)
  return host === undefined || port < 1 || port > 65_534 ? undefined : { host, port }
}

export const writeNodeAddress = ({ host, port }: HostAndPort): string =>
  `${host.includes(":") ? `[${host}]` : host}:${port}`

/** Where the channel of a node is. Throws on what is no address. */
export const channelAddress = (address: string): HostAndPort => {
  const read = readNodeAddress(address)
  if (read === undefined) throw new Error(`${address} is no address of a node: expected host:port, or [IPv6]:port`)
  return { host: read.host, port: read.port + 1 }
}

export const channelUrl = (address: string): string => `ws://${writeNodeAddress(channelAddress(address))}`
