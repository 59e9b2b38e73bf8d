import { BenchSocket } from "../benchSocket.ts"
import type { Figure } from "../rounds.ts"
import type { Setting } from "../setting.ts"

const clients = 1_000
/** As of one private network. */
const addressOf = (index: number): string => `10.0.0.${1 + (index % 254)}`
/** Bytes of a client in a list: `{"id":"podw9mesa2","name":"SilentJaguar0458"}` and a comma. */
const entryBytes = 47
const listsASecond = 4
/** What all together are to be sent at most, as a crowd that is complete is (crowd.ts). */
const megabytesASecond = 1

/** Clients of one network arrive at an even rate and give themselves names; what all of them are sent is counted. */
export const network = async ({ size, start }: Setting): Promise<readonly Figure[]> => {
  const seconds = size.arrivalSeconds
  const silktower = await start("silktower")
  try {
    const sockets: BenchSocket[] = []
    const started = performance.now()
    for (let index = 0; index < clients; index++) {
      const due = started + (index / clients) * seconds * 1000
      const early = due - performance.now()
      if (early > 0) await new Promise((resolve) => setTimeout(resolve, early))
      const socket = await BenchSocket.open(silktower.port, addressOf(index))
      socket.send(JSON.stringify({ type: "register-details", name: `SilentJaguar${String(index).padStart(4, "0")}` }))
      sockets.push(socket)
    }
    await new Promise((resolve) => setTimeout(resolve, started + seconds * 1000 - performance.now()))
    const total = (of: (socket: BenchSocket) => number) => sockets.reduce((sum, socket) => sum + of(socket), 0)
    const megabytes = total(({ bytes }) => bytes) / 1e6
    // Reckoned, not run: everybody there is sent everybody else, four times a second.
    const reference =
      Array.from({ length: seconds * listsASecond }, (_, list) => (clients * (list + 1)) / (seconds * listsASecond))
        .map((there) => there * there * entryBytes)
        .reduce((sum, bytes) => sum + bytes, 0) / 1e6
    const value = (name: string, unit: string, silktower: number, rest: Partial<Figure> = {}): Figure => ({
      name,
      unit,
      silktower,
      compared: "value",
      outcome: silktower,
      ...rest
    })
    return [
      value(
        `${clients.toLocaleString("en")} arrivals on one network in ${seconds} s, sent to all of them`,
        "MB",
        megabytes,
        { reference, aim: seconds * megabytesASecond }
      ),
      value("the same: frames sent for an arrival", "frames", total(({ frames }) => frames) / clients),
      value("the same: bytes sent for an arrival", "KB", (megabytes * 1000) / clients)
    ]
  } finally {
    await silktower.stop()
  }
}
