/** How nodes are named: `host:port`, as other nodes reach them; an IPv6 address is in brackets, as in a URL. */

export interface NodeAddress {
  /** A name or an address, without brackets. */
  readonly host: string
  /** 1 to 65535. */
  readonly port: number
}

/** Reads `10.0.0.5:7946`, `[fd00::5]:7946` or `silktower-0.silktower:7946`; undefined where it is none of these. */
export const readNodeAddress = (text: string): NodeAddress | undefined => {
  const [, bracketed, plain, digits] = /^(?:\[([\da-f:.]+)\]|([^\s:/?#@[\]]+)):(\d{1,5})$/i.exec(text) ?? []
  const host = bracketed ?? plain
  const port = Number(digits)
  return host === undefined || port < 1 || port > 65_535 ? undefined : { host, port }
}

export const writeNodeAddress = ({ host, port }: NodeAddress): string =>
  `${host.includes(":") ? `[${host}]` : host}:${port}`
